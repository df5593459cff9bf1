//! Lines that are counted: by threads and as they come, the same table or the same refusal.
#![no_main]

use std::io::Cursor;

use pyrometer_tally::{Counting, Rules, Spread, Value, Weights, print, unpacked};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((options, text)) = bytes.split_first() else { return };
    let weights = [Weights::Unit, Weights::Whole, Weights::Fraction][usize::from(options % 3)];
    let rules = Rules {
        weights,
        erase: options & 4 != 0,
        prefix: (options & 8 != 0).then(|| b"a".to_vec()),
        detailed: options & 16 != 0,
        ..Rules::default()
    };
    assert_eq!(table(&rules, text, false), table(&rules, text, true));
});

/// The table, or what is said of the first line that cannot be counted.
fn table(rules: &Rules, text: &[u8], live: bool) -> Result<Vec<u8>, String> {
    let counting = Counting::new(rules.clone(), live);
    let source = unpacked("lines".to_owned(), Cursor::new(text.to_vec()));
    counting.run(vec![source], None).map_err(|error| error.to_string())?;
    let tally = counting.finish();
    if !matches!(tally.progress.total, Value::Fraction(_)) {
        let sum: i128 = tally.rows().map(|row| if let Value::Whole(sum) = row.value { sum } else { 0 }).sum();
        assert_eq!(Value::Whole(sum), tally.progress.total);
    }
    let mut printed = Vec::new();
    if rules.detailed {
        print(&Spread::of(&tally).by_weight(), None, &mut printed).expect("memory");
    } else {
        print(&tally, None, &mut printed).expect("memory");
    }
    Ok(printed)
}
