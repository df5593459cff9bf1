//! Errors say where in a file they are, and claim no byte that they do not know.

use super::common::read;

/// A field of bytes.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag << 3 | 2, bytes.len() as u8], bytes].concat()
}

/// A profile of one type and one function, with these samples and one more text.
fn pprof(samples: &[u8], text: &[u8]) -> Vec<u8> {
    let texts = ["", "cpu", "count", "f"].map(|text| field(6, text.as_bytes())).concat();
    let place = [field(4, &[8, 1, 34, 2, 8, 1]), field(5, &[8, 1, 16, 3])].concat();
    [&field(1, &[8, 1, 16, 2]), samples, &texts, &place, &field(6, text)].concat()
}

#[test]
fn a_message_that_is_no_protobuf_has_the_byte_where_reading_stopped() {
    let bytes = pprof(&field(2, &[10, 1, 1, 18, 1, 7]), b"\xff\xfe");
    let error = read(&bytes, "pprof").unwrap_err().to_string();
    let expected = format!("file: byte {}: expected a profile of profile.proto, found ", bytes.len());
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn a_sample_that_does_not_fit_is_named_by_its_number() {
    let samples = [field(2, &[10, 1, 1, 18, 1, 7]), field(2, &[10, 1, 9, 18, 1, 7])].concat();
    let error = read(pprof(&samples, b""), "pprof").unwrap_err().to_string();
    assert_eq!(error, "file: sample 1: expected a location with the id 9, found none");
}

#[test]
fn a_part_that_does_not_fit_another_has_no_byte() {
    let text = r#"{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"f"}]},
        "profiles":[{"type":"sampled","name":"x","unit":"none","startValue":0,"endValue":5,"samples":[[0]],"weights":[]}]}"#;
    let error = read(text, "speedscope").unwrap_err().to_string();
    assert_eq!(error, "file: expected 1 weights in profile 0, found 0");
}
