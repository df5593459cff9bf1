//! CSV, read by the crate `csv`.

use proptest::prelude::*;
use pyrometer_formats::csv;
use pyrometer_tables::select::Selection;

use super::profiles::{Keeps, Rows, add, known, profiles, rows};

#[test]
fn a_table_without_rows_has_its_columns() {
    let written = |selection: Selection| {
        let mut out = Vec::new();
        csv::write(&known(true), &selection, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let header = "metric,unit,value,count,time_ns,cpu,process,pid,thread,tid,function,file,line,column,address,binary,\
                  inlined,kind,stack\n";
    let nothing = Selection { time: Some(0..1), ..Selection::default() };
    assert_eq!(written(nothing), header);
    assert!(written(Selection::default()).starts_with(header));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn csv_keeps_every_sample_with_names(before in profiles(true)) {
        let mut out = Vec::new();
        csv::write(&before, &Selection::default(), &mut out).unwrap();
        let mut reader = ::csv::Reader::from_reader(&out[..]);
        let header = reader.headers().unwrap().clone();
        let mut found = Rows::new();
        for record in reader.records() {
            let record = record.unwrap();
            let cell = |name: &str| &record[header.iter().position(|column| column == name).unwrap()];
            let number = |name: &str| cell(name).parse::<i64>().unwrap();
            let mut key = vec![
                format!("{} in {}", cell("metric"), cell("unit")),
                format!("{} {} of {}", cell("tid"), cell("thread"), cell("pid")),
                format!("{:?}", Some(number("time_ns"))),
                format!("{:?}", Some(number("cpu"))),
            ];
            key.extend(cell("stack").split(';').map(str::to_owned));
            prop_assert_eq!(cell("function").replace(';', ":"), key.last().unwrap().clone());
            add(&mut found, key, number("value"), number("count"));
        }
        let (metrics, threads, times, cpus, counts) = (true, true, true, true, true);
        let keeps = Keeps { metrics, threads, times, cpus, counts, ..Keeps::default() };
        prop_assert_eq!(found, rows(&before, &["cpu-time", "wall-time", "bytes"], keeps));
    }
}
