//! What every export says about the recording as a whole.

use std::borrow::Cow;
use std::iter;

use pyrometer_tables::call_graph::is_estimate;
use pyrometer_tables::meta::{Host, Meta, Quality};

/// The command, or what was attached to; and if its stacks are an estimate.
pub(crate) fn title(meta: &Meta) -> String {
    let title = what(meta);
    match is_estimate(meta) {
        true => title + " (estimate)",
        false => title,
    }
}

/// One line: what is known of the machine, if anything is.
pub(crate) fn machine(host: &Host) -> Option<String> {
    let cpus = if host.cpus > 0 { format!("{} CPUs", host.cpus) } else { String::new() };
    let known = [&host.kernel, &host.architecture, &host.cpu_model, &cpus];
    let known: Vec<_> = known.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn what(meta: &Meta) -> String {
    if !meta.command.is_empty() {
        let words: Vec<_> = meta.command.iter().map(|word| quoted(word)).collect();
        return words.join(" ");
    }
    if meta.attached.is_empty() {
        return "profile".to_owned();
    }
    let pids: Vec<_> = meta.attached.iter().map(i32::to_string).collect();
    format!("pid {}", pids.join(", "))
}

/// A word as one writes it for a shell.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,@%+".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

/// Each count of what is missing or not whole, with its name; those of 0 too.
pub(crate) fn counts(quality: &Quality) -> [(&'static str, i64); 8] {
    [
        ("lost", quality.lost),
        ("lost records", quality.lost_records),
        ("throttled", quality.throttled),
        ("truncated", quality.truncated),
        ("spliced", quality.spliced),
        ("elided", quality.elided),
        ("stackless", quality.stackless),
        ("unsymbolized", quality.unsymbolized),
    ]
}

/// One line: samples, lost and truncated always, the others if there are any.
pub(crate) fn quality(meta: &Meta) -> String {
    let samples = iter::once(format!("samples: {}", meta.quality.samples));
    samples.chain(remarks(meta, &["lost", "truncated"])).collect::<Vec<_>>().join(", ")
}

/// The same of exact counts: their rows are no samples, and of what there is nothing of is not spoken.
pub(crate) fn quality_of_counts(meta: &Meta) -> String {
    remarks(meta, &[]).join(", ")
}

/// What is missing or not whole; counts of 0 only of those that are `always` told.
fn remarks(meta: &Meta, always: &'static [&'static str]) -> Vec<String> {
    let told = |(name, count): &(&str, i64)| *count != 0 || always.contains(name);
    let counts =
        counts(&meta.quality).into_iter().filter(told).map(|(name, count)| format!("{name}: {count}"));
    let estimate = is_estimate(meta).then(|| "call stacks are an estimate".to_owned());
    let endless = (!meta.complete).then(|| "the recording has no end".to_owned());
    counts.chain(estimate).chain(endless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_can_be_pasted_into_a_shell() {
        let command = ["rg", "-c", r"fn \w+\(", "it's", "", "src/lib.rs"].map(String::from).to_vec();
        let meta = Meta { command, ..Meta::default() };
        assert_eq!(title(&meta), r"rg -c 'fn \w+\(' 'it'\''s' '' src/lib.rs");
    }

    #[test]
    fn rows_of_counts_are_not_said_to_be_samples() {
        let quality_of = Quality { samples: 7, unsymbolized: 2, ..Quality::default() };
        let meta = Meta { quality: quality_of, complete: true, ..Meta::default() };
        assert_eq!(quality(&meta), "samples: 7, lost: 0, truncated: 0, unsymbolized: 2");
        assert_eq!(quality_of_counts(&meta), "unsymbolized: 2");
        assert_eq!(quality_of_counts(&Meta { complete: true, ..Meta::default() }), "");
        assert_eq!(quality_of_counts(&Meta::default()), "the recording has no end");
    }
}
