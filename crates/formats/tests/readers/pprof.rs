//! Profiles of pprof, whoever writes them, and what is none.

use pyrometer_formats::read::{Options, read_bytes};
use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::Sample;
use pyrometer_tables::select::Selection;

use super::common::{read, sums};

/// Fields of a message of `profile.proto`.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag << 3 | 2, bytes.len() as u8], bytes].concat()
}

/// A profile of one sample with two values, its parts in the order of these numbers.
fn pprof_in_order(order: [usize; 4]) -> Vec<u8> {
    let texts = ["", "inuse_objects", "count", "inuse_space", "bytes", "f"];
    let parts = [
        [field(1, &[8, 1, 16, 2]), field(1, &[8, 3, 16, 4])].concat(),
        // More of them than are asked for where they come first, of which all but one are nothing.
        [field(2, &[10, 1, 1, 18, 2, 3, 7]), field(2, &[10, 1, 1, 18, 2, 0, 0]).repeat(9)].concat(),
        vec![9 << 3, 0xd8, 0x04, 10 << 3, 1],
        texts.iter().flat_map(|text| field(6, text.as_bytes())).collect(),
    ];
    let place = [field(4, &[8, 1, 34, 2, 8, 1]), field(5, &[8, 1, 16, 5])].concat();
    order.into_iter().flat_map(|at| parts[at].clone()).chain(place).collect()
}

#[test]
fn pprof_is_recognised_in_any_order_of_its_fields() {
    // That of most writers, of Go's runtime, and of one that streams.
    for order in [[0, 1, 3, 2], [2, 0, 1, 3], [1, 0, 2, 3], [3, 0, 1, 2]] {
        let profile = read(pprof_in_order(order), "pprof").unwrap();
        assert_eq!(profile.meta.start_wall, 0x258);
        // The last type is the one to be shown, as nothing else is said.
        assert_eq!(sums(&profile), [("inuse-bytes".into(), 7, 10), ("inuse-blocks".into(), 3, 10)]);
    }
}

/// A profile of one sample of 7 `unit`, in a function of this name that lies at 0x40 of a binary.
fn pprof_of(unit: &str, name: &str) -> Vec<u8> {
    let texts = ["", "cpu", unit, name, "/bin/prog"];
    let parts = [
        field(1, &[8, 1, 16, 2]),
        field(2, &[10, 1, 1, 18, 1, 7]),
        field(3, &[8, 1, 16, 0, 24, 127, 40, 4]),
        texts.iter().flat_map(|text| field(6, text.as_bytes())).collect(),
        field(4, &[8, 1, 16, 1, 24, 0x40, 34, 2, 8, 1]),
        field(5, &[8, 1, 16, 3]),
        field(11, &[8, 1, 16, 2]),
        vec![12 << 3, 2],
    ];
    parts.concat()
}

/// A profile of one sample at this address of this file, of whose code a part is mapped.
fn pprof_at(address: u64, start: u64, offset: u64, path: &str, build_id: &str) -> Vec<u8> {
    let long = |tag: u8, value: u64| {
        let groups = (0..10).map(|at| (value >> (7 * at)) as u8 & 0x7f | u8::from(at < 9) << 7);
        [vec![tag << 3], groups.collect()].concat()
    };
    let span = [long(2, start), long(3, start + 0x100_0000), long(4, offset)].concat();
    let mapping = [vec![8, 1], span, vec![40, 3, 48, 4]].concat();
    let location = [vec![8, 1, 16, 1], long(3, address)].concat();
    let texts = ["", "cpu", "nanoseconds", path, build_id];
    let parts = [
        field(1, &[8, 1, 16, 2]),
        field(2, &[10, 1, 1, 18, 1, 7]),
        field(3, &mapping),
        texts.iter().flat_map(|text| field(6, text.as_bytes())).collect(),
        field(4, &location),
    ];
    parts.concat()
}

fn address_read(bytes: Vec<u8>) -> Option<i64> {
    read(bytes, "pprof").unwrap().tables().frames[0].address
}

#[test]
fn addresses_of_what_is_not_moved_are_its_own() {
    // Go's programs, and others that are not position independent.
    assert_eq!(address_read(pprof_at(0x4d_b4c1, 0x40_0000, 0, "/bin/program", "")), Some(0x4d_b4c1));
    assert_eq!(address_read(pprof_at(0x40_1010, 0x40_1000, 0x1000, "/bin/program", "")), Some(0x40_1010));
}

#[test]
fn addresses_are_those_of_the_binary_if_its_file_is_there() {
    let path = std::env::current_exe().unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let Some(id) = pyrometer_symbols::identity::build_id(&file) else { return };
    let path = path.to_str().unwrap();
    // Wherever it lies, byte 0 of each part is where the program headers say.
    for segment in pyrometer_symbols::identity::segments(&file).iter().filter(|part| part.address > 0) {
        let start = 0x5555_0000_0000;
        let page = segment.offset & !0xfff;
        let at = start + (segment.offset - page) + 5;
        let read = address_read(pprof_at(at, start, page, path, &id));
        assert_eq!(read, i64::try_from(segment.address + 5).ok());
        let other = address_read(pprof_at(at, start, page, path, "00"));
        assert_eq!(other, i64::try_from(segment.offset + 5).ok(), "another build says nothing");
    }
}

