//! What every export says about the recording as a whole.

use pyrometer_tables::meta::{Meta, Quality};

/// The command, or what was attached to.
pub(crate) fn title(meta: &Meta) -> String {
    if !meta.command.is_empty() {
        return meta.command.join(" ");
    }
    if meta.attached.is_empty() {
        return "profile".to_owned();
    }
    let pids: Vec<_> = meta.attached.iter().map(i32::to_string).collect();
    format!("pid {}", pids.join(", "))
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
    let mut line = format!("samples: {}", meta.quality.samples);
    for (name, count) in counts(&meta.quality) {
        if count != 0 || ["lost", "truncated"].contains(&name) {
            line += &format!(", {name}: {count}");
        }
    }
    match meta.complete {
        true => line,
        false => line + ", the recording was cut short",
    }
}
