//! What a program counts is in its files, however it ends. Each scenario runs in a process of its own, this program again.

#![cfg(all(any(target_os = "linux", target_os = "macos"), target_pointer_width = "64"))]
#![allow(clippy::unwrap_used)]

mod common;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use common::{Run, run, run_with};
use proptest::prelude::*;
use pyrometer_counts::{Weight, count, count_here};

/// Two literals would be a weight and a key.
const ONE: i32 = 1;

/// Runs one of the scenarios, in a process that another test has started.
#[test]
#[ignore = "the other tests run it, in a process of its own"]
fn scenario() {
    let Ok(name) = std::env::var(common::SCENARIO) else { return };
    match name.as_str() {
        "threads" => threads(),
        "short-threads" => short_threads(),
        "fork" => fork(),
        "raw-fork" => raw_fork(),
        // SAFETY: it takes a number.
        "exit" => ends(|| unsafe { libc::_exit(3) }),
        "abort" => ends(|| std::process::abort()),
        // SAFETY: it takes a number.
        "kill" => ends(|| unsafe { libc::raise(libc::SIGKILL) }),
        "many" => (0..2).for_each(|_| (0..100_000).for_each(|key| count!("key {}", key))),
        "numbers" => numbers(),
        "long" => count!("{}", "x".repeat(3_000_000)),
        "weights" => weights(),
        "forms" => forms(),
        "places" => places(),
        "nested" => count!("outer {}", Counting),
        "lazy" => lazy(),
        "off" => off(),
        "full" => full(),
        "closed" => closed(),
        "keys" => keys(),
        other => panic!("no scenario {other}"),
    }
}

fn threads() {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for event in 0..1000 {
                    count!("literal");
                    count!("even;{}", event % 2 == 0);
                }
            });
        }
    });
}

#[test]
fn each_thread_has_a_file_and_all_of_them_add_up() {
    let run = run("threads");
    assert_eq!(run.files().len(), 8);
    assert_eq!(run.counts(), counts(&[("even;false", 4000), ("even;true", 4000), ("literal", 8000)]));
}

fn short_threads() {
    for _ in 0..50 {
        std::thread::spawn(|| count!("short")).join().unwrap();
    }
}

#[test]
fn the_file_of_a_thread_that_ended_is_as_long_as_what_it_counted() {
    let run = run("short-threads");
    assert_eq!(run.counts(), counts(&[("short", 50)]));
    assert_eq!(run.files().len(), 50);
    for file in run.files() {
        assert_eq!(file.metadata().unwrap().len(), 72 + 48, "{}", file.display());
    }
}

fn fork() {
    (0..2).for_each(|_| count!("before"));
    // SAFETY: the child counts, and ends.
    let child = unsafe { libc::fork() };
    for _ in 0..3 {
        count!("key {}", ONE);
        count!("after");
    }
    if child == 0 {
        // SAFETY: it takes a number.
        unsafe { libc::_exit(0) }
    }
    // SAFETY: the child is ours.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
}

#[test]
fn the_child_of_a_fork_counts_for_itself() {
    let run = run("fork");
    assert_eq!(run.files().len(), 2);
    assert_eq!(run.counts(), counts(&[("after", 6), ("before", 2), ("key 1", 6)]));
    assert_eq!(run.profile().tables().processes.len(), 2);
}

/// A fork that the C library's handlers are not told of.
fn raw_fork() {
    count!("before");
    #[cfg(target_os = "linux")]
    // SAFETY: as `fork`, which this is but for the handlers; the child counts and ends.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } as libc::pid_t;
    #[cfg(not(target_os = "linux"))]
    // SAFETY: the child counts and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        (0..5000).for_each(|key| count!("child {}", key));
        // SAFETY: it takes a number.
        unsafe { libc::_exit(0) }
    }
    (0..5000).for_each(|key| count!("parent {}", key));
    // SAFETY: the child is ours.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
}

#[test]
fn new_keys_of_a_child_that_nobody_was_told_of_are_in_a_file_of_its_own() {
    let run = run("raw-fork");
    assert_eq!(run.files().len(), 2);
    let found = run.counts();
    assert_eq!(found.len(), 10_001);
    assert!(found.values().all(|count| *count == 1));
}

fn ends<R>(end: impl Fn() -> R) {
    (0..1000).for_each(|event| count!("event {}", event % 10));
    count!("last");
    end();
}

