//! Profiles as Firefox records them: made by hand after its documented form.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use pyrometer_formats::Error;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_tables::Profile;
use pyrometer_tables::schema::Sample;

const GECKO: &str = r#"{"libs":[{"start":4096,"end":8192,"offset":0,"name":"libxul.so","path":"/lib/libxul.so","debugName":"libxul.so","debugPath":"/lib/libxul.so","breakpadId":"AB0","codeId":"AABB"}],
"meta":{"version":27,"startTime":1000,"product":"Firefox","sampleUnits":{"time":"ms","eventDelay":"ms","threadCPUDelta":"µs"}},
"threads":[{"name":"GeckoMain","processName":"Parent","pid":5,"tid":6,"registerTime":0,
 "samples":{"schema":{"stack":0,"time":1,"eventDelay":2,"threadCPUDelta":3},"data":[[2,1.5,0,7],[1,2.5],[null,3.5,0,1]]},
 "markers":{"schema":{"name":0},"data":[[0,1,{"type":"x"}]]},
 "stackTable":{"schema":{"prefix":0,"frame":1},"data":[[null,0],[0,1],[1,2]]},
 "frameTable":{"schema":{"location":0,"relevantForJS":1,"line":2,"column":3},"data":[[0,false],[1,true,4],[2]]},
 "stringTable":["0x1234","run (chrome://a.js:3:9)","0x1800"]}],
"processes":[{"meta":{"startTime":1010},"libs":[],
 "threads":[{"name":"GeckoMain","processName":"Web Content","pid":"9","tid":9,
  "samples":{"schema":{"stack":0,"time":1},"data":[[0,1.0]]},
  "stackTable":{"schema":{"prefix":0,"frame":1},"data":[[null,0]]},
  "frameTable":{"schema":{"location":0},"data":[[0]]},"stringTable":["(root)"]}],"processes":[]}]}"#;

fn read(text: &str) -> Result<Profile, Error> {
    let found = read_bytes("file".as_ref(), text.as_bytes(), &Options::default());
    assert!(found.as_ref().map_or(true, |profile| profile.meta.source == "gecko"), "recognised");
    found
}

/// Metric, thread, time, stack and value.
fn samples(profile: &Profile) -> Vec<String> {
    let tables = profile.tables();
    let place = |row: i32| {
        let frame = &tables.frames[row as usize];
        let name = frame.function.map(|row| tables.functions[row as usize].name.clone());
        let line = frame.line.map_or(String::new(), |line| format!(":{line}"));
        name.map_or_else(
            || format!("{:#x} of {:?}", frame.address.unwrap(), frame.binary),
            |name| name + &line,
        )
    };
    let mut found = Vec::new();
    let mut add = |batch: &[Sample]| {
        for sample in batch {
            let (mut path, mut next) = (Vec::new(), Some(sample.stack));
            while let Some(row) = next {
                let node = tables.stacks[row as usize];
                path.push(place(node.frame));
                next = node.parent;
            }
            path.reverse();
            let metric = &tables.metrics[sample.metric as usize].name;
            let tid = tables.threads[sample.thread as usize].tid;
            found.push(format!(
                "{metric} {tid} {} {} {}",
                sample.time.unwrap(),
                path.join(";"),
                sample.value
            ));
        }
        Ok(())
    };
    profile.for_each_batch(&mut add).unwrap();
    found.sort();
    found
}

#[test]
fn callers_are_calls_and_leaves_are_where_they_are() {
    let profile = read(GECKO).unwrap();
    // 0x1234 is in a library at 0x1000; as a caller it is the return address.
    assert_eq!(
        samples(&profile),
        [
            "cpu-time 6 1500000 0x233 of Some(0);run:4;0x800 of Some(0) 7000",
            "cpu-time 6 2500000 0x233 of Some(0);run:4 0",
            "samples 6 1500000 0x233 of Some(0);run:4;0x800 of Some(0) 1",
            "samples 6 2500000 0x233 of Some(0);run:4 1",
            "samples 9 11000000 (root) 1",
        ]
    );
    let tables = profile.tables();
    assert_eq!(tables.binaries[0].build_id.as_deref(), Some("aabb"));
    let names: Vec<_> = tables.processes.iter().map(|process| (process.pid, process.name.as_str())).collect();
    assert_eq!(names, [(5, "Parent"), (9, "Web Content")]);
    assert_eq!((profile.meta.quality.stackless, profile.meta.quality.samples), (1, 3));
    assert_eq!(profile.meta.notes, ["1 markers were not kept."]);
}

#[test]
fn indices_that_lead_nowhere_are_refused_or_left_out() {
    for (from, to) in [
        ("[[2,1.5", "[[3,1.5"),
        ("[0,1],[1,2]]", "[2,1],[1,2]]"),
        ("[1,true,4]", "[3,true,4]"),
        ("[1,2]]", "[1,3]]"),
    ] {
        let text = GECKO.replace(from, to);
        assert!(text != GECKO);
        assert!(matches!(read(&text), Err(Error::Malformed { .. })), "{from}");
        let lenient = Options { format: None, lenient: true };
        let profile = read_bytes("file".as_ref(), text.as_bytes(), &lenient).unwrap();
        assert!(!profile.meta.complete && !samples(&profile).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(
        cut in any::<proptest::sample::Index>(),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        lenient: bool,
    ) {
        let mut bytes = GECKO.as_bytes().to_vec();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1).max(bytes.len() * usize::from(lenient)));
        match read_bytes("file".as_ref(), &bytes, &Options { format: by_name("gecko"), lenient }) {
            Ok(_) | Err(Error::Malformed { .. } | Error::TooLarge { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
