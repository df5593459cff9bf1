//! OTLP as JSON, in the forms that protobuf's mapping allows.

use proptest::prelude::*;
use pyrometer_formats::Error;

use super::common::{damage, read, read_lenient, rows};

/// A profile with times, one of sums, texts by index and by value; numbers of 64 bits as texts and as numbers.
pub(super) const OTLP: &str = r#"{"resourceProfiles":[{"resource":{"attributes":[
 {"key":"process.pid","value":{"intValue":"42"}},{"key":"process.executable.name","value":{"stringValue":"app"}},
 {"key":"telemetry.hash","value":{"bytesValue":"AQI="}},{"key":"ratio","value":{"doubleValue":"NaN"}}]},
 "scopeProfiles":[{"scope":{"name":"agent","version":"2"},"schemaUrl":"x","profiles":[
  {"sampleType":{"typeStrindex":1,"unitStrindex":2},"timeUnixNano":"1000","durationNano":500,"period":"10",
   "profileId":"AAAAAAAAAAAAAAAAAAAAAA==","unknownField":{"a":[1]},
   "samples":[{"stackIndex":1,"timestampsUnixNano":["1100",1200],"attributeIndices":[1],"linkIndex":0},
              {"stackIndex":2,"values":["7"],"timestampsUnixNano":null}]}]}]}],
 "dictionary":{"mappingTable":[{},{"memoryStart":"4096","memoryLimit":"8192","filenameStrindex":6,"attributeIndices":[2]}],
  "locationTable":[{},{"mappingIndex":1,"address":"4112","lines":[{"functionIndex":1,"line":"3"}]},
                   {"lines":[{"functionIndex":2}]}],
  "functionTable":[{},{"nameStrindex":3,"filenameStrindex":5},{"nameStrindex":4}],
  "linkTable":[{},{"traceId":"00112233445566778899aabbccddeeff","spanId":"0011223344556677"}],
  "stringTable":["","samples","count","inner","main","a.c","/bin/app","thread.id","process.executable.build_id.gnu"],
  "attributeTable":[{},{"keyStrindex":7,"value":{"intValue":9}},{"keyStrindex":8,"value":{"stringValue":"ab12"}}],
  "stackTable":[{},{"locationIndices":[1,2]},{"locationIndices":[2]}]}}
"#;

/// Thread, time, stack and value.
fn samples(text: &str) -> Vec<String> {
    let profile = read(text, "otlp").unwrap();
    let time = |time: Option<i64>| time.map_or("-".to_owned(), |time| time.to_string());
    let line =
        |row: super::common::Row| format!("{} {} {} {}", row.tid, time(row.time), row.stack, row.value);
    rows(&profile).into_iter().map(line).collect()
}

const SAMPLES: [&str; 3] = ["0 - main 7", "9 100 main;inner:3 1", "9 200 main;inner:3 1"];

#[test]
fn json_has_what_a_message_has() {
    assert_eq!(samples(OTLP), SAMPLES);
    let profile = read(OTLP, "otlp").unwrap();
    let tables = profile.tables();
    assert_eq!((tables.processes[0].pid, tables.processes[0].name.as_str()), (42, "app"));
    let binary = &tables.binaries[0];
    assert_eq!((binary.path.as_str(), binary.build_id.as_deref()), ("/bin/app", Some("ab12")));
    assert!(tables.frames.iter().any(|frame| frame.address == Some(16)));
    let meta = &profile.meta;
    assert_eq!((meta.start_wall, meta.duration, &meta.extra["exporter"]), (1000, 500, &"agent 2".into()));
    assert_eq!(meta.notes, ["attributes that have no place here were left out: telemetry.hash, ratio"]);
}

#[test]
fn the_tables_may_come_first_and_a_file_have_several_messages() {
    let (resources, tables) = OTLP.trim_end().split_once("\n \"dictionary\"").unwrap();
    let resources = resources.strip_prefix('{').unwrap().trim_end_matches(',');
    let tables = tables.strip_suffix('}').unwrap();
    let swapped = format!("{{\"dictionary\"{tables},{resources}}}");
    assert_eq!(samples(&swapped), SAMPLES);
    let line = swapped.replace('\n', "");
    let later = line.replace("\"1000\"", "\"900\"");
    let twice = samples(&format!("{line}\n{later}\n"));
    // All times are those since the first profile began.
    let each = ["0 - main 7", "9 200 main;inner:3 1", "9 300 main;inner:3 1"];
    assert_eq!(twice, each.map(|row| [row; 2]).concat());
}

#[test]
fn what_is_no_number_or_leads_nowhere_is_refused() {
    for (from, to) in [
        ("\"period\":\"10\"", "\"period\":\"ten\""),
        ("\"stackIndex\":1", "\"stackIndex\":1.5"),
        ("\"stackIndex\":1", "\"stackIndex\":4294967297"),
        ("\"1100\",1200", "\"1100\",-1"),
        ("\"stringTable\":[", "\"stringTable\":[3,"),
        ("{\"intValue\":9}", "{\"intValue\":\"\"}"),
        ("{\"doubleValue\":\"NaN\"}", "{\"doubleValue\":\"much\"}"),
    ] {
        let error = read(OTLP.replace(from, to), "otlp").unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{to}: {error}");
        assert!(!error.cure().contains("--lenient"), "{to}: {}", error.cure());
    }
    let lost = OTLP.replace("\"stackIndex\":2", "\"stackIndex\":9");
    assert!(matches!(read(&lost, "otlp"), Err(Error::Malformed { .. })));
    assert!(!read_lenient(&lost, "otlp").unwrap().meta.complete);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(damage in damage(), lenient: bool) {
        damage.read(OTLP.as_bytes(), "otlp", lenient)?;
    }
}