#[test]
fn counts_survive_every_end_of_the_process() {
    for (end, status) in [("exit", (Some(3), None)), ("abort", (None, Some(6))), ("kill", (None, Some(9)))] {
        let run = run(end);
        assert_eq!((run.status.code(), run.status.signal()), status, "{end}");
        let found = run.counts();
        assert_eq!(found.values().sum::<i64>(), 1001, "{end}");
        assert_eq!((found["event 3"], found["last"]), (100, 1), "{end}");
        assert!(run.profile().meta.notes.is_empty(), "{:?}", run.profile().meta.notes);
    }
}

#[test]
fn files_grow_with_their_keys() {
    let found = run("many").counts();
    assert_eq!(found.len(), 100_000);
    assert!(found.values().all(|count| *count == 2));
}

#[test]
fn a_key_may_be_longer_than_a_segment() {
    assert_eq!(run("long").counts(), counts(&[("x".repeat(3_000_000).as_str(), 1)]));
}

fn generic<W: Weight>(weight: W) {
    count!(weight, "generic");
}

/// One site for values of every type.
fn of_any_type<T: fmt::Display + fmt::Debug>(value: T) {
    count!("value {}", value);
    count!("debug {:?};{:>5}", value, value);
}

/// Prints something else each time.
struct Changing(Cell<i64>);

impl fmt::Display for Changing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.set(self.0.get() + 1);
        write!(formatter, "{}", self.0.get())
    }
}

fn numbers() {
    let changing = Changing(Cell::new(0));
    let mut text = String::from("text");
    let (seven, eight) = (&7_i32, &&8_u16);
    // The second time they are known by their arguments.
    for round in 0..2_usize {
        of_any_type(255_u8);
        of_any_type(-1_i8);
        of_any_type(-1_i64);
        of_any_type(u64::MAX);
        of_any_type(-1_i128);
        of_any_type(0_u8);
        of_any_type(false);
        of_any_type('a');
        of_any_type(97_u8);
        of_any_type(0.0);
        of_any_type(-0.0_f32);
        of_any_type(seven);
        of_any_type(7_i32);
        of_any_type(eight);
        for (hex, width) in [(-1_i8, 3_usize), (-1, 4), (17, 3)] {
            count!("hex {:x}", hex);
            count!("width {:1$}", hex, width);
            count!("twice {0:02} {0:+}", hex);
            count!(hex, "weight {:.*}", 2, f64::from(hex));
        }
        count!("changing {}", changing);
        count!("two {} {}", round, changing);
        count!("three {} {} {}", 1 + 1, 2 + 2, 3 + 3);
        count!("{}", text);
        count!("{}", &text);
        count!("{}", text.as_str());
        text.push('s');
        count!("mixed {round} {}", ONE);
        count!("named {} {other}", ONE, other = round);
        count_here!("here {}", ONE);
    }
}

#[test]
fn keys_of_numbers_are_those_that_are_formatted() {
    let mut expected = BTreeMap::<String, i64>::new();
    let mut add = |key: String| *expected.entry(key).or_insert(0) += 2;
    let values =
        ["255", "-1", "-1", "18446744073709551615", "-1", "0", "false", "a", "97", "0", "-0", "7", "7", "8"];
    let debugs = [
        "255",
        "-1",
        "-1",
        "18446744073709551615",
        "-1",
        "0",
        "false",
        "'a'",
        "97",
        "0.0",
        "-0.0",
        "7",
        "7",
        "8",
    ];
    for (value, debug) in values.iter().zip(debugs) {
        add(format!("value {value}"));
        add(format!("debug {debug};{value:>5}"));
    }
    for (hex, width) in [(-1_i8, 3), (-1, 4), (17, 3)] {
        add(format!("hex {hex:x}"));
        add(format!("width {hex:width$}"));
        add(format!("twice {hex:02} {hex:+}"));
        add(format!("weight {:.2}", f64::from(hex)));
    }
    add("three 2 4 6".to_owned());
    add(format!("here {ONE}"));
    let mut once = |key: &str, count| *expected.entry(key.to_owned()).or_insert(0) += count;
    for (key, count) in [("text", 3), ("texts", 3)] {
        once(key, count);
    }
    for key in
        ["changing 1", "two 0 2", "changing 3", "two 1 4", "mixed 0 1", "mixed 1 1", "named 1 0", "named 1 1"]
    {
        once(key, 1);
    }
    let profile = run("numbers").profile();
    assert_eq!(common::sums(&profile, "count"), expected);
    let weights = [("weight -1.00", -4), ("weight 17.00", 34)];
    assert_eq!(common::sums(&profile, "weight"), counts(&weights));
}

fn weights() {
    for weight in [5_u8, 6, 7] {
        count!(weight, "whole");
    }
    count!(-20_i64, "whole");
    count!(0.25, "fraction");
    count!(0.5_f32, "fraction");
    count!(u64::MAX, "too large");
    count!(1, "too large");
    generic(3_i64);
    generic(0.125);
    generic(4_u16);
}

