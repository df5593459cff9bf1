//! Where an address of a process leads: to which frame, and how to unwind from there.

use crate::binary::{Binaries, Binary};
use crate::cfi::Rule;
use crate::intern::{Interner, Place};
use crate::jit::Jit;
use crate::kernel;
use crate::machine::Machine;
use crate::process::{Content, Process};
use crate::registers::Registers;
use crate::unwind::{Code, Located};
use crate::world;

/// `/proc/PID/maps` of a process with unknown addresses is read again after this time, nanoseconds.
const MAPS_AGAIN: i64 = 200_000_000;

/// One process, with all that is shared by processes.
pub(crate) struct Space<'a> {
    pub(crate) process: &'a mut Process,
    pub(crate) binaries: &'a mut Binaries,
    pub(crate) interner: &'a mut Interner,
    pub(crate) jit: &'a mut Jit,
    pub(crate) machine: &'a dyn Machine,
}

impl Space<'_> {
    /// The frame of a user or kernel address that is a sample's own, not a caller's.
    pub(crate) fn address(&mut self, address: u64, in_kernel: bool) -> u32 {
        if in_kernel || kernel::is_kernel(address) { self.kernel(address) } else { self.frame(address) }
    }

    /// The frame of a kernel address.
    pub(crate) fn kernel(&mut self, address: u64) -> u32 {
        let binary = self.binaries.kernel(|| self.machine.kernel());
        self.interner.kernel_frame(binary, address)
    }

    /// The frame of an address in user space; for a caller, the address is inside its call.
    pub(crate) fn frame(&mut self, address: u64) -> u32 {
        if let Some(frame) = self.process.known.frames.get(&address) {
            return *frame;
        }
        let frame = self.find(address).frame;
        self.process.known.frames.insert(address, frame);
        frame
    }

    /// What is at an address. How to unwind code of a binary is not looked up.
    fn find(&mut self, address: u64) -> Located {
        if self.process.mapping(address).is_none() {
            self.read_maps();
        }
        match self.process.mapping(address).map(|mapping| mapping.content) {
            Some(Content::Binary { binary, bias }) => self.in_binary(address, binary, bias),
            Some(Content::Absent { binary }) => self.in_absent(address, binary),
            Some(Content::Generated) => self.in_generated(address),
            None => Located {
                frame: self.interner.frame(Place::Unmapped { process: self.process.row, address }),
                rule: Rule::FramePointer,
                mapped: false,
                code: None,
            },
        }
    }

    fn in_binary(&mut self, address: u64, binary: u32, bias: u64) -> Located {
        let own = address.wrapping_sub(bias);
        let frame = self.interner.frame(Place::Code { binary, address: own });
        Located { frame, rule: Rule::FramePointer, mapped: true, code: Some((binary, bias)) }
    }

    fn in_absent(&mut self, address: u64, binary: u32) -> Located {
        let frame = self.interner.frame(Place::Absent { binary, process: self.process.row, address });
        Located { frame, rule: Rule::FramePointer, mapped: true, code: None }
    }

    fn in_generated(&mut self, address: u64) -> Located {
        let binaries = &mut *self.binaries;
        let binary = *self.process.generated.get_or_insert_with(|| {
            binaries.push(Binary::unreadable("[jit]", "code that the program generated at run time".into()))
                as u32
        });
        self.jit.seen(self.process.pid, binary, self.machine);
        let entry = self.jit.entry(self.process.pid, address);
        let frame = self.interner.frame(Place::Jit { binary, address, entry });
        Located { frame, rule: Rule::FramePointer, mapped: true, code: None }
    }

    /// Asks the process itself what it has mapped, unless it was asked a moment ago.
    pub(crate) fn read_maps(&mut self) {
        let now = self.machine.now();
        if self.process.described.end.is_some() || now.saturating_sub(self.process.maps_read) < MAPS_AGAIN {
            return;
        }
        self.process.maps_read = now;
        for line in self.machine.maps(self.process.pid).iter().filter(|line| line.executable) {
            if let Some(mapping) =
                world::mapping(self.binaries, self.machine, self.process.pid, line, now, None)
            {
                self.process.map(mapping);
            }
        }
    }
}

impl Code for Space<'_> {
    fn locate(&mut self, address: u64) -> Located {
        if let Some(located) = self.process.known.located.get(&address) {
            return *located;
        }
        let mut located = self.find(address);
        if let Some((binary, bias)) = located.code {
            located.rule = self.binaries.list[binary as usize].rule(address.wrapping_sub(bias));
        }
        self.process.known.located.insert(address, located);
        located
    }

    fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        located: &Located,
        address: u64,
        registers: &mut Registers,
        read_stack: &mut F,
    ) -> Option<u64> {
        let (binary, bias) = located.code?;
        self.binaries.list[binary as usize].evaluate(address.wrapping_sub(bias), registers, read_stack)
    }
}
