//! Where code is, in formats that know the file of a function only, and what was run.

use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_formats::{callgrind, speedscope};
use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::Selection;

/// One function without a file of its own, whose lines are in these.
fn lambda(files: &[&str]) -> Profile {
    let frame = |(file, line): (&&str, i32)| Frame {
        function: Some(0),
        file: Some((*file).into()),
        line: Some(line),
        binary: Some(0),
        kind: "native".into(),
        ..Frame::default()
    };
    let rows = 0..files.len() as i32;
    let tables = Tables {
        metrics: vec![Metric {
            name: "Ir".into(),
            unit: "count".into(),
            kind: "exact".into(),
            ..Metric::default()
        }],
        processes: vec![Process { pid: 1, name: "my prog".into(), ..Process::default() }],
        threads: vec![Thread { tid: 1, ..Thread::default() }],
        binaries: vec![Binary { path: "/bin/my prog".into(), ..Binary::default() }],
        functions: vec![Function { name: "operator()".into(), binary: Some(0), ..Function::default() }],
        frames: files.iter().zip(1..).map(frame).collect(),
        stacks: rows.clone().map(|frame| Stack { parent: None, frame }).collect(),
        ..Tables::default()
    };
    let samples = rows.map(|stack| Sample { stack, value: 5, count: 1, ..Sample::default() }).collect();
    let command = ["./my prog", "it's", ""].map(str::to_owned).to_vec();
    Profile::from_parts(Meta { command, complete: true, ..Meta::default() }, tables, samples).unwrap()
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_function_without_a_file_is_in_that_of_all_its_lines() {
    for (files, expected) in [(["a.cpp", "a.cpp"], "a.cpp"), (["a.cpp", "b.h"], "???")] {
        let profile = lambda(&files);
        let callgrind = text(|out| drop(callgrind::write(&profile, &Selection::default(), out).unwrap()));
        assert!(callgrind.contains(&format!("fl=(1) {expected}\n")), "{callgrind}");
        let speedscope = text(|out| drop(speedscope::write(&profile, &Selection::default(), out).unwrap()));
        let file = expected.replace("???", "/bin/my prog");
        assert!(speedscope.contains(&format!(r#"{{"name":"operator()","file":"{file}"}}"#)), "{speedscope}");
    }
}

#[test]
fn words_of_a_command_stay_words() {
    let profile = lambda(&["a.cpp"]);
    let written = text(|out| drop(callgrind::write(&profile, &Selection::default(), out).unwrap()));
    let read = |text: &str| {
        let options = Options { format: Some(by_name("callgrind").unwrap()), lenient: false };
        read_bytes("file".as_ref(), text.as_bytes(), &options).unwrap()
    };
    let back = read(&written);
    assert_eq!(back.meta.command, profile.meta.command);
    assert_eq!(back.tables().processes[0].name, "my prog");
    // Valgrind quotes nothing: what is no quoted word stays as it stands.
    for line in ["./prog it's 'x", "./prog 'a'b", "./prog a 'b c"] {
        let plain = read(&written.replace(r"'./my prog' 'it'\''s' ''", line));
        assert_eq!(plain.meta.command, line.split(' ').collect::<Vec<_>>());
    }
}
