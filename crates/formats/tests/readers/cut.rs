//! Files that end too early, and what of them is whole.

use std::io::Write;

use pyrometer_formats::Error;
use pyrometer_tables::Profile;

use super::common::{read, read_lenient, rows, sums};
use super::otlp_json::OTLP;

/// Events of one nanosecond each, as a list without its end.
fn events(count: usize) -> String {
    let event = |at: usize| {
        format!(
            r#"{{"name":"f{}","ph":"X","ts":{at},"dur":1,"pid":1,"tid":1,"args":{{"n":[{at}]}}}}"#,
            at % 3
        )
    };
    let events: Vec<_> = (0..count).map(event).collect();
    format!("[{}", events.join(",\n"))
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// A strict reading advises a lenient one, which says what it leaves out.
fn salvaged(bytes: impl AsRef<[u8]>, format: &str) -> Profile {
    let strict = read(bytes.as_ref(), format).unwrap_err();
    assert!(strict.cure().contains("--lenient"), "{strict}");
    let profile = read_lenient(bytes.as_ref(), format).unwrap();
    assert!(!profile.meta.complete && profile.meta.notes[0].contains("left out"), "{:?}", profile.meta.notes);
    profile
}

fn refused(bytes: impl AsRef<[u8]>, format: &str) {
    for found in [read(bytes.as_ref(), format), read_lenient(bytes.as_ref(), format)] {
        let cure = found.as_ref().map_err(Error::cure);
        assert!(cure.is_err_and(|cure| cure.contains("copy it again")), "{:?}", found.map(|of| of.meta));
    }
}

#[test]
fn a_list_of_events_may_lack_its_end_but_not_that_of_an_event() {
    let text = events(100);
    for end in ["", ",", ",\n", "]", "\n]\n"] {
        let profile = read(format!("{text}{end}"), "chrome").unwrap();
        assert_eq!((sums(&profile)[0].1, profile.meta.complete), (100_000, true), "{end:?}");
    }
    for missing in 1..60 {
        let profile = salvaged(&text[..text.len() - missing], "chrome");
        assert_eq!(sums(&profile)[0].1, 99_000, "{missing}");
    }
}

#[test]
fn events_of_an_object_that_is_cut_are_there() {
    let text = format!(r#"{{"otherData":{{"of":"x"}},"traceEvents":{}"#, events(100));
    let profile = salvaged(&text[..text.len() - 20], "chrome");
    assert_eq!((sums(&profile)[0].1, &profile.meta.extra["trace"]["of"]), (99_000, &"x".into()));
    assert!(profile.meta.notes[0].contains("is not whole"), "{:?}", profile.meta.notes);
    refused(r#"{"otherData":{"of":"x"},"traceEvents":[{"name":"f","ph":"X","ts":1,"pid":1"#, "chrome");
}

#[test]
fn of_packed_traces_what_could_be_unpacked_is_there() {
    for text in [events(20_000), format!(r#"{{"traceEvents":{}]}}"#, events(20_000))] {
        let packed = packed(text.as_bytes());
        let profile = salvaged(&packed[..packed.len() / 2], "chrome");
        let kept = sums(&profile)[0].1;
        assert!((5_000_000..15_000_000).contains(&kept), "{kept}");
        assert!(profile.meta.notes[0].contains("compressed data"), "{:?}", profile.meta.notes);
        // All but the last bytes, which tell its length: nothing of the text is missing.
        let profile = salvaged(&packed[..packed.len() - 2], "chrome");
        assert_eq!(sums(&profile)[0].1, 20_000_000);
    }
}

#[test]
fn a_text_that_is_no_json_is_not_taken_for_one_that_is_cut() {
    let text = events(100).replace("\"ts\":50,", "\"ts\":5x,");
    refused(format!("{text}]"), "chrome");
    refused(format!(r#"{{"traceEvents":{text}]}}"#), "chrome");
}

/// A field of a message of protobuf.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag << 3 | 2, bytes.len() as u8], bytes].concat()
}

/// A profile whose samples are behind their names, and the same with the names at the end.
fn pprof(samples: usize) -> [Vec<u8>; 2] {
    let texts: Vec<u8> =
        ["", "samples", "count", "f"].iter().flat_map(|text| field(6, text.as_bytes())).collect();
    let place = [field(4, &[8, 1, 34, 2, 8, 1]), field(5, &[8, 1, 16, 3])].concat();
    let types = field(1, &[8, 1, 16, 2]);
    let samples = field(2, &[10, 1, 1, 18, 1, 7]).repeat(samples);
    [[&types[..], &texts, &place, &samples].concat(), [types, samples, place, texts].concat()]
}

#[test]
fn samples_of_pprof_are_there_if_their_names_are() {
    let [first, last] = pprof(20);
    for missing in 1..8 {
        assert_eq!(sums(&salvaged(&first[..first.len() - missing], "pprof"))[0].1, 19 * 7);
        refused(&last[..last.len() - missing], "pprof");
    }
    let [first, last] = pprof(20_000).map(|profile| packed(&profile));
    let kept = sums(&salvaged(&first[..first.len() / 2], "pprof"))[0].1;
    assert!(0 < kept && kept < 20_000 * 7, "{kept}");
    refused(&last[..last.len() / 2], "pprof");
}

#[test]
fn whole_profiles_of_speedscope_are_there() {
    let profile = |name: &str| {
        format!(
            r#"{{"type":"sampled","name":"{name}","unit":"none","startValue":0,"endValue":2,"samples":[[0],[0,1]],"weights":[1,1]}}"#
        )
    };
    let head = r#"{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"a"},{"name":"b"}]},"profiles":["#;
    let text = format!("{head}{},{}", profile("one"), profile("two"));
    let one = rows(&read(format!("{head}{}]}}", profile("one")), "speedscope").unwrap());
    for missing in [10, 20, 40] {
        assert_eq!(rows(&salvaged(&text[..text.len() - missing], "speedscope")), one);
    }
    refused(&text[..head.len() + 90], "speedscope");
}

#[test]
fn lines_of_otlp_before_one_that_is_cut_are_there() {
    let line = OTLP.replace('\n', "");
    let whole = rows(&read(&line, "otlp").unwrap());
    assert_eq!(rows(&salvaged(format!("{line}\n{}", &line[..line.len() / 2]), "otlp")), whole);
    refused(&line[..line.len() / 2], "otlp");
}
