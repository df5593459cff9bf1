//! Files that say a thing once and refer to it so often that what they stand for fits into no memory.

use prost::Message;
use pyrometer_formats::Error;
use pyrometer_formats::pprof::{convert, message};
use pyrometer_tables::select::Selection;

use super::common::{read, read_lenient};

/// A name that none has.
fn long() -> String {
    "a".repeat(1 << 20)
}

fn assert_too_large(bytes: impl AsRef<[u8]>, format: &str) {
    for read in [read(&bytes, format), read_lenient(&bytes, format)] {
        assert!(matches!(read, Err(Error::TooLarge { .. })), "{format}: {read:?}");
    }
}

/// A sample of `main`, changed.
fn pprof(change: impl FnOnce(&mut message::Profile)) -> Vec<u8> {
    let mut profile = convert(&read("main 1\n", "folded").unwrap(), &Selection::default()).unwrap();
    change(&mut profile);
    profile.encode_to_vec()
}

#[test]
fn calls_inlined_into_a_place_that_comes_again_and_again_are_too_many() {
    let of_pprof = pprof(|profile| {
        profile.location[0].line = vec![profile.location[0].line[0]; 10_000];
        profile.sample[0].location_id = vec![profile.location[0].id; 10_000];
    });
    assert_too_large(of_pprof, "pprof");
    let lines = vec![r#"{"functionIndex":1}"#; 10_000].join(",");
    let of_otlp = format!(
        r#"{{"resourceProfiles":[{{"scopeProfiles":[{{"profiles":[{{"samples":[{{"stackIndex":1,"values":[7]}}]}}]}}]}}],
        "dictionary":{{"stringTable":["","main"],"functionTable":[{{}},{{"nameStrindex":1}}],
        "locationTable":[{{}},{{"lines":[{lines}]}}],"stackTable":[{{}},{{"locationIndices":[{}]}}]}}}}"#,
        vec!["1"; 10_000].join(",")
    );
    assert_too_large(of_otlp, "otlp");
    let inlined = " 1 0 0".repeat(10_000);
    let traces: String = (0..10_000).map(|caller| format!("t 1 {caller:x}\n")).collect();
    let of_heaptrack =
        format!("v 10550 3\nX ./a\nI 1000 80000\ns 4 main\ni 10 0{inlined}\n{traces}a 8 2710\n+ 0\n");
    assert_too_large(of_heaptrack, "heaptrack");
}

#[test]
fn long_names_of_a_thousand_functions_are_too_long() {
    let of_pprof = pprof(|profile| {
        profile.string_table.push(long());
        let function =
            message::Function { name: profile.string_table.len() as i64 - 1, ..profile.function[0] };
        let line = profile.location[0].line[0];
        profile.function =
            (1..1000).map(|id| message::Function { id, start_line: id as i64, ..function }).collect();
        profile.location[0].line =
            (1..1000).map(|function_id| message::Line { function_id, ..line }).collect();
    });
    assert_too_large(of_pprof, "pprof");
    let column = |value: &dyn Fn(usize) -> String| (0..1000).map(value).collect::<Vec<_>>().join(",");
    let (zeros, rows) = (column(&|_| "0".to_owned()), column(&|row| row.to_string()));
    let of_firefox = format!(
        r#"{{"meta":{{"preprocessedProfileVersion":55}},"threads":[{{"name":"t","pid":1,"tid":1,"stringArray":["{}"],
        "funcTable":{{"length":1000,"name":[{zeros}],"fileName":[{zeros}],"lineNumber":[{rows}]}},
        "frameTable":{{"length":1000,"func":[{rows}]}},"stackTable":{{"length":1,"frame":[0],"prefix":[null]}},
        "samples":{{"length":1,"stack":[0],"time":[1]}}}}]}}"#,
        long()
    );
    assert_too_large(of_firefox, "firefox");
}

#[test]
fn a_function_that_comes_again_has_one_row() {
    let of_pprof = pprof(|profile| {
        let name = profile.function[0].name as usize;
        profile.string_table[name] = long();
        profile.location[0].line = vec![profile.location[0].line[0]; 10_000];
    });
    assert_eq!(read(of_pprof, "pprof").unwrap().tables().functions.len(), 1);
}
