//! Strings, instruction pointers, modules, and the tree of traces.

use std::sync::Arc;

use pyrometer_tables::schema::{Frame, Function};

use super::Wanted;
use super::fields::Fields;
use crate::read::Builder;

/// Functions that stand between an allocation and the code that wanted it.
const NEW: [&[u8]; 4] = [
    b"operator new(unsigned long)",
    b"operator new[](unsigned long)",
    b"operator new(unsigned int)",
    b"operator new[](unsigned int)",
];

/// An instruction pointer of an interpreted file: numbers of strings, 0 for none.
#[derive(Clone, Debug, Default)]
struct Instruction {
    module: usize,
    /// Function, file and line, the innermost first.
    functions: Vec<(usize, usize, u64)>,
}

/// An object of a raw file.
#[derive(Clone, Debug)]
struct Module {
    path: Vec<u8>,
    bias: u64,
    /// First address and length of each segment, as the object numbers them.
    segments: Vec<(u64, u64)>,
}

/// A node of the tree of traces; its parent came before. There are millions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    /// The number of an instruction, of a raw file a row in our frames.
    pub(super) place: u32,
    /// The number of a trace from 1; 0 is the root.
    pub(super) parent: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Places {
    strings: Vec<Vec<u8>>,
    instructions: Vec<Instruction>,
    executable: Option<Vec<u8>>,
    modules: Vec<Module>,
    traces: Vec<Trace>,
}

impl Places {
    /// Whether modules are listed, and addresses stand for instructions.
    pub(super) fn is_raw(&self) -> bool {
        self.executable.is_some()
    }

    /// Traces from 0, which is the root, to one less.
    pub(super) fn traces(&self) -> usize {
        self.traces.len() + 1
    }

    /// Those traces, without the root.
    pub(super) fn all_traces(&self) -> &[Trace] {
        &self.traces
    }

    /// For each place of traces its frames, rows in those of the builder, from the outermost.
    pub(super) fn frames_by_place(&self, builder: &mut Builder) -> Vec<Box<[i32]>> {
        if self.is_raw() {
            return (0..builder.tables().frames.len() as i32).map(|frame| Box::from([frame])).collect();
        }
        self.instructions.iter().map(|instruction| self.frames(instruction, builder).into()).collect()
    }

    pub(super) fn string(&mut self, fields: &mut Fields<'_>, sized: bool) -> Wanted {
        let string = if sized { fields.string(true) } else { Some(fields.rest()) };
        self.strings.push(string.ok_or("`s LENGTH STRING`")?.to_vec());
        Ok(())
    }

    pub(super) fn instruction(&mut self, fields: &mut Fields<'_>) -> Wanted {
        // The address is that of the process: nothing says where the module was.
        let (_, module) = fields.two().ok_or("`i ADDRESS MODULE …`")?;
        let mut found = Instruction { module: self.known(module)?, functions: Vec::new() };
        while !fields.is_empty() {
            let function = self.known(fields.number().ok_or("the number of a function")?)?;
            let place = if fields.is_empty() {
                (0, 0)
            } else {
                fields.two().ok_or("the number of a file, and a line")?
            };
            found.functions.push((function, self.known(place.0)?, place.1));
        }
        self.instructions.push(found);
        Ok(())
    }

