"""The command line: what it accepts, what it refuses, and how it ends."""

import gzip
import json
import os
import resource
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import known
import pytest

import pyrometer
from pyrometer.cli import run
from pyrometer.cli.group import COMMANDS
from pyrometer.cli.passing import end_like
from pyrometer.cli.show import VIEWS
from pyrometer.errors import every_class, from_kind

COMMAND = [sys.executable, "-c", "from pyrometer.cli import main; main()"]


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    """A profile in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "known.pyro"
    known.profile().save(path)
    return path


def test_help_is_quick_and_lists_every_command():
    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
        assert all(name in shown for name in COMMANDS)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # CPU time, which other work on the machine hardly changes; `make bench` measures the wall clock.
    assert min(cpu_seconds() for _ in range(5)) < 0.1


def test_help_loads_neither_rich_nor_the_extension():
    script = "import sys; from pyrometer.cli import run; run(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "click" in loaded
    assert not {"rich", "pyrometer._native", "pyrometer.api", "asyncio"} & set(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name, capsys):
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"  pyrometer {name}" in shown
    assert COMMANDS[name].help


@pytest.mark.parametrize("view", sorted(set(VIEWS) - {"stat", "accesses", "causal"}))
@pytest.mark.parametrize("form", ["text", "json", "md"])
def test_every_view_in_every_format(file, capsys, view, form):
    arguments = ["--function", "parse"] if "function" in VIEWS[view] else []
    names = {"binaries": "/lib/libc.so.6", "files": "/src/program.rs"}
    assert run(["show", "--view", view, "--format", form, *arguments]) == (99 if view == "annotate" else 0)
    shown, errors = capsys.readouterr()
    assert ("the machine code of program::parse cannot be shown" in errors) == (view == "annotate")
    if form == "json":
        kinds = {"callers": "neighbours", "callees": "neighbours", "annotate": "annotation", "files": "metrictable"}
        assert json.loads(shown)["view"] == kinds.get(view, view)
    else:
        assert "lost 2 (6.7 %)" in shown
        assert names.get(view, "program::parse") in shown
    assert ("next: pyrometer " in shown) == (form == "text")


def test_filters_have_the_names_of_the_api(file, capsys):
    options = ["--exclude", "solve", "--thread", "main", "--time", "0:1", "--binary", "program", "--process", "100"]
    assert run(["show", str(file), "--format", "json", *options]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["basis"]["samples"] == 6
    assert [row["place"]["name"] for row in shown["rows"]] == ["program::lex", "program::parse", "program::main"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "--depth", "3"], "--depth has no meaning for --view top; it is for: tree"),
        (["show", "--view", "tree", "--limit", "3"], "--limit has no meaning"),
        (["show", "--view", "callers"], "needs --function NAME"),
        (["show", "--view", "annotate", "--function", "f", "--collapse-runtime"], "--collapse-runtime has no meaning"),
        (["show", "--view", "binaries", "--hide", "f"], "--hide has no meaning for --view binaries"),
        (["show", "--view", "summary", "--metric", "all"], "--view summary is of one --metric"),
        (["show", "--time", "2:1"], "ends before it starts"),
        (["show", "--time", "soon"], "START:END"),
        (["show", "--limit", "0"], "0"),
        (["record"], "Give either a program after -- or a process with -p"),
        (["record", "-p", "1", "--", "true"], "Give either"),
        (["record", "--duration", "0", "--", "true"], "--duration"),
        (["export"], "--to"),
        (["flamegraph", "a.pyro", "--", "true"], "not both"),
        (["flamegraph", "--rate", "99"], "no meaning without a program"),
        (["shwo"], "Did you mean 'show'?"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(file, capsys, arguments, said):
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def assert_error(capsys, code: int, *said: str) -> None:
    shown = capsys.readouterr().err
    lines = shown.splitlines()
    assert lines[0].startswith("error: ")
    assert lines[-1].startswith("try: ")
    assert "Traceback" not in shown
    assert code in {known.exit_code for known in every_class()}
    for words in said:
        assert words in shown


def test_no_profile_in_the_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["show"]) == 81
    assert_error(capsys, 81, str(tmp_path), "pyrometer record -- PROGRAM")


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", 82, "is empty"),
        (b"just text\n", 82, "not a profile"),
        (b"\x7fELF" + bytes(100), 82, "not a profile"),
        (b"PK\x03\x04" + bytes(100), 83, "a.pyro"),
        (b'{"$schema": "https://www.speedscope.app/file-format-schema.json"}', 112, "speedscope"),
        (b'{"meta": {"preprocessedProfileVersion": 60}}', 112, "Firefox"),
        (b'<?xml version="1.0"?><svg><title>Flame Graph</title></svg>', 82, "flame graph"),
    ],
)
def test_what_is_no_profile(tmp_path, capsys, content, code, said):
    path = tmp_path / "a.pyro"
    path.write_bytes(content)
    assert run(["show", str(path)]) == code
    assert_error(capsys, code, str(path), said)


def test_missing_files_and_folders(tmp_path, capsys):
    assert run(["show", str(tmp_path / "a.pyro")]) == 81
    assert_error(capsys, 81, "there is no file")
    assert run(["show", str(tmp_path)]) == 82
    assert_error(capsys, 82, "is a folder")


def test_a_cut_profile(file, capsys):
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert run(["show", str(file)]) == 83
    assert_error(capsys, 83, "known.pyro")


def test_filters_that_select_nothing_known(file, capsys):
    assert run(["show", "--metric", "cycles"]) == 88
    assert_error(capsys, 88, "cpu-time, page-faults")
    assert run(["show", "--focus", "("]) == 88
    assert_error(capsys, 88, "regular expression")
    assert run(["show", "--view", "callers", "--function", "nobody"]) == 89
    assert_error(capsys, 89, "nobody", "pyrometer show known.pyro --view top")


def test_programs_that_cannot_be_recorded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plain = tmp_path / "plain"
    plain.write_text("no program")
    assert run(["record", "--", "pyhton3-no-such"]) == 127
    assert_error(capsys, 127, "pyhton3-no-such")
    assert run(["record", "--", "bsah"]) == 127
    assert_error(capsys, 127, "did you mean bash")
    assert run(["record", "--", "plain"]) == 127
    assert_error(capsys, 127, "write ./plain")
    assert run(["record", "--", "./plain"]) == 126
    assert_error(capsys, 126, "chmod +x ./plain")
    assert run(["record", "--", str(tmp_path)]) == 126
    assert_error(capsys, 126, "is a folder")
    assert run(["record", "--rate", "0", "--", "true"]) == 96
    assert_error(capsys, 96, "0 samples a second")
    assert run(["record", "-o", "no/a.pyro", "--", "true"]) == 98
    assert_error(capsys, 98, "mkdir -p no")
    assert list(tmp_path.iterdir()) == [plain]


def test_the_newest_profile_is_meant(file, capsys):
    older = file.with_name("older.pyro")
    known.profile().save(older)
    os.utime(older, (1, 1))
    (file.parent / "left.pyro.recording").write_bytes(b"")
    assert run(["show"]) == 0
    shown = capsys.readouterr()
    assert "pyrometer show known.pyro" in shown.out
    assert "left.pyro.recording was interrupted" in shown.err


@pytest.mark.parametrize(
    ("target", "suffix"),
    [
        ("folded", ".folded"),
        ("speedscope", ".speedscope.json"),
        ("pprof", ".pb.gz"),
        ("firefox", ".firefox.json"),
    ],
)
def test_an_exported_file_shows_what_the_profile_shows(file, capsys, target, suffix):
    assert run(["export", "--to", target]) == 0
    path = file.with_name(f"known{suffix}")
    assert f"wrote {path.name}" in capsys.readouterr().err
    assert run(["show", str(path)]) == 0
    assert "program::solve" in capsys.readouterr().out
    assert run(["export", "--to", target, "-o", "no/where"]) == 98
    assert_error(capsys, 98, "no/where")
    assert not list(file.parent.glob(".*partial"))


@pytest.mark.parametrize(
    ("target", "suffix", "begins"),
    [
        ("chrome", ".trace.json", b'{"displayTimeUnit"'),
        ("otlp", ".otlp.pb", b"\x0a"),
        ("otlp-json", ".otlp.json", b'{"resourceProfiles":'),
        ("csv", ".csv", b"metric,unit"),
    ],
)
def test_an_export_is_a_whole_file(file, capsys, target, suffix, begins):
    assert run(["export", "--to", target]) == 0
    path = file.with_name(f"known{suffix}")
    assert f"wrote {path.name}" in capsys.readouterr().err
    assert path.read_bytes().startswith(begins)
    assert b"program::solve" in path.read_bytes()
    assert run(["export", "--to", target, "-o", "no/where"]) == 98
    assert_error(capsys, 98, "no/where")
    assert not list(file.parent.glob(".*partial"))


def test_a_folder_of_parquet_replaces_its_own_kind_only(file, capsys):
    assert run(["export", "--to", "parquet"]) == 0
    said = capsys.readouterr().err
    assert "left out" not in said
    folder = file.with_name("known.parquet")
    assert {path.name for path in folder.iterdir()} >= {"meta.json", "samples.parquet", "stacks.parquet"}
    (folder / "samples.parquet").write_bytes(b"")
    assert run(["export", "--to", "parquet"]) == 0
    capsys.readouterr()
    assert (folder / "samples.parquet").read_bytes().startswith(b"PAR1")
    (folder / "letters.txt").write_text("keep me")
    assert run(["export", "--to", "parquet"]) == 98
    assert_error(capsys, 98, "`letters.txt`", "choose another name")
    assert (folder / "letters.txt").read_text() == "keep me"
    assert run(["export", "--to", "parquet", "-o", str(file)]) == 98
    assert_error(capsys, 98, "it is no folder")
    assert run(["export", "--to", "csv", "-o", str(folder)]) == 98
    assert_error(capsys, 98, "it is a folder")
    assert not list(file.parent.glob(".pyrometer-*"))


def test_foreign_files_are_converted_and_added(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.folded").write_text("main;work 42\n")
    (tmp_path / "b.folded").write_text("main;work 2\nmain 1\n")
    assert run(["import", "a.folded", "b.folded"]) == 0
    assert "read from folded" in capsys.readouterr().out
    assert run(["show", "a.pyro", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["place"]["name"]: row["self"]["value"] for row in rows} == {"work": 44, "main": 1}


def test_a_file_of_other_things_than_are_kept_says_so(tmp_path, capsys):
    (tmp_path / "trace").write_text('[{"name":"f","ph":"b","id":1,"pid":1,"tid":1,"ts":1}]')
    assert run(["show", str(tmp_path / "trace")]) == 88
    said = capsys.readouterr().err
    assert "1 events without a stack (asynchronous, flows, objects) were not kept" in said
    assert "measure again" not in said


def test_nothing_is_written_of_a_file_of_which_nothing_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cg").write_text("# callgrind format\nversion: 1\npid:")
    (tmp_path / "trace").write_text('{"traceEvents":[]}')
    assert run(["import", "--lenient", "cg"]) == 88
    said = capsys.readouterr().err
    assert "cg has no metric" in said
    assert "2 things that do not fit were left out: " in said
    assert "write or copy it again" in said
    assert run(["import", "trace"]) == 88
    assert "measure again" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"cg", "trace"}


@pytest.mark.parametrize("packed", [False, True])
def test_symbolize_leaves_foreign_files_as_they_are(tmp_path, monkeypatch, capsys, packed):
    monkeypatch.chdir(tmp_path)
    text = b"main;work 42\n"
    before = gzip.compress(text) if packed else text
    foreign = tmp_path / ("a.folded.gz" if packed else "a.folded")
    foreign.write_bytes(before)
    assert run(["symbolize", foreign.name]) == 0
    assert "pyrometer show a.pyro" in capsys.readouterr().out
    assert pyrometer.load(foreign).symbolize().path == Path("a-2.pyro")
    assert foreign.read_bytes() == before
    assert pyrometer.load("a.pyro").meta.source == pyrometer.load("a-2.pyro").meta.source == "folded"
    assert run(["symbolize", "a.pyro"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a-2.pyro", "a.pyro", foreign.name}


def test_names_that_other_tools_found_count_as_names_after_symbolize_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "massif.out").write_text(
        "desc: (none)\ncmd: p\ntime_unit: i\n#-----------\nsnapshot=0\n#-----------\ntime=1\nmem_heap_B=30\n"
        "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=peak\nn2: 30 (heap allocation functions) malloc/new/new[]\n"
        " n0: 20 0x48FD503: f (in /nowhere/x.so)\n n0: 10 0x48FD600: ??? (in /nowhere/x.so)\n"
    )
    read = pyrometer.load("massif.out")
    assert read.meta.quality.unsymbolized * 2 == read.meta.quality.samples
    assert read.symbolize(offline=True).meta.quality == read.meta.quality


def test_symbolize_is_advised_where_there_are_addresses(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.folded").write_text("main;[unknown] 42\n")
    (tmp_path / "some.heap").write_text(
        "heap profile: 1: 9 [1: 9] @ heapprofile\n1: 9 [1: 9] @ 0x1010\n\nMAPPED_LIBRARIES:\n"
        "1000-2000 r-xp 00000000 00:00 1 /nowhere/prog\n"
    )
    for name, advised in [("none.folded", False), ("some.heap", True)]:
        for view in ("top", "summary"):
            assert run(["show", name, "--view", view]) == 0
            shown = capsys.readouterr().out
            assert "unsymbolized 1 of 1 allocation point" in shown or "unsymbolized 42 (100.0 %)" in shown
            assert ("next: pyrometer symbolize" in shown) == advised, shown


def test_what_asks_jemalloc_for_memory_is_shown_instead_of_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "je.heap").write_text(
        "heap profile: 1: 9 [1: 9] @ heapprofile\n1: 9 [1: 9] @ 0x7f011011 0x7f011021 0x55002031\n\nMAPPED_LIBRARIES:\n"
        "7f011000-7f012000 r-xp 00000000 00:00 1 /nowhere/libjemalloc.so.2\n"
        "55002000-55003000 r-xp 00000000 00:00 2 /nowhere/prog\n"
    )
    for option, leaf in ([], "prog+0x30"), (["--show-allocators"], "libjemalloc.so.2+0x10"):
        assert run(["show", "je.heap", "--format", "json", *option]) == 0
        rows = json.loads(capsys.readouterr().out)["rows"]
        assert [row["place"]["name"] for row in rows if row["self"]["value"]] == [leaf]


def test_code_without_a_name_is_told_apart_by_its_binary(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "perf.txt").write_text(
        "".join(
            f"a 7 1.{at}: 1 {event}:\n\t 1 [unknown] (/lib/{binary})\n\t 2 main (/a)\n\n"
            for at, (event, binary) in enumerate([("cycles", "b.so"), ("cycles", "c.so"), ("faults", "c.so")], 1)
        )
    )
    for options in (["--metric", "all"], [], ["--view", "tree"]):
        assert run(["show", "perf.txt", *options]) == 0
        shown = capsys.readouterr().out
        assert all(f"[unknown] [{binary}]" in shown for binary in ("b.so", "c.so")), shown


def test_lines_of_another_tools_file_are_enough_without_its_machine_code(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    positions = "# callgrind format\nversion: 1\npositions: instr line\nevents: Ir\nob=/nowhere/prog\nfl=a.c\nfn=main\n"
    (tmp_path / "cg").write_text(f"{positions}0x1150 3 70\n")
    assert run(["annotate", "main", "cg"]) == 0
    shown, errors = capsys.readouterr()
    assert "no machine code: /nowhere/prog" in " ".join(shown.split())
    assert not errors
    (tmp_path / "cg").write_text(f"{positions}0x1150 0 70\n")
    assert run(["annotate", "main", "cg"]) == pyrometer.DisassemblyError.exit_code


def test_annotate_says_that_the_function_comes_first(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.folded").write_text("main;work 5\n")
    assert run(["annotate", "a.folded", "work"]) == 2
    assert "pyrometer annotate work a.folded" in capsys.readouterr().err
    (tmp_path / "a.pyro").touch()
    assert run(["annotate", "a.pyro"]) == 2
    assert "pyrometer annotate FUNCTION a.pyro" in capsys.readouterr().err
    # A program of the name of a function says nothing.
    (tmp_path / "work").touch()
    assert run(["annotate", "work", "a.folded"]) == 99


def test_nothing_is_chosen_by_time_where_there_are_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.folded").write_text("main;work 5\n")
    for view in ("summary", "top", "tree", "lines"):
        assert run(["show", "a.folded", "--view", view, "--time", "0:1"]) == 88
        assert "does not tell when" in capsys.readouterr().err
    (tmp_path / "b.txt").write_text("a 7 1.5: 3 cycles:\n\t1 main (/a)\n\na 7 2.5: 4 cycles:\n\t1 main (/a)\n\n")
    assert run(["show", "b.txt", "--time", "100:101"]) == 0
    assert "the filters leave none" in capsys.readouterr().out


def test_a_foreign_file_that_does_not_fit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.folded").write_text("main;work 42\nwhat\n")
    assert run(["import", "--from", "folded", "a.folded"]) == 112
    assert_error(capsys, 112, "line 2 (byte 13)", "--lenient")
    assert not list(tmp_path.glob("*.pyro"))
    assert run(["import", "--from", "folded", "--lenient", "a.folded"]) == 0
    assert "1 things that do not fit were left out" in capsys.readouterr().out
    assert run(["import", "--from", "elf", "a.folded"]) == 88


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 81, "there is no file"),
        (b"", 82, "is empty"),
        (b"\x7fELF" + bytes(100), 82, "pyrometer record -- "),
        (b"PYRJOURN" + bytes(100), 82, "is a profile of Pyrometer already"),
        (b"just text\n", 82, "--from FORMAT"),
    ],
)
def test_what_cannot_be_imported(tmp_path, capsys, content, code, said):
    path = tmp_path / "a"
    if content is not None:
        path.write_bytes(content)
    assert run(["import", str(path)]) == code
    assert_error(capsys, code, said)


def test_export_refuses_what_a_format_cannot_hold(file, capsys):
    assert run(["export", "--to", "pprof", "--collapse-runtime"]) == 88
    assert_error(capsys, 88, "collapse-runtime has no meaning for the format pprof")


@pytest.mark.parametrize("target", ["folded", "pprof", "csv"])
def test_an_export_without_samples_says_so(file, capsys, target):
    assert run(["export", "--to", target, "--focus", "nowhere"]) == 0
    assert "no samples: the filters leave none" in capsys.readouterr().err
    assert run(["export", "--to", target, "--focus", "solve"]) == 0
    assert "no samples" not in capsys.readouterr().err


def test_samples_of_another_metric_are_samples(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("two.folded").write_text("main;left 5 0\nmain;right 0 7\n")
    assert run(["export", "two.folded", "--to", "pprof", "--focus", "right"]) == 0
    assert "no samples" not in capsys.readouterr().err
    assert run(["export", "two.folded", "--to", "folded", "-o", "left", "--focus", "right"]) == 0
    assert "no samples: the filters leave none" in capsys.readouterr().err


STACKS = b"main;work 42\nmain 1\n"


def through(given, *command, cwd, text=STACKS):
    """Run a command into whose standard input ``text`` is piped."""
    done = subprocess.run([*COMMAND, *command, given], input=text, capture_output=True, cwd=cwd, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("given", ["-", "/dev/stdin"])
@pytest.mark.parametrize("text", [STACKS, gzip.compress(STACKS)], ids=["plain", "packed"])
def test_profiles_come_through_pipes(tmp_path, given, text):
    code, shown, errors = through(given, "show", cwd=tmp_path, text=text)
    assert (code, errors) == (0, "")
    assert "samples 43 in 43 samples" in shown
    assert "next: pyrometer show FILE --view callers --function work" in shown
    assert "main;work 42" in through(given, "export", "--to", "folded", "-o", "-", cwd=tmp_path, text=text)[1]
    for command in (["flamegraph", "-o", "a.svg"], ["report", "-o", "a.html"], ["import"]):
        code, shown, errors = through(given, *command, cwd=tmp_path, text=text)
        assert code == 0, errors
        assert "None" not in shown + errors
        assert "pyrometer-" not in shown + errors
    assert {path.name for path in tmp_path.iterdir()} == {"a.svg", "a.html", "stdin.pyro"}
    assert pyrometer.load(tmp_path / "stdin.pyro").top().rows[0].place.name == "work"


def interrupted(times, cwd):
    """A command that reads a pipe and gets Ctrl-C ``times`` times before the writer's last line comes."""
    pipe = subprocess.PIPE
    show = subprocess.Popen([*COMMAND, "show", "-"], stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd)
    assert show.stdin
    assert show.stderr
    # More than fits into the pipe: it reads when this is written.
    show.stdin.write(STACKS * 50_000)
    show.send_signal(signal.SIGINT)
    show.stdin.write(b"main;last 9000000\n")
    show.stdin.flush()
    assert "reading on until the pipe's writer ends" in show.stderr.readline().decode()
    if times > 1:
        show.send_signal(signal.SIGINT)
    shown, _ = show.communicate()
    return show.returncode, shown.decode()


