//! What the files of Valgrind's tools have in common: events, commands, descriptions.

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Metric, Process};
use serde_json::Value;

use super::Builder;

/// More events than any tool counts: a line of a few bytes costs memory for each.
pub(crate) const EVENTS: usize = 32;
/// Where [`Meta::extra`] keeps what a file says about how it was made.
pub(crate) const DESCRIPTIONS: &str = "descriptions";
/// Where [`Meta::extra`] keeps formulas by the name of the metric that they define.
pub(crate) const DERIVED: &str = "derived_metrics";
/// Descriptions that are kept.
const KEPT: usize = 64;

/// Name and meaning of the events of Cachegrind and Callgrind; `L2` and `LL` are the last level in old and new versions.
const MEANINGS: &[(&str, &str)] = &[
    ("Ir", "Instructions executed."),
    ("I1mr", "Instruction fetches that missed the first-level cache."),
    ("ILmr", "Instruction fetches that missed the last-level cache."),
    ("Dr", "Data reads."),
    ("D1mr", "Data reads that missed the first-level cache."),
    ("DLmr", "Data reads that missed the last-level cache."),
    ("Dw", "Data writes."),
    ("D1mw", "Data writes that missed the first-level cache."),
    ("DLmw", "Data writes that missed the last-level cache."),
    ("Bc", "Conditional branches executed."),
    ("Bcm", "Conditional branches mispredicted."),
    ("Bi", "Indirect branches executed."),
    ("Bim", "Indirect branches mispredicted."),
    ("Ge", "Global bus events (atomic instructions)."),
    ("ILdmr", "Instruction fetches that wrote back a line of the last-level cache."),
    ("DLdmr", "Data reads that wrote back a line of the last-level cache."),
    ("DLdmw", "Data writes that wrote back a line of the last-level cache."),
    ("sysCount", "System calls."),
    ("sysTime", "Time in system calls, in the unit that Callgrind was given."),
    ("sysCpuTime", "CPU time in system calls, in the unit that Callgrind was given."),
];

/// The names of a line `events:`; none if there are none, too many, or two columns of one name, which would be added up.
pub(super) fn event_names(line: &str) -> Option<Vec<String>> {
    let names: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
    let again = |at: usize| names[..at].contains(&names[at]);
    ((1..=EVENTS).contains(&names.len()) && !(0..names.len()).any(again)).then_some(names)
}

/// The row of the metric that counts an event. `meaning`: as the file says; a unit stands in brackets at its end.
pub(super) fn event(builder: &mut Builder, name: &str, meaning: Option<&str>) -> i32 {
    let known = MEANINGS.iter().find(|(event, _)| *event == name);
    let meaning = meaning.or(known.map(|(_, meaning)| *meaning)).unwrap_or_default();
    let (description, unit) = match () {
        () if meaning.ends_with(" [ns]") => (&meaning[..meaning.len() - 5], "ns"),
        () if meaning.ends_with(" [bytes]") => (&meaning[..meaning.len() - 8], "bytes"),
        () if name.ends_with("(bytes)") => (meaning, "bytes"),
        () => (meaning, "count"),
    };
    builder.metric(Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        kind: "exact".into(),
        description: description.to_owned(),
        ..Metric::default()
    })
}

/// Whether a function is one that Valgrind knew no name of: Cachegrind writes `???`, Callgrind an address in place of it,
/// either with the contexts that it may have (`???'2`).
pub(super) fn is_nameless(name: &str) -> bool {
    let name = name.split('\'').next().unwrap_or_default();
    let is_address = |digits: &str| digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    name == "???" || name.strip_prefix("0x").is_some_and(is_address)
}

/// What is written behind the description of a metric, so that its unit is not lost.
pub(crate) fn unit_mark(unit: &str) -> &'static str {
    match unit {
        "ns" => " [ns]",
        "bytes" => " [bytes]",
        _ => "",
    }
}

/// Keeps the command, if it is the first that is known.
pub(super) fn command(meta: &mut Meta, line: &str) {
    if meta.command.is_empty() {
        meta.command = words(line);
    }
}

/// The name of the program of a command line, without its folder.
pub(super) fn program(command_line: &str) -> String {
    let program = words(command_line).into_iter().next().unwrap_or_default();
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The words of a command line. Valgrind joins them by spaces; files of ours have them as one writes them for a shell.
fn words(line: &str) -> Vec<String> {
    shell_words(line).unwrap_or_else(|| line.split_ascii_whitespace().map(str::to_owned).collect())
}

/// None if there is a quote that a shell would not take for one of a whole word.
fn shell_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() {
        let plain =
            || rest.split_at(rest.find(|letter: char| letter.is_ascii_whitespace()).unwrap_or(rest.len()));
        let (word, after) = match rest.starts_with('\'') {
            true => quoted(rest)?,
            false => (plain().0.to_owned(), plain().1),
        };
        words.push(word);
        rest = after.trim_ascii_start();
        if rest.len() == after.len() && !rest.is_empty() {
            return None;
        }
    }
    Some(words)
}

/// A word in single quotes, in which a quote of its own is `'\''`, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut word, mut rest) = (String::new(), text);
    loop {
        let (inside, after) = rest.strip_prefix('\'')?.split_once('\'')?;
        word.push_str(inside);
        let Some(more) = after.strip_prefix("\\'") else { return Some((word, after)) };
        word.push('\'');
        rest = more;
    }
}

/// The row of the one thread that is known of a process, which has this command line.
pub(super) fn thread(builder: &mut Builder, pid: i32, command_line: &str) -> i32 {
    let name = program(command_line);
    if !builder.tables().processes.iter().any(|process| process.pid == pid) {
        let command_line = command_line.to_owned();
        builder.process(Process { pid, name: name.clone(), command_line, ..Process::default() });
    }
    builder.thread(pid, pid, &name)
}

/// What stands before the counts of samples lost, in files of ours: those are of one profile only.
pub(crate) const QUALITY: &str = "Option: samples: ";

/// Keeps a line of description, `I1 cache: 32768 B, 64 B, 8-way associative`; an empty one says nothing.
pub(super) fn description(meta: &mut Meta, text: &str) {
    let says = text.split_once(':').is_none_or(|(_, value)| !value.trim().is_empty());
    let says = says && !text.starts_with(QUALITY);
    let kept = meta.extra.entry(DESCRIPTIONS.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(kept) = kept
        && says
        && kept.len() < KEPT
        && !kept.iter().any(|known| known == text)
    {
        kept.push(text.into());
    }
}

/// The text of a line, without what surrounds it.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
}

/// Counts as these files write them.
pub(crate) fn joined(values: &[i64]) -> String {
    let texts: Vec<_> = values.iter().map(i64::to_string).collect();
    texts.join(" ")
}