#[test]
fn weights_are_added_by_their_type() {
    let profile = run("weights").profile();
    let count = common::sums(&profile, "count");
    assert_eq!(count, counts(&[("fraction", 2), ("generic", 3), ("too large", 2), ("whole", 4)]));
    let whole = common::sums(&profile, "weight");
    assert_eq!(whole, counts(&[("generic", 7), ("too large", i64::MAX), ("whole", -2)]));
    let fractions = common::sums(&profile, "weight-thousandths");
    assert_eq!(fractions, counts(&[("fraction", 750), ("generic", 125)]));
    assert!(profile.meta.notes.iter().any(|note| note.contains("does not fit")), "{:?}", profile.meta.notes);
}

/// Every way in which the macros can be written.
fn forms() {
    let (x, name) = (-3_i32, "n");
    count!("plain",);
    count!("captured {x}");
    count!("argument {}", -x);
    count!("named {value}", value = x);
    count!("expression {}", x * 2 + 1);
    count!(2, "literal");
    count!(-2, "negative");
    count!(-x, "minus");
    count!(x * 2, "product");
    count!(f64::from(x), "cast {}", name);
    count!(x.abs(), "call {name} {}", ONE,);
    count!(if x > 0 { 1 } else { 2 }, "block");
    count_here!(2, "here");
}

#[test]
fn all_forms_are_understood() {
    let profile = run("forms").profile();
    let expected = [
        "argument 3",
        "block",
        "call n 1",
        "captured -3",
        "cast n",
        "expression -5",
        "here",
        "literal",
        "minus",
        "named -3",
        "negative",
        "plain",
        "product",
    ]; // one event each
    assert_eq!(common::sums(&profile, "count"), counts(&expected.map(|key| (key, 1))));
    let weights = [
        ("block", 2),
        ("call n 1", 3),
        ("here", 2),
        ("literal", 2),
        ("minus", 3),
        ("negative", -2),
        ("product", -6),
    ];
    assert_eq!(common::sums(&profile, "weight"), counts(&weights));
    assert_eq!(common::sums(&profile, "weight-thousandths"), counts(&[("cast n", -3000)]));
}

#[track_caller]
fn called() {
    count_here!("called");
    count_here!("formatted {}", ONE);
}

const FIRST_CALL: u32 = line!() + 5;

fn places() {
    for _ in 0..3 {
        // Two callers in turn: the place that a site remembers changes with each event.
        called();
        called();
    }
    count_here!();
}

#[test]
fn places_are_those_of_the_callers() {
    let profile = run("places").profile();
    let found = common::places(&profile);
    let file = file!();
    let mut expected = BTreeMap::new();
    for line in [FIRST_CALL, FIRST_CALL + 1] {
        expected.insert(format!("called at {file}:{line}"), 3);
        expected.insert(format!("formatted 1 at {file}:{line}"), 3);
    }
    let here = FIRST_CALL + 3;
    expected.insert(format!("{file}:{here}:5 at {file}:{here}"), 1);
    assert_eq!(found, expected);
}

/// Counts while a key is put together from it.
struct Counting;

impl fmt::Display for Counting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        count!("inner {}", ONE);
        formatter.write_str("done")
    }
}

#[test]
fn an_event_may_be_counted_while_another_is_put_together() {
    assert_eq!(run("nested").counts(), counts(&[("inner 1", 1), ("outer done", 1)]));
}

/// The exit status says how often keys and weights were evaluated.
fn lazy() {
    let evaluated = Cell::new(0);
    let evaluate = || {
        evaluated.set(evaluated.get() + 1);
        1
    };
    for _ in 0..10 {
        count!("key {}", evaluate());
        count!(evaluate(), "weight");
    }
    std::process::exit(evaluated.get());
}

#[test]
fn nothing_is_evaluated_when_nobody_listens() {
    let run = run_with("lazy", |command| command.env_remove(pyrometer_counts::VARIABLE));
    // The first event looks whether somebody does.
    assert_eq!(run.status.code(), Some(1));
    assert!(run.files().is_empty());
    let run = common::run("lazy");
    assert_eq!(run.status.code(), Some(20));
}

/// So many rounds of a loop, with an event or without.
fn off() {
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let rounds = 0..number("ROUNDS");
    if number("EVENTS") == 0 {
        rounds.for_each(|round| _ = black_box(round));
    } else {
        rounds.for_each(|round| {
            count!(round, "key {}", black_box(round));
            black_box(round);
        });
    }
}

