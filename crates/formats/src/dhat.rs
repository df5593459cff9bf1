//! DHAT's JSON, version 2, as DHAT's viewer (`dh_view.html`) reads it.
//!
//! A profile of a heap, of copies or of ad hoc events becomes what it was. Of any other the metric that is selected is
//! written as ad hoc events, for which DHAT has a mode: units are its values, events its samples.

mod points;

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::schema::Frame;
use pyrometer_tables::select::Selection;
use serde::Serialize;
use serde_json::Value;

use crate::carried::Part;
use crate::error::Result;
use crate::read::dhat::{ABOUT, About};
use crate::stack_sums::StackSums;
use crate::{LeftOut, summary};
use points::{Fields, Frames, Point};

/// More metrics than there are fields.
const METRICS: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    dhat_file_version: u32,
    mode: &'static str,
    verb: &'static str,
    bklt: bool,
    bkacc: bool,
    #[serde(flatten)]
    about: About,
    creator: &'a str,
    cmd: String,
    pid: i32,
    pps: Vec<Point>,
    ftbl: Vec<String>,
}

/// Binaries stand where no line is known.
const CARRIED: &[Part] = &[
    Part::Unit,
    Part::Exactness,
    Part::Counts,
    Part::Lines,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
    Part::Command,
];

/// Writes the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let tables = profile.tables();
    let sums = StackSums::new(profile, selection, METRICS)?;
    let fields = Fields::of(tables, &sums.metrics, selection.metric);
    let mut frames = Frames::new(tables);
    let pps = (0..tables.stacks.len()).filter_map(|stack| fields.point(stack, &sums, &mut frames)).collect();
    let negative = frames.negative;
    let document = Document {
        dhat_file_version: 2,
        mode: fields.mode.name,
        verb: fields.mode.verb,
        bklt: fields.has_lifetimes,
        bkacc: fields.has_accesses,
        about: about(profile, &fields),
        creator: &profile.meta.creator,
        cmd: summary::title(&profile.meta),
        pid: tables.processes.first().map_or(0, |process| process.pid),
        pps,
        ftbl: frames.texts,
    };
    serde_json::to_writer(&mut out, &document)?;
    writeln!(out)?;
    out.flush()?;
    let mut left_out = left_out(profile, selection, &sums, &fields)?;
    if negative > 0 {
        left_out.push(format!("{negative} stacks with negative values"));
    }
    Ok(left_out)
}

/// Units and times: those that the profile was read with, or what it knows.
fn about(profile: &Profile, fields: &Fields) -> About {
    let kept = profile.meta.extra.get(ABOUT).cloned().and_then(|kept| serde_json::from_value(kept).ok());
    let kept: About = kept.unwrap_or_default();
    let is_known = !kept.tu.is_empty();
    let [one, many, often] =
        fields.units(profile.tables()).map_or([None, None, None], |units| units.map(Some));
    About {
        bu: kept.bu.or(one),
        bsu: kept.bsu.or(many),
        bksu: kept.bksu.or(often),
        tu: if is_known { kept.tu } else { "ns".to_owned() },
        mtu: if is_known { kept.mtu } else { "ms".to_owned() },
        tuth: kept.tuth.or(fields.has_lifetimes.then_some(10_000)),
        te: if is_known { kept.te } else { u64::try_from(profile.meta.duration).unwrap_or(0) },
        tg: kept.tg.or(fields.has_lifetimes.then_some(0)),
    }
}

fn left_out(profile: &Profile, selection: &Selection, sums: &StackSums, fields: &Fields) -> Result<LeftOut> {
    let tables = profile.tables();
    let mut left_out = sums.left_out(profile, selection, CARRIED)?;
    if fields.has_accesses && tables.events.iter().all(|event| event.name == "access-histogram") {
        left_out.retain(|what| what != "events");
    }
    let unused: Vec<_> = sums
        .metrics
        .iter()
        .filter(|metric| !fields.has(**metric))
        .map(|metric| tables.metrics[*metric as usize].name.as_str())
        .filter(|name| !(fields.has_accesses && name.starts_with("never-")))
        .collect();
    if !unused.is_empty() {
        left_out.push(format!("metrics ({})", unused.join(", ")));
    }
    let has_both = |frame: &Frame| frame.file.is_some() && frame.binary.is_some();
    let parts = [(tables.frames.iter().any(has_both), "binaries of frames whose line is known")];
    left_out.extend(parts.iter().filter(|(there, _)| *there).map(|(_, what)| (*what).to_owned()));
    Ok(left_out)
}

/// The histograms of accesses, by stack: as the file has them.
fn histogram(payload: &str) -> Option<Vec<i64>> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let runs = payload.get("runs")?.as_array()?;
    let mut encoded = Vec::new();
    for run in runs {
        let (length, value) = (run.get(0)?.as_i64()?, run.get(1)?.as_i64()?);
        if length != 1 {
            encoded.push(length.checked_neg()?);
        }
        encoded.push(value);
    }
    Some(encoded)
}