def test_an_interrupted_recording_that_comes_through_a_pipe_is_shown(tmp_path):
    code, shown = interrupted(1, tmp_path)
    assert code == 0
    assert "samples 11.2 M" in shown
    assert "last" in shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_reading_of_a_pipe_leaves_no_copy_behind(tmp_path, number):
    pipe = subprocess.PIPE
    show = subprocess.Popen(
        [*COMMAND, "show", "-"], stdin=pipe, cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    assert show.stdin
    # More than fits into the pipe: it reads when this is written.
    show.stdin.write(STACKS * 50_000)
    assert len(list(tmp_path.iterdir())) == 1
    show.send_signal(number)
    # Whether it sleeps already or not, it wakes up.
    with suppress(BrokenPipeError):
        show.stdin.write(STACKS)
        show.stdin.flush()
    assert show.wait() == -number
    with suppress(BrokenPipeError):
        show.stdin.close()
    assert list(tmp_path.iterdir()) == []


def test_a_second_interrupt_ends_the_reading_of_a_pipe(tmp_path):
    assert interrupted(2, tmp_path) == (130, "")


def test_profiles_of_ours_come_through_pipes(tmp_path, file):
    code, shown, _ = through("-", "show", cwd=tmp_path, text=file.read_bytes())
    assert code == 0
    assert shown.splitlines()[:-1] == through(str(file), "show", cwd=tmp_path)[1].splitlines()[:-1]


@pytest.mark.parametrize("given", ["-", "/dev/stdin"])
def test_errors_of_what_comes_through_a_pipe_name_it(tmp_path, given):
    for command, text in ((["show"], b"\x7fELF"), (["show"], b""), (["import", "--from", "folded"], b"no number\n")):
        code, _, errors = through(given, *command, cwd=tmp_path, text=text)
        assert code not in (0, 2, 80)
        assert given in errors
        assert "pyrometer-" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_of_a_shell_is_a_profile(tmp_path):
    command = f"{shlex.join(COMMAND)} diff <(echo 'a;b 3') <(echo 'a;c 4') --format json"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert {row["name"] for row in json.loads(done.stdout)["rows"]} >= {"b", "c"}


def test_python_is_told_that_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, said in (("-", "standard input is no file"), (tmp_path / "pipe", "is a device or a pipe")):
        with pytest.raises(pyrometer.NotAProfileError, match=said):
            pyrometer.load(path)


def test_folded_export_to_a_pipe(file):
    command = [*COMMAND, "export", "--to", "folded", "-o", "/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))
    assert sum(map(int, lines.values())) == 210


def test_flamegraph_is_one_file_that_names_the_functions(file, capsys):
    assert run(["flamegraph", "-o", "a.svg", "--title", "known & good"]) == 0
    capsys.readouterr()
    drawn = Path("a.svg").read_text()
    assert "program::solve" in drawn
    assert "known &amp; good" in drawn
    assert run(["show", "a.svg"]) == 82
    assert_error(capsys, 82, "Pyrometer writes this format, but does not read it")


def test_an_export_to_a_dash_goes_to_stdout(file):
    done = subprocess.run([*COMMAND, "export", "--to", "folded", "-o", "-"], capture_output=True, text=True, check=True)
    assert "solve" in done.stdout
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["left out, for folded has no place for it"]
    assert not Path("-").exists()


def test_an_export_that_leaves_nothing_out_says_nothing(tmp_path):
    stacks = tmp_path / "stacks.folded"
    stacks.write_text("main;work 42\nmain 1\n")
    command = [*COMMAND, "export", str(stacks), "--to", "folded", "-o", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()[1:]) == {"main;work 42", "main 1"}
    assert done.stderr == ""


def test_what_a_terminal_cannot_show_is_replaced(file):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, "show"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "%" in done.stdout


def test_a_closed_pipe_is_no_error(file):
    command = f"'{sys.executable}' -c 'from pyrometer.cli import main; main()' show --format json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["show", "--help"], ["show"]])
def test_whatever_is_printed_into_a_closed_pipe_ends_alike(file, words):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, *words], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_colours_only_on_a_terminal_and_never_with_no_color(file):
    plain = subprocess.run([*COMMAND, "show"], capture_output=True, text=True, check=True).stdout
    assert "\x1b" not in plain
    wrapped = ["script", "-qec", f"'{sys.executable}' -c 'from pyrometer.cli import main; main()' show", "/dev/null"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    coloured = subprocess.run(wrapped, capture_output=True, text=True, check=True, env=environment).stdout
    assert "\x1b[36m" in coloured
    without = subprocess.run(wrapped, capture_output=True, text=True, check=True, env=environment | {"NO_COLOR": "1"})
    assert "\x1b[3" not in without.stdout


def test_unexpected_errors_are_messages_too(file, capsys, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("surprise")

    monkeypatch.setattr("pyrometer.api.Profile.top", broken)
    assert run(["show"]) == 80
    assert_error(capsys, 80, "RuntimeError: surprise", "defect of Pyrometer")
    monkeypatch.setenv("PYROMETER_DEBUG", "1")
    assert run(["show"]) == 80
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (MemoryError(), 80)])
def test_interrupts_and_exhaustion(file, capsys, monkeypatch, error, code):
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("pyrometer.api.Profile.top", broken)
    assert run(["show"]) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(("status", "seen"), [(None, 0), (0, 0), (3, 3), (-15, -15), (-11, -11)])
def test_the_programs_end_is_ours(status, seen):
    script = f"from pyrometer.cli.passing import end_like; end_like({status})"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == seen
    assert end_like.__doc__


def test_every_error_has_its_own_exit_code_and_is_documented():
    classes = every_class()
    codes = [known.exit_code for known in classes]
    assert len(set(codes)) == len(codes)
    assert not {0, 1, 2, 130, 141} & set(codes)
    documented = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    for known_class in classes:
        assert f"| {known_class.exit_code} | `{known_class.__name__}` |" in documented
        assert getattr(pyrometer, known_class.__name__) is known_class


def test_kinds_of_the_extension_lead_to_classes():
    assert type(from_kind("truncated", "x")) is pyrometer.CorruptProfileError
    assert type(from_kind("never heard of", "x")) is pyrometer.PyrometerError
    kinds = [kind for known_class in every_class() for kind in known_class.__dict__.get("kinds", ())]
    assert len(set(kinds)) == len(kinds)
