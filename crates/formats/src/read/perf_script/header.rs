//! The line that a sample begins with.

use super::frame::{self, Code};

/// What a header says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) command: &'a [u8],
    pub(super) pid: i32,
    pub(super) tid: i32,
    pub(super) cpu: Option<i32>,
    /// Nanoseconds.
    pub(super) time: Option<i64>,
    pub(super) period: Option<i64>,
    /// Without modifiers of precision.
    pub(super) event: Option<&'a [u8]>,
    /// The only frame, where samples have no stacks.
    pub(super) code: Option<Code<'a>>,
    /// What it is if it is no sample (`--show-mmap-events` and the like): `COMM: rg:4711/4711`.
    pub(super) record: Option<&'a [u8]>,
}

/// What perf calls records that are no samples.
const RECORD: &[u8] = b"PERF_RECORD_";

/// A word, and what follows it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Reads a header; none if the line is none.
pub(super) fn parse(line: &[u8]) -> Option<Header<'_>> {
    let line = line.trim_ascii();
    let mut rest = line;
    // The command may be missing, or hold blanks and numbers: ids are what a CPU, a time or an event follows.
    loop {
        let before = rest;
        let (text, after) = word(rest)?;
        rest = after;
        let Some((pid, tid)) = ids(text) else { continue };
        let is_first = before.len() == line.len();
        if is_moment(after) || !is_first && is_event(after) {
            let command = line[..line.len() - before.len()].trim_ascii();
            let header = Header { command, pid, tid, ..Header::default() };
            return Some(columns(header, after));
        }
    }
}

/// Whether a CPU or a time comes next, which may be behind the mode of the processor.
fn is_moment(text: &[u8]) -> bool {
    let is_one = |text: &[u8]| cpu(text).is_some() || time(text).is_some();
    let Some((next, after)) = word(text) else { return false };
    is_one(next) || is_mode(next) && word(after).is_some_and(|(next, _)| is_one(next))
}

/// Whether an event comes next, or a record.
fn is_event(text: &[u8]) -> bool {
    word(text).is_some_and(|(next, _)| next.ends_with(b":") || next.starts_with(RECORD))
}

/// Whether it is what `-F +misc` writes: the mode that the processor was in, and what else a record's header tells.
fn is_mode(text: &[u8]) -> bool {
    (1..=6).contains(&text.len()) && text.iter().all(|letter| b"KUHGgMESpPD".contains(letter))
}

/// The columns behind the ids, as far as they are there.
fn columns<'a>(mut header: Header<'a>, rest: &'a [u8]) -> Header<'a> {
    let mut rest = rest;
    if let Some((text, after)) = word(rest)
        && let Some(number) = cpu(text)
    {
        (header.cpu, rest) = (Some(number), after);
    }
    if let Some((text, after)) = word(rest)
        && is_mode(text)
    {
        rest = after;
    }
    if let Some((text, after)) = word(rest)
        && let Some(at) = time(text)
    {
        (header.time, rest) = (Some(at), after);
    }
    if let Some(record) = rest.trim_ascii_start().strip_prefix(RECORD) {
        header.record = Some(record);
        return header;
    }
    if let Some((text, after)) = word(rest)
        && let Some(period) = number(text)
    {
        (header.period, rest) = (Some(period), after);
    }
    if let Some((text, after)) = word(rest)
        && let Some(event) = text.strip_suffix(b":")
    {
        (header.event, rest) = (Some(without_precision(event)), after);
    }
    header.code = frame::parse(rest);
    header
}

/// `PID` or `PID/TID`; a process or thread that is gone is -1.
fn ids(text: &[u8]) -> Option<(i32, i32)> {
    let mut parts = text.split(|byte| *byte == b'/').map(id);
    let pid = parts.next()??;
    let tid = parts.next().unwrap_or(Some(pid))?;
    parts.next().is_none().then_some((pid, tid))
}

fn id(text: &[u8]) -> Option<i32> {
    if text == b"-1" { Some(-1) } else { number(text)?.try_into().ok() }
}

