//! The lines of `inferno-collapse-perf` are ours to the last byte, on any text that perf prints.

#![allow(clippy::unwrap_used)]

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options as Collapsing};
use proptest::prelude::*;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_tables::select::Selection;

fn theirs(text: &str) -> String {
    let mut options = Collapsing::default();
    options.nthreads = 1;
    let mut out = Vec::new();
    Folder::from(options).collapse(text.as_bytes(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn ours(text: &str) -> (String, Vec<String>) {
    let options = Options { format: by_name("perf-script"), lenient: false };
    let profile = read_bytes("file".as_ref(), text.as_bytes(), &options).unwrap();
    let mut out = Vec::new();
    let left_out = pyrometer_formats::inferno::write(&profile, &Selection::default(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), left_out)
}

const FRAMES: [&str; 14] = [
    "main (/usr/bin/app)",
    "std::vector<int, std::allocator<int> >::push_back(int const&)+0x1d (/usr/bin/app)",
    "[unknown] (/usr/lib/libc.so.6)",
    "[unknown] ([unknown])",
    "do_syscall_64+0x5 ([kernel.kallsyms])",
    "(anonymous namespace)::f(int) (/usr/bin/app)",
    "go/build.(*importReader).readByte+0x2 (/usr/bin/go)",
    "core::ops::function::FnOnce::call_once::h0123456789abcdef (/usr/bin/rg)",
    "_RNvCs1234_7mycrate3foo+0x11 (/usr/bin/rg)",
    "_ZN3foo3barEv (/usr/bin/rg)",
    "std::unique_ptr<V>::operator->() const (inlined)",
    "a;b (/tmp/perf-12.map)",
    "Lorg/x/Y;::run->Lorg/x/Z;::go (/tmp/perf-12.map)",
    "<T as core::fmt::Display>::fmt+0x0 (/usr/bin/rg)",
];

/// A sample: command, tid, event, period, frames with their addresses.
type Sample = (usize, i32, usize, u32, Vec<(usize, u16)>);

fn text(samples: &[Sample]) -> String {
    let mut text = String::new();
    for (at, (command, tid, event, period, frames)) in samples.iter().enumerate() {
        let command = ["app", "tokio worker", "java", ":-1"][*command];
        let event = ["cpu-clock:pppH", "page-faults:u", "cycles"][*event];
        let header = format!("{command} 40/{tid} [000] 12.{at:06}: {:>10} {event}: \n", period + 1);
        text.push_str(&header);
        for (frame, address) in frames {
            text.push_str(&format!("\t{address:16x} {}\n", FRAMES[*frame]));
        }
        text.push('\n');
    }
    text
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let frames = proptest::collection::vec((0..FRAMES.len(), 1..50_u16), 0..8);
    proptest::collection::vec((0..4_usize, 41..44, 0..3_usize, 0..2_000_000_u32, frames), 1..30)
}

#[test]
fn a_sample_without_a_stack_is_left_out_and_said() {
    let (lines, left_out) =
        ours("a 1/1 [000] 1.5: 7 cycles: \n\t1 main (/a)\n\na 1/1 [000] 1.6: 7 cycles: \n\n");
    assert_eq!(lines, "a;main 7\n");
    assert!(left_out.contains(&"1 samples without a stack".to_owned()), "{left_out:?}");
}

proptest! {
    #[test]
    fn any_text_gives_the_same_lines(samples in samples()) {
        let text = text(&samples);
        prop_assert_eq!(ours(&text).0, theirs(&text), "{}", text);
    }
}
