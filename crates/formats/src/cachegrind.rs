//! Cachegrind's files, as `cg_annotate`, `cg_diff` and `cg_merge` read them: self costs by file, function and line.

use std::collections::BTreeMap;
use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::select::Selection;

use crate::carried::Part;
use crate::code::{Code, one_line};
use crate::error::Result;
use crate::read::valgrind::{EVENTS, joined};
use crate::stack_sums::{StackSums, descriptions, event_names};
use crate::{LeftOut, summary};

/// Calls are said to be left out with all callers.
const CARRIED: &[Part] = &[Part::Exactness, Part::Lines, Part::Calls, Part::Command];

/// File, function and line.
type Key<'a> = (String, &'a str, i32);

/// Writes all metrics of the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let tables = profile.tables();
    let sums = StackSums::new(profile, selection, EVENTS)?;
    let code = Code::new(tables);
    let costs = costs(profile, &sums, &code);
    for description in descriptions(profile) {
        writeln!(out, "desc: {}", one_line(description))?;
    }
    writeln!(out, "cmd: {}", one_line(&summary::title(&profile.meta)))?;
    writeln!(out, "events: {}", event_names(tables, &sums.metrics).join(" "))?;
    let mut totals = vec![0_i64; sums.metrics.len()];
    let mut before: Option<(&str, &str)> = None;
    for ((file, function, line), values) in &costs {
        if before.is_none_or(|(known, _)| known != file) {
            writeln!(out, "fl={file}")?;
        }
        if before != Some((file, function)) {
            writeln!(out, "fn={function}")?;
        }
        before = Some((file, function));
        writeln!(out, "{line} {}", joined(values))?;
        for (total, value) in totals.iter_mut().zip(values) {
            *total = total.wrapping_add(*value);
        }
    }
    writeln!(out, "summary: {}", joined(&totals))?;
    out.flush()?;
    let mut left_out = sums.left_out(profile, selection, CARRIED)?;
    let has_callers = tables.stacks.iter().any(|stack| stack.parent.is_some()) || !tables.calls.is_empty();
    left_out.extend(has_callers.then(|| "callers".to_owned()));
    Ok(left_out)
}

fn costs<'a>(profile: &Profile, sums: &StackSums, code: &'a Code) -> BTreeMap<Key<'a>, Vec<i64>> {
    let tables = profile.tables();
    let mut costs: BTreeMap<Key<'a>, Vec<i64>> = BTreeMap::new();
    for (row, stack) in tables.stacks.iter().enumerate() {
        let values = sums.of(row);
        if values.iter().all(|value| *value == 0) {
            continue;
        }
        let frame = &tables.frames[stack.frame as usize];
        let function = &code.functions[code.of_frame[stack.frame as usize] as usize];
        let file = frame.file.as_deref().map_or_else(|| function.file.clone(), one_line);
        let key = (file, function.name.as_str(), frame.line.unwrap_or(0).max(0));
        let sum = costs.entry(key).or_insert_with(|| vec![0; values.len()]);
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum = sum.saturating_add(*value);
        }
    }
    costs
}
