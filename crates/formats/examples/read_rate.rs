//! How fast a file is read: `cargo run --release -p pyrometer-formats --example read_rate -- FILE...`
//!
//! Without a file, of files that it makes: a large program once, and the same in parts, as `--dump-every-bb` and
//! `--combine-dumps` write them.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use pyrometer_formats::read::{Input, Options, by_name, read_bytes, recognise};

/// Made files have about this size.
const BYTES: usize = 100 << 20;
/// Functions of a large program.
const FUNCTIONS: usize = 20_000;
/// Lines of each of its functions.
const LINES: usize = 40;

fn main() {
    let files: Vec<_> = std::env::args().skip(1).collect();
    if files.is_empty() {
        for (name, text) in [
            ("callgrind, one part", callgrind(1)),
            ("callgrind, parts", callgrind(usize::MAX)),
            ("cachegrind, 9 events", cachegrind()),
        ] {
            measure(name, text.as_bytes());
        }
    }
    for file in files {
        match std::fs::read(&file) {
            Ok(bytes) => measure(&file, &bytes),
            Err(error) => eprintln!("{file}: {error}"),
        }
    }
}

/// The best of three, by the clock: reading takes more than one thread.
fn measure(name: &str, bytes: &[u8]) {
    let path = Path::new(name);
    let best = (0..3).map(|_| {
        let begin = Instant::now();
        let format =
            Input::of_bytes(path, bytes).and_then(|input| recognise(&input)).map(|format| format.name);
        let options = Options { format: format.as_ref().ok().and_then(|name| by_name(name)), lenient: false };
        let profile = read_bytes(path, bytes, &options).unwrap_or_else(|error| panic!("{error}"));
        (begin.elapsed().as_secs_f64(), profile.sample_count())
    });
    let (seconds, samples) = best.min_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((f64::NAN, 0));
    let megabytes = bytes.len() as f64 / 1e6;
    println!("{name}: {megabytes:.1} MB, {samples} samples, {:.0} MB/s", megabytes / seconds);
}

/// Numbers that look as if they came by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn callgrind(most: usize) -> String {
    let mut text = "# callgrind format\nversion: 1\ncreator: made\ncmd: made\n".to_owned();
    let mut part = 0;
    while part < most && text.len() < BYTES {
        part += 1;
        // One part is as large by itself.
        let functions = if most == 1 { FUNCTIONS * 12 } else { FUNCTIONS };
        let mut chance = Chance(7);
        text.push_str("part: 1\npositions: line\nevents: Ir Dr Dw\n");
        for function in 0..functions {
            let name = if part == 1 {
                format!(" namespace::module::function_{function}(int)")
            } else {
                String::new()
            };
            let file = function / 20;
            let file_name = if part == 1 { format!(" /src/module/file_{file}.cpp") } else { String::new() };
            let _ = writeln!(
                text,
                "\nfl=({file}){file_name}\nfn=({function}){name}\n{} 12 3 1",
                chance.below(5000)
            );
            for line in 1..LINES {
                let _ = writeln!(
                    text,
                    "+{} {} {}",
                    1 + chance.below(3),
                    chance.below(100_000),
                    chance.below(300)
                );
                if line % 8 == 0 {
                    let callee = chance.below(function as u64 + 1);
                    if callee / 20 != file as u64 {
                        let _ = writeln!(text, "cfi=({})", callee / 20);
                    }
                    let _ = writeln!(
                        text,
                        "cfn=({callee})\ncalls={} +7 \n* {}",
                        1 + chance.below(90),
                        chance.below(9_000_000)
                    );
                }
            }
        }
    }
    text
}

fn cachegrind() -> String {
    let mut text = "cmd: made\nevents: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw\n".to_owned();
    let mut chance = Chance(7);
    let mut totals = [0; 9];
    let mut function = 0;
    while text.len() < BYTES {
        function += 1;
        let mut at = chance.below(5000);
        let _ = writeln!(
            text,
            "fl=/src/module/file_{}.cpp\nfn=namespace::module::function_{function}(int)",
            function / 20
        );
        for _ in 0..LINES {
            at += 1 + chance.below(3);
            let values = [100_000, 2, 2, 30_000, 40, 3, 9_000, 20, 2].map(|end| chance.below(end));
            let _ = writeln!(text, "{at} {}", values.map(|value| value.to_string()).join(" "));
            totals.iter_mut().zip(values).for_each(|(total, value)| *total += value);
        }
    }
    text + "summary: " + &totals.map(|total| total.to_string()).join(" ") + "\n"
}