/// Instructions of this program, as Cachegrind counts them; none without Valgrind.
fn instructions(events: u64, rounds: u64) -> Option<f64> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no"]);
    command.arg(format!("--cachegrind-out-file={}", out.display()));
    command.arg(std::env::current_exe().unwrap()).args(["scenario", "--exact", "--ignored"]);
    command.env(common::SCENARIO, "off").env_remove(pyrometer_counts::VARIABLE);
    command.env("EVENTS", events.to_string()).env("ROUNDS", rounds.to_string());
    assert!(command.output().ok()?.status.success());
    let text = std::fs::read_to_string(out).unwrap();
    text.rsplit_once("summary:")?.1.trim().parse().ok()
}

#[test]
fn an_event_costs_three_instructions_when_nobody_listens() {
    let each = |events| Some((instructions(events, 1_000_000)? - instructions(events, 0)?) / 1e6);
    let (Some(with), Some(without)) = (each(1), each(0)) else {
        eprintln!("not counted: there is no valgrind");
        return;
    };
    assert!(with - without < 3.5, "{with} instructions a round with an event, {without} without");
}

#[test]
fn a_folder_that_is_not_there_is_said_once_and_the_program_goes_on() {
    let run = run_with("threads", |command| command.env(pyrometer_counts::VARIABLE, "/nowhere/at all"));
    assert!(run.status.success());
    assert_eq!(run.stderr.matches("there can be no file in /nowhere/at all: ").count(), 1, "{}", run.stderr);
}

/// As on a full disk: files may not be larger than this.
fn full() {
    let limit = libc::rlimit { rlim_cur: 100_000, rlim_max: 100_000 };
    // SAFETY: both take values of ours; the signal would end the process.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit);
    }
    (0..10_000).for_each(|key| count!("key {}", key));
    (0..10).for_each(|_| count!("key {}", ONE));
}

#[test]
fn events_without_room_are_counted_as_lost() {
    let run = run("full");
    let kept: i64 = run.counts().values().sum();
    let lost = run.profile().meta.quality.lost;
    assert!(lost > 1000 && kept > 1000, "{kept} kept, {lost} lost");
    assert_eq!(kept + lost, 10_010);
    assert_eq!(run.counts()["key 1"], 11);
}

/// Programs close descriptors that they do not know, and open others in their place.
fn closed() {
    count!("before");
    // SAFETY: nothing here uses them any more.
    (3..64).for_each(|file| _ = unsafe { libc::close(file) });
    let own = std::env::temp_dir().join(format!("own-{}", std::process::id()));
    std::fs::write(&own, "mine").unwrap();
    let _kept = std::fs::File::open(&own).unwrap();
    (0..10_000).for_each(|key| count!("key {}", key));
    assert_eq!(std::fs::read(&own).unwrap(), b"mine");
    std::fs::remove_file(own).unwrap();
}

#[test]
fn no_descriptor_of_the_program_is_touched() {
    let run = run("closed");
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.counts().len(), 10_001);
}

/// Counts the lines of standard input, the first of which says in how many threads.
fn keys() {
    let text = std::io::read_to_string(std::io::stdin()).unwrap();
    let (threads, lines) = text.split_once('\n').unwrap();
    std::thread::scope(|scope| {
        for _ in 0..threads.parse().unwrap() {
            scope.spawn(|| lines.lines().for_each(|line| count!(line.len(), "{line}")));
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_keys_are_counted_as_a_map_counts_them(
        lines in proptest::collection::vec("[a-c;é☃ ]{1,12}|x{200,700}", 0..300),
        threads in 1..4_usize,
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let run = common::run_on("keys", &format!("{threads}\n{text}"));
        let mut expected = BTreeMap::new();
        let mut weights = BTreeMap::new();
        for line in &lines {
            let key = line.split(';').map(|part| if part.is_empty() { "[empty]" } else { part });
            let key = key.collect::<Vec<_>>().join(";");
            *expected.entry(key.clone()).or_insert(0) += threads as i64;
            *weights.entry(key).or_insert(0) += (threads * line.len()) as i64;
        }
        prop_assert_eq!(run.counts(), expected);
        if !lines.is_empty() {
            prop_assert_eq!(common::sums(&run.profile(), "weight"), weights);
        }
    }
}

fn counts(expected: &[(&str, i64)]) -> BTreeMap<String, i64> {
    expected.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
}

impl Run {
    fn counts(&self) -> BTreeMap<String, i64> {
        if self.files().is_empty() { BTreeMap::new() } else { common::sums(&self.profile(), "count") }
    }
}