#[test]
fn units_of_time_and_size_are_ours() {
    for (unit, expected, ours) in [
        ("nanoseconds", 7, "ns"),
        ("microseconds", 7_000, "ns"),
        ("milliseconds", 7_000_000, "ns"),
        ("seconds", 7_000_000_000, "ns"),
        ("kilobytes", 7 << 10, "bytes"),
        ("furlongs", 7, "count"),
    ] {
        let profile = read(pprof_of(unit, "f"), "pprof").unwrap();
        let metric = &profile.tables().metrics[0];
        assert_eq!((sums(&profile)[0].1, metric.unit.as_str()), (expected, ours), "{unit}");
        assert_eq!(metric.period, 2 * expected / 7, "{unit}");
    }
}

#[test]
fn what_has_no_name_is_its_place_and_counts_as_unsymbolized() {
    for (name, shown, unsymbolized) in [("f", "f", 0), ("", "prog+0x40", 1), ("[unknown]", "[unknown]", 1)] {
        let profile = read(pprof_of("nanoseconds", name), "pprof").unwrap();
        let tables = profile.tables();
        assert_eq!(frame_name(tables, &tables.frames[0]), shown);
        assert_eq!(profile.meta.quality.unsymbolized, unsymbolized, "{name}");
    }
}

#[test]
fn threads_without_ids_are_told_apart_by_their_names() {
    let texts = ["", "cpu", "nanoseconds", "f", "thread", "app", "worker 1"];
    let sample = |value: u8, thread: Option<u8>| {
        let label = thread.map(|text| field(3, &[8, 4, 16, text])).unwrap_or_default();
        field(2, &[&[10, 1, 1, 18, 1, value], &label[..]].concat())
    };
    let parts = [
        field(1, &[8, 1, 16, 2]),
        [sample(7, Some(6)), sample(5, Some(5)), sample(1, None), sample(2, Some(6))].concat(),
        texts.iter().flat_map(|text| field(6, text.as_bytes())).collect(),
        field(4, &[8, 1, 34, 2, 8, 1]),
        field(5, &[8, 1, 16, 3]),
    ];
    let profile = read(parts.concat(), "pprof").unwrap();
    let threads = &profile.tables().threads;
    assert_eq!(
        threads.iter().map(|thread| thread.name.as_str()).collect::<Vec<_>>(),
        ["worker 1", "app", ""]
    );
    let mut sums = [0; 3];
    let add = |batch: &[Sample]| {
        batch.iter().for_each(|sample| sums[sample.thread as usize] += sample.value);
        Ok(())
    };
    profile.for_each_batch(add).unwrap();
    assert_eq!(sums, [9, 5, 1]);
}

#[test]
fn the_programs_binary_is_the_first_mapping_of_pprof() {
    let text = "# callgrind format\ncmd: ./prog 1\nevents: Ir\nob=/lib/libm.so.6\nfn=sin\n1 5\nob=/bin/prog\nfn=main\n1 2\ntotals: 7\n";
    let written =
        pyrometer_formats::pprof::convert(&read(text, "callgrind").unwrap(), &Selection::default()).unwrap();
    let paths = written.mapping.iter().map(|row| written.string_table[row.filename as usize].as_str());
    assert_eq!(paths.collect::<Vec<_>>(), ["/bin/prog", "/lib/libm.so.6"]);
}

#[test]
fn a_program_whose_name_has_spaces_is_found_too() {
    // Valgrind does not quote them, and a text of perf has the name of the process alone.
    let callgrind = "# callgrind format\ncmd: ./my prog 1\nevents: Ir\nob=/lib/libm.so.6\nfn=sin\n1 5\nob=/bin/my prog\nfn=main\n1 2\n";
    let perf = "my prog 7 1.5: 10 cycles:\n\tf sin (/lib/libm.so.6)\n\t1f main (/bin/my prog)\n\n";
    for (format, text) in [("callgrind", callgrind), ("perf-script", perf)] {
        let written =
            pyrometer_formats::pprof::convert(&read(text, format).unwrap(), &Selection::default()).unwrap();
        assert_eq!(written.string_table[written.mapping[0].filename as usize], "/bin/my prog", "{format}");
    }
}

#[test]
fn messages_and_texts_of_others_are_not_pprof() {
    let samples_without_types = field(2, &[10, 1, 1, 18, 1, 7]).repeat(3);
    for other in [&b"PERFILE2"[..], b"P\x01H\x01\n\x04text", b"\n\n main;a 5\n", &samples_without_types] {
        let found = read_bytes("file".as_ref(), other, &Options::default());
        assert!(!found.is_ok_and(|profile| profile.meta.source == "pprof"), "{other:?}");
    }
}
