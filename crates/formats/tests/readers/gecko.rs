//! Profiles as Firefox records them: made by hand after its documented form.

use proptest::prelude::*;
use pyrometer_formats::Error;
use pyrometer_tables::Profile;

use super::common::{damage, read, read_lenient, rows};

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

/// As Firefox 153 has it: sources of their own, and addresses of generated code below its functions.
const SOURCES: &str = r#"{"libs":[{"start":4096,"end":8192,"name":"libxul.so","path":"/lib/libxul.so","breakpadId":"AB0","debugPath":"/lib/libxul.so"}],
"meta":{"version":34,"startTime":1000},"sources":{"schema":{"id":0,"filename":1},"data":[["ad38","file:///a.js"]]},
"threads":[{"name":"GeckoMain","pid":5,"tid":6,
 "samples":{"schema":{"stack":0,"time":1},"data":[[3,1.0],[4,2.0],[5,3.0]]},
 "stackTable":{"schema":{"prefix":0,"frame":1},"data":[[null,0],[0,1],[1,2],[2,3],[2,4],[0,3]]},
 "frameTable":{"schema":{"location":0,"relevantForJS":1,"line":2,"column":3},"data":[[0],[1,false,18,1],[2,false,3,19],[3],[4]]},
 "stringTable":["(root)","file:///a.js[0]","spin (file:///a.js:1:14)[0]","0x1b46c3240807","0x1800"]}]}"#;

/// Metric, thread, time, stack and value.
fn samples(profile: &Profile) -> Vec<String> {
    let row = |row: super::common::Row| {
        format!("{} {} {} {} {}", row.metric, row.tid, row.time.unwrap(), row.stack, row.value)
    };
    rows(profile).into_iter().map(row).collect()
}

#[test]
fn callers_are_calls_and_leaves_are_where_they_are() {
    let profile = read(GECKO, "gecko").unwrap();
    // 0x1234 is in a library at 0x1000; as a caller it is the return address.
    assert_eq!(
        samples(&profile),
        [
            "cpu-time 6 1500000 /lib/libxul.so+0x233;run:4;/lib/libxul.so+0x800 7000",
            "cpu-time 6 2500000 /lib/libxul.so+0x233;run:4 0",
            "samples 6 1500000 /lib/libxul.so+0x233;run:4;/lib/libxul.so+0x800 1",
            "samples 6 2500000 /lib/libxul.so+0x233;run:4 1",
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
fn generated_code_is_that_of_its_function() {
    let profile = read(SOURCES, "gecko").unwrap();
    assert_eq!(
        samples(&profile),
        [
            "samples 6 1000000 (root);file:///a.js:18;spin:3 1",
            "samples 6 2000000 (root);file:///a.js:18;spin:3;/lib/libxul.so+0x800 1",
            "samples 6 3000000 (root);?+0x1b46c3240807 1",
        ]
    );
    let functions = &profile.tables().functions;
    let spin = functions.iter().find(|function| function.name == "spin").unwrap();
    assert_eq!((spin.file.as_deref(), spin.line), (Some("/a.js"), Some(1)));
    assert!(functions.iter().any(|function| function.name == "file:///a.js"));
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
        assert!(matches!(read(&text, "gecko"), Err(Error::Malformed { .. })), "{from}");
        let profile = read_lenient(&text, "gecko").unwrap();
        assert!(!profile.meta.complete && !samples(&profile).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(damage in damage(), newer: bool, lenient: bool) {
        damage.read(if newer { SOURCES } else { GECKO }.as_bytes(), "gecko", lenient)?;
    }
}
