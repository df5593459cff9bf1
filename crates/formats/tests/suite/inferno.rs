//! The lines of `inferno-collapse-perf` are ours to the last byte, on any text that perf prints.

use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options as Collapsing};
use proptest::prelude::*;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_tables::Profile;
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

const FRAMES: [&str; 16] = [
    "main (/usr/bin/app)",
    "main! (/usr/bin/app)",
    "f (/usr/bin/app)",
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
        let command = ["app", "tokio worker", "java", ":-1", "app!", "app;main"][*command];
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
    proptest::collection::vec((0..6_usize, 41..44, 0..3_usize, 0..2_000_000_u32, frames), 1..30)
}

#[test]
fn a_name_of_several_lines_stays_in_its_line() {
    let before = read_bytes("file".as_ref(), b"main;tab 5\n", &Options::default()).unwrap();
    let mut tables = before.tables().clone();
    tables.functions[1].name = "a\nb".to_owned();
    tables.threads[0].name = "wo\nrk".to_owned();
    let sample = pyrometer_tables::schema::Sample { stack: 1, value: 5, count: 1, ..Default::default() };
    let profile = Profile::from_parts(before.meta, tables, vec![sample]).unwrap();
    let mut out = Vec::new();
    pyrometer_formats::inferno::write(&profile, &Selection::default(), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "wo rk;main;a b 5\n");
}

#[test]
fn a_sample_without_a_stack_is_left_out_and_said() {
    let (lines, left_out) =
        ours("a 1/1 [000] 1.5: 7 cycles: \n\t1 main (/a)\n\na 1/1 [000] 1.6: 7 cycles: \n\n");
    assert_eq!(lines, "a;main 7\n");
    assert!(left_out.contains(&"1 samples without a stack".to_owned()), "{left_out:?}");
}

/// Many samples whose stacks have more or less in common, as those of a program do.
fn long_text(end_of_line: &str) -> String {
    let mut text = String::new();
    let mut chance = 7_u64;
    let mut stack: Vec<(usize, u64)> = Vec::new();
    for at in 0..6_000 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The root is the first.
        stack.truncate((chance >> 33) as usize % (stack.len() + 1));
        for frame in 0..1 + (chance >> 40) % 9 {
            stack.push((((chance >> frame) % FRAMES.len() as u64) as usize, (chance >> (frame * 3)) % 40));
        }
        stack.truncate(60);
        let command = ["app", "tokio worker"][at % 2];
        text.push_str(&format!("{command} 40/{} [000] 12.{at:06}: 7 cycles: {end_of_line}", 41 + at % 5));
        for (frame, address) in stack.iter().rev() {
            text.push_str(&format!("\t{address:16x} {}{end_of_line}", FRAMES[*frame]));
        }
        text.push_str(end_of_line);
    }
    text
}

#[test]
fn a_text_that_is_read_in_many_pieces_gives_the_same_lines() {
    for end_of_line in ["\n", "\r\n"] {
        let text = long_text(end_of_line);
        assert!(text.len() > 3 << 20, "{}", text.len());
        assert!(ours(&text).0 == theirs(&text), "lines end with {end_of_line:?}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_the_same_lines(samples in samples()) {
        let text = text(&samples);
        prop_assert_eq!(ours(&text).0, theirs(&text), "{}", text);
    }
}