fn number(text: &[u8]) -> Option<i64> {
    if !(1..=18).contains(&text.len()) {
        return None;
    }
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

/// `[003]`.
fn cpu(text: &[u8]) -> Option<i32> {
    number(text.strip_prefix(b"[")?.strip_suffix(b"]")?)?.try_into().ok()
}

/// `12345.678901:`, in seconds with some digits behind the point.
fn time(text: &[u8]) -> Option<i64> {
    let text = text.strip_suffix(b":")?;
    let point = text.iter().position(|byte| *byte == b'.')?;
    let (seconds, fraction) = (number(&text[..point])?, &text[point + 1..]);
    if fraction.len() > 9 {
        return None;
    }
    let scale = 10_i64.pow(9 - fraction.len() as u32);
    seconds.checked_mul(1_000_000_000)?.checked_add(number(fraction)? * scale)
}

/// `cpu-clock` of `cpu-clock:pppH`, but `cycles:u` and `sched:sched_switch` as they are.
fn without_precision(event: &[u8]) -> &[u8] {
    let Some(at) = event.iter().rposition(|byte| *byte == b':') else { return event };
    let modifiers = &event[at + 1..];
    let selects = modifiers.iter().any(|modifier| b"ukhGI".contains(modifier));
    let known = modifiers.iter().all(|modifier| b"ukhGHIpPSDWeb".contains(modifier));
    if known && !selects { &event[..at] } else { event }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> (String, i32, i32, Option<i32>, Option<i64>, Option<i64>, String) {
        let found = parse(line.as_bytes()).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let event = text(found.event.unwrap_or_default());
        (text(found.command), found.pid, found.tid, found.cpu, found.time, found.period, event)
    }

    #[test]
    fn columns_may_be_there_or_not() {
        let ns = 12_345_678_901_000;
        assert_eq!(
            header("rg 4711/4712 [001] 12345.678901:    1001001 cpu-clock:pppH: "),
            ("rg".into(), 4711, 4712, Some(1), Some(ns), Some(1_001_001), "cpu-clock".into())
        );
        assert_eq!(
            header("  tokio worker 3  7 12345.678901: cycles:u:"),
            ("tokio worker 3".into(), 7, 7, None, Some(ns), None, "cycles:u".into())
        );
        assert_eq!(
            header("a -1/-1 [000] 1.5: 2 sched:sched_switch:"),
            ("a".into(), -1, -1, Some(0), Some(1_500_000_000), Some(2), "sched:sched_switch".into())
        );
        assert_eq!(header("a 12 cycles:"), ("a".into(), 12, 12, None, None, None, "cycles".into()));
        assert_eq!(
            header("4711/4712 12345.678901: "),
            (String::new(), 4711, 4712, None, Some(ns), None, String::new())
        );
    }

    #[test]
    fn the_mode_of_the_processor_is_no_part_of_the_command() {
        let ns = 1_500_000_000;
        for (line, cpu) in
            [("a b 7 U      1.5: 1001001 cycles:", None), ("a b 7 [003] KS  1.5: 1001001 cycles:", Some(3))]
        {
            assert_eq!(
                header(line),
                ("a b".into(), 7, 7, cpu, Some(ns), Some(1_001_001), "cycles".into()),
                "{line}"
            );
        }
    }

    #[test]
    fn other_records_are_told_from_samples() {
        for (line, record) in [
            (
                "swapper 0 [000] 0.000000: PERF_RECORD_MMAP -1/0: [0xff(0x12) @ 0]: x [kernel.kallsyms]_text",
                "MMAP -1/0",
            ),
            ("a 7 1.5: PERF_RECORD_LOST lost 12", "LOST lost 12"),
            ("a 7 PERF_RECORD_FORK(8:8):(7:7)", "FORK(8:8)"),
        ] {
            let found = parse(line.as_bytes()).unwrap().record.unwrap_or_default();
            assert!(found.starts_with(record.as_bytes()), "{line}");
        }
        assert_eq!(parse(b"a 7 1.5: cycles:").unwrap().record, None);
    }

    #[test]
    fn other_lines_are_no_headers() {
        for line in ["", "word", "main;work 42", "a 12 b", "12345.678901:"] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_sample_without_a_stack_has_its_frame_behind_it() {
        let found =
            parse(b"true 9 12.000001:  250000 cpu-clock:  ffffffff81 do_x+0x3 ([kernel.kallsyms])").unwrap();
        assert_eq!(found.code.map(|code| (code.name, code.kind())), Some((&b"do_x"[..], "kernel")));
    }
}
