//! What a profile cannot hold as it is: numbers with fractions, those that are too large, names in other encodings.

use pyrometer_formats::Error;

use super::common::{read, read_lenient, sums};

/// A profile of speedscope with these weights of one stack.
fn weights(unit: &str, weights: &str) -> String {
    let schema = "https://www.speedscope.app/file-format-schema.json";
    let samples = vec!["[0]"; weights.split(',').count()].join(",");
    format!(
        r#"{{"$schema":"{schema}","shared":{{"frames":[{{"name":"f"}}]}},"profiles":[{{"type":"sampled","name":"x",
        "unit":"{unit}","startValue":0,"endValue":1,"samples":[{samples}],"weights":[{weights}]}}]}}"#
    )
}

const COARSE: &str =
    "were rounded to whole ones, 1 of them to 0: where that is too coarse, multiply all of them before.";

#[test]
fn fractions_are_rounded_and_that_is_said() {
    let folded = read("main;a 0.25\nmain;b 1.5\nmain 2\n", "folded").unwrap();
    assert_eq!(sums(&folded), [("samples".into(), 4, 4)]);
    assert_eq!(folded.meta.notes, [format!("2 numbers with fractions {COARSE}")]);
    let speedscope = read(weights("none", "0.25,3"), "speedscope").unwrap();
    assert_eq!(sums(&speedscope)[0].1, 3);
    assert_eq!(
        speedscope.meta.notes,
        [format!(
            "1 number with a fraction {}",
            COARSE.replace("were rounded to whole ones, 1 of them", "was rounded to a whole one,")
        )]
    );
}

#[test]
fn names_that_are_no_utf_8_are_said() {
    let latin = read(b"main;\xe4b 5\nmain;caf\xe9 7\n", "folded").unwrap();
    let [note] = &latin.meta.notes[..] else { panic!("{:?}", latin.meta.notes) };
    assert!(
        note.starts_with("Names of functions with bytes that are no UTF-8 have \u{fffd} there: 2. "),
        "{note}"
    );
    assert!(read("main;\u{e4}b 5\n", "folded").unwrap().meta.notes.is_empty());
}

#[test]
fn nothing_is_said_of_fractions_that_are_whole_in_our_units() {
    for text in [weights("milliseconds", "0.25,3"), weights("none", "4.0,3")] {
        assert!(read(text, "speedscope").unwrap().meta.notes.is_empty());
    }
    assert!(read("main 2.0\n", "folded").unwrap().meta.notes.is_empty());
}

#[test]
fn a_weight_of_more_than_63_bits_is_refused() {
    let error = read(weights("none", "1e30,3"), "speedscope").unwrap_err();
    assert_eq!(
        error.to_string(),
        "file: expected a weight of less than 2^63 in profile 0, found 1000000000000000000000000000000"
    );
    let kept = read_lenient(weights("none", "1e30,3"), "speedscope").unwrap();
    assert_eq!(kept.meta.notes.len(), 1);
}

#[test]
fn values_that_add_up_to_more_than_63_bits_are_refused() {
    let most = i64::MAX;
    let head = "# callgrind format\nevents: Ir\n";
    for (format, text) in [
        ("folded", format!("main;a {most}\nmain;b 1\n")),
        ("folded", format!("main {most}\nmain 1\n")),
        ("callgrind", format!("{head}fn=a\n1 {most}\nfn=b\n1 1\n")),
        ("callgrind", format!("{head}fn=a\n1 {most}\n1 1\n")),
        ("speedscope", weights("none", "6e18,6e18")),
    ] {
        let error = read(&text, format).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{text}: {error}");
        assert!(error.to_string().ends_with("do not add up within 63 bits"), "{error}");
    }
    for (format, text) in [
        ("folded", format!("main;a {}\nmain;b 1\n", most - 2)),
        ("callgrind", format!("{head}fn=a\n1 {}\nfn=b\n1 1\n", most - 2)),
    ] {
        assert_eq!(sums(&read(&text, format).unwrap())[0].1, most - 1);
    }
}