    /// The number of a string, if there is one.
    fn known(&self, string: u64) -> Result<usize, &'static str> {
        let number = usize::try_from(string).ok().filter(|number| *number <= self.strings.len());
        number.ok_or("the number of a string that came before")
    }

    pub(super) fn executable(&mut self, fields: &mut Fields<'_>, sized: bool) -> Wanted {
        if self.is_raw() || !self.instructions.is_empty() {
            return Err("one executable, in a raw file");
        }
        let path = if sized { fields.string(true) } else { Some(fields.rest()) };
        self.executable = Some(path.ok_or("`x LENGTH PATH`")?.to_vec());
        Ok(())
    }

    pub(super) fn module(&mut self, fields: &mut Fields<'_>, sized: bool) -> Wanted {
        const EXPECTED: &str = "`m PATH BIAS {START LENGTH}`";
        let path = fields.string(sized).ok_or(EXPECTED)?;
        // A full list follows.
        if path == b"-" {
            self.modules.clear();
            return Ok(());
        }
        let executable = self.executable.clone().ok_or("an executable before the first module")?;
        let path = if path == b"x" { executable } else { path.to_vec() };
        let bias = fields.number().ok_or(EXPECTED)?;
        let mut segments = Vec::new();
        while !fields.is_empty() {
            segments.push(fields.two().ok_or(EXPECTED)?);
        }
        self.modules.push(Module { path, bias, segments });
        Ok(())
    }

    pub(super) fn trace(&mut self, fields: &mut Fields<'_>, builder: &mut Builder) -> Wanted {
        let (place, parent) = fields.two().ok_or("`t PLACE PARENT`")?;
        if !self.is_raw() {
            return self.add_trace(place, parent);
        }
        let parent = self.parent(parent)?;
        let place = self.raw_frame(place, builder) as u32;
        self.traces.push(Trace { place, parent });
        Ok(())
    }

    /// Adds a trace of an interpreted file.
    #[inline]
    pub(super) fn add_trace(&mut self, place: u64, parent: u64) -> Wanted {
        let parent = self.parent(parent)?;
        if !(1..=self.instructions.len() as u64).contains(&place) {
            return Err("the number of an instruction that came before");
        }
        self.traces.push(Trace { place: place as u32 - 1, parent });
        Ok(())
    }

    #[inline]
    fn parent(&self, parent: u64) -> Result<u32, &'static str> {
        let known = u32::try_from(parent).ok().filter(|parent| (*parent as usize) < self.traces());
        known.ok_or("the number of a trace that came before")
    }

    fn raw_frame(&self, address: u64, builder: &mut Builder) -> i32 {
        let within = |module: &&Module| {
            let own = address.wrapping_sub(module.bias);
            module.segments.iter().any(|(start, length)| own.wrapping_sub(*start) < *length)
        };
        let module = self.modules.iter().find(within);
        let binary = module.map(|module| builder.binary(&String::from_utf8_lossy(&module.path), None));
        let address = i64::try_from(address.wrapping_sub(module.map_or(0, |module| module.bias))).ok();
        let kind = if binary.is_some() { "native" } else { "unknown" };
        builder.frame(Frame { address, binary, kind: kind.into(), ..Frame::default() })
    }

    fn text(&self, number: usize) -> Option<&[u8]> {
        Some(&self.strings[number.checked_sub(1)?])
    }

    /// Frames of an instruction from the outermost; none of those that only pass an allocation on.
    fn frames(&self, instruction: &Instruction, builder: &mut Builder) -> Vec<i32> {
        let owned = |number| self.text(number).map(|text| String::from_utf8_lossy(text).into_owned());
        let binary = owned(instruction.module).map(|path| builder.binary(&path, None));
        let place = Frame { binary, kind: "native".into(), ..Frame::default() };
        let outermost = instruction.functions.len().saturating_sub(1);
        if instruction
            .functions
            .iter()
            .any(|(function, ..)| self.text(*function).is_some_and(|name| NEW.contains(&name)))
        {
            return Vec::new();
        }
        if instruction.functions.is_empty() || builder.is_full() {
            return vec![builder.frame(place)];
        }
        let inner = instruction.functions.iter().enumerate().rev();
        inner
            .map(|(at, (function, file, line))| {
                let file: Option<Arc<str>> = owned(*file).map(Into::into);
                let name = owned(*function).unwrap_or_default();
                let function = (!name.is_empty()).then(|| {
                    builder.function(Function { name, binary, file: file.clone(), ..Function::default() })
                });
                let line = i32::try_from(*line).ok().filter(|line| *line > 0);
                builder.frame(Frame { function, file, line, inlined: at < outermost, ..place.clone() })
            })
            .collect()
    }
}
