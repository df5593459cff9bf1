//! Any bytes as the unwind sections of a well-formed object, and as the instructions of one
//! description: rules are built and followed over a stack, and the walk ends.
#![no_main]

mod cut;
#[path = "../../crates/symbols/tests/suite/common/elf.rs"]
mod elf;
mod walk;

use elf::Section;
use libfuzzer_sys::fuzz_target;

const CODE: u64 = 0x1000;
const CODE_LENGTH: usize = 0x400;
const FRAMES: u64 = 0x4000;
const HEADER: u64 = 0x8000;

fuzz_target!(|bytes: &[u8]| {
    let [registers, stack, header, frames] = cut::cut(bytes);
    let described = description(frames);
    let objects = [
        vec![Section::data(".eh_frame", FRAMES, frames)],
        vec![Section::data(".eh_frame", FRAMES, frames), Section::data(".eh_frame_hdr", HEADER, header)],
        vec![Section::debug(".debug_frame", frames)],
        vec![Section::data(".eh_frame", FRAMES, &described)],
    ];
    let code = [0x90; CODE_LENGTH];
    for mut sections in objects {
        sections.push(Section::code(".text", CODE, &code));
        let object = elf::file(&sections);
        for ip in [CODE, CODE + 0x10, CODE + 0x123] {
            let rest = registers.get(8..).unwrap_or_default();
            walk::walk(&[&ip.to_le_bytes()[..], rest].concat(), stack, &object);
        }
        walk::walk(registers, stack, &object);
    }
});

/// A CIE (CFA rsp+8, return address at CFA-8) and a description of all the code with `instructions`.
fn description(instructions: &[u8]) -> Vec<u8> {
    let cie = [0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x00, 0x0c, 7, 8, 0x90, 1, 0, 0];
    let mut description = (cie.len() as u32 + 8).to_le_bytes().to_vec();
    description.extend([CODE, CODE_LENGTH as u64].map(u64::to_le_bytes).concat());
    description.push(0);
    description.extend(instructions);
    let lengths = [cie.len(), description.len()].map(|length| (length as u32).to_le_bytes());
    [&lengths[0][..], &cie, &lengths[1], &description, &[0; 4]].concat()
}
