"""What Python programs give the API: what is meant is done, and what is none of that is refused with what is wrong."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import known
import pytest

import pyrometer
from pyrometer.cli import run

QUICK = [sys.executable, "-S", "-c", "pass"]
CALLS = pyrometer.record, pyrometer.instructions, pyrometer.heap, pyrometer.stat


@pytest.fixture
def profile() -> pyrometer.Profile:
    return known.profile()


class Int64:
    """A number of numpy: no `int`, but one by its `__index__` and `tolist`."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    tolist = __index__


# commands


@pytest.mark.parametrize("words", [(Path(QUICK[0]), *QUICK[1:]), (os.fsencode(word) for word in QUICK)])
def test_the_words_of_a_command_may_be_paths_and_come_from_anywhere(words, tmp_path):
    profile = pyrometer.record(words, output=tmp_path / "a.pyro")
    assert profile.meta.command == QUICK
    assert profile.meta.exit_status == 0


def test_what_is_counted_may_be_named_by_paths_too():
    assert pyrometer.stat([Path(QUICK[0]), *QUICK[1:]]).stat().commands[0].runs == 1


@pytest.mark.parametrize("collect", [pyrometer.record, pyrometer.instructions, pyrometer.heap])
def test_words_that_are_no_utf8_are_kept_as_far_as_they_are_text(collect, tmp_path):
    made = collect([*QUICK, b"\xff.txt", "naïve.txt"], output=tmp_path / "a.pyro")
    assert made.meta.command == [*QUICK, "\ufffd.txt", "naïve.txt"]
    assert pyrometer.load(tmp_path / "a.pyro").meta.exit_status == 0


def test_a_program_whose_name_is_no_ascii_is_counted(tmp_path):
    true = shutil.which("true")
    assert true
    for name in b"\xff", "naïve".encode():
        program = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
        shutil.copy(true, program)
        made = pyrometer.instructions([program], output=tmp_path / "a.pyro")
        # It executed no other one in its place.
        assert made.meta.notes == []
        assert pyrometer.stat([program]).meta.command == [str(tmp_path / name.decode(errors="replace"))]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("command", ["true", b"true", Path("true")])
def test_a_command_is_a_list_of_words(call, command):
    with pytest.raises(TypeError, match=r"a command is a list of words, such as \['true'\]"):
        call(command)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("command", "error"), [([], ValueError), (["true", "a\0b"], ValueError), ([1], TypeError)])
def test_a_command_that_is_none(call, command, error):
    with pytest.raises(error):
        call(command)


@pytest.mark.parametrize("runs", [{"repeat": 0}, {"warmup": -1}])
def test_numbers_of_runs_that_are_none(runs):
    with pytest.raises(ValueError, match="repeat is a number from 1"):
        pyrometer.stat(["true"], **runs)
    with pytest.raises(ValueError, match="no command"):
        pyrometer.stat()


def test_one_event_is_a_list_of_one():
    assert "task-clock" in {row.metric for row in pyrometer.stat(["true"], events="task-clock").stat().commands[0].rows}


@pytest.mark.parametrize("events", ["cpu-clock,page-faults", ["cpu-clock", "page-faults"], ("cpu-clock, page-faults",)])
def test_events_are_recorded_by_lists_too(events, tmp_path):
    made = pyrometer.record(QUICK, events=events, output=tmp_path / "a.pyro")
    assert [metric.name for metric in made.metric_list] == ["cpu-time", "page-faults"]


@pytest.mark.parametrize(("events", "said"), [("{cpu-clock,page-faults}", "as a group"), ("cpu-clock,", "no list")])
def test_events_that_are_no_list_are_refused(events, said, tmp_path):
    with pytest.raises(pyrometer.UnknownEventError, match=said):
        pyrometer.record(QUICK, events=events, output=tmp_path / "a.pyro")


# numbers that no machine has


@pytest.mark.parametrize(("option", "code"), [(["-p", str(10**11)], 90), (["-F", str(10**20), "--", "true"], 96)])
def test_no_number_is_a_defect(option, code, capsys):
    assert run(["record", *option]) == code
    assert "defect" not in capsys.readouterr().err


def test_processes_may_be_one_or_a_set(tmp_path):
    for pids in os.getpid(), {os.getpid()}:
        made = pyrometer.record(pids=pids, duration=0.01, output=tmp_path / "a.pyro")
        assert os.getpid() in made.processes.column("pid")


@pytest.mark.parametrize("rate", [99.5, "99"])
def test_a_rate_is_a_whole_number(rate):
    with pytest.raises(TypeError):
        pyrometer.record(QUICK, rate=rate)


# filters and views


def test_ids_come_in_lists_and_from_data_frames(profile):
    tids = profile.threads.column("tid")
    for thread in (tids, [str(tid) for tid in tids], [Int64(tid) for tid in tids]):
        assert profile.top(thread=thread).basis.total == profile.top().basis.total
    assert profile.top(thread=Int64(tids[0])).basis.total == profile.top(thread=tids[0]).basis.total


def test_a_process_is_diagnosed_by_its_number(profile):
    number: Any = Int64(os.getpid())
    assert pyrometer.doctor(number).target == str(os.getpid())
    with pytest.raises(pyrometer.ProgramNotFoundError):
        pyrometer.doctor("٣")
    with pytest.raises(TypeError):
        pyrometer.doctor(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("time", [(0, float("inf")), (float("-inf"), 1e30), (-1, 10**40), (None, float("inf"))])
def test_times_that_no_recording_has_leave_nothing_out(profile, time):
    assert profile.top(time=time).basis.samples == profile.top(time=(0, None)).basis.samples > 0


@pytest.mark.parametrize("arguments", [["--time", "9" * 30 + ":"], ["--view", "tree", "--depth", "9" * 30]])
def test_no_view_fails_by_a_large_number(arguments, profile, tmp_path, capsys):
    profile.save(tmp_path / "a.pyro")
    assert run(["show", str(tmp_path / "a.pyro"), *arguments]) == 0
    assert "left out by the filters" in capsys.readouterr().out or "--depth" in arguments


def test_what_is_no_time_depth_metric_or_pattern_is_said(profile):
    with pytest.raises(pyrometer.SelectionError, match="no number"):
        profile.top(time=(float("nan"), 1))
    for view in (lambda: profile.tree(depth=-1), lambda: profile.metric_columns("tree", depth=-1)):
        with pytest.raises(ValueError, match="depth is a number of levels from 0, not -1"):
            view()
    with pytest.raises(ValueError, match="no metric"):
        profile.metric_columns("top", [])
    with pytest.raises(ValueError, match="by is one of function, line"):
        profile.diff(profile, by="module")
    for pattern in b"main", [b"main"], 1.5, re.compile("main"):
        with pytest.raises(TypeError, match="a pattern is text"):
            profile.top(focus=pattern)


def test_a_text_stands_for_a_list_of_it(profile):
    assert profile.metric_columns("top", "page-faults") == profile.metric_columns("top", ["page-faults"])
    assert profile.diff(profile, mod_funcname="s/a/b/") == profile.diff(profile, mod_funcname=["s/a/b/"])


# files


def test_files_that_cannot_be(profile, tmp_path, capsys):
    with pytest.raises(pyrometer.OutputError, match="nowhere"):
        profile.save(tmp_path / "nowhere" / "a.pyro")
    with pytest.raises(pyrometer.FileAccessError, match="too long"):
        pyrometer.load("a" * 5_000)
    with pytest.raises(ValueError, match="nothing to import"):
        pyrometer.import_files([])
    assert run(["record", "-o", "", "--", "true"]) == 98
    assert "the name of the file to write is empty" in capsys.readouterr().err


def test_a_profile_knows_its_file_from_every_folder(profile, tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    profile.save("a.pyro")
    loaded = pyrometer.load("a.pyro")
    assert loaded.path == Path("a.pyro")
    monkeypatch.chdir("below")
    for known_one in profile, loaded:
        assert known_one.path == tmp_path / "a.pyro"
        with pytest.raises(pyrometer.OutputError, match="cannot be written"):
            known_one.export("folded", "../a.pyro")
        with pytest.raises(pyrometer.OutputError, match="cannot be written"):
            known_one.report("../a.pyro")
    assert loaded.symbolize().path == tmp_path / "a.pyro"
    assert list(Path().iterdir()) == []


def test_a_link_that_a_profile_is_saved_to_stays_one(profile, tmp_path):
    link = tmp_path / "link.pyro"
    link.symlink_to("a.pyro")
    profile.save(link)
    assert link.is_symlink()
    assert pyrometer.load(tmp_path / "a.pyro").top() == profile.top()


_IN_NO_FOLDER = """
import os, sys, pyrometer
from pyrometer.cli import run
os.rmdir(os.getcwd())
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show"], 81),
        (["record", "--", "true"], 98),
        (["record", "-o", "a.pyro", "--", "true"], 98),
        (["flamegraph", "FILE"], 98),
        (["import", "FOLDED"], 98),
    ],
)
def test_a_folder_that_somebody_has_removed_is_named(arguments, code, profile, tmp_path):
    profile.save(tmp_path / "a.pyro")
    (tmp_path / "a.folded").write_text("main;work 3\n")
    (tmp_path / "gone").mkdir()
    files = {"FILE": tmp_path / "a.pyro", "FOLDED": tmp_path / "a.folded"}
    command = [sys.executable, "-c", _IN_NO_FOLDER, *(str(files.get(word, word)) for word in arguments)]
    done = subprocess.run(command, cwd=tmp_path / "gone", capture_output=True, text=True, check=False)
    assert (done.returncode, "the current folder" in done.stderr) == (code, True), done.stderr


def test_a_terminal_without_a_width_has_the_usual_one(profile, tmp_path, monkeypatch, capsys):
    profile.save(tmp_path / "a.pyro")
    shown = []
    for columns in "80", "0", "00":
        monkeypatch.setenv("COLUMNS", columns)
        assert run(["show", str(tmp_path / "a.pyro")]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] == shown[2] != ""


# rows


def one_sample(**sample) -> pyrometer.Profile:
    return pyrometer.build(
        metrics=[{"name": "cpu-time"}],
        functions=[{"name": "main"}],
        frames=[{"function": Int64(0)}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 1}, {"stack": Int64(0), **sample}],
    )


def test_rows_take_numbers_of_data_frames():
    assert one_sample(value=Int64(41)).top().basis.total == 42


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"name": "main"}, "work"], "row 1 of functions is 'work'"),
        ([{"name": "main"}, {"name": b"work"}], "row 1 of functions has b'work' for name"),
        ([{"name": "main", "line": float("nan")}], "row 0 of functions has nan for line"),
    ],
)
def test_the_row_that_does_not_fit_is_named(rows, said):
    with pytest.raises(pyrometer.InvalidRowsError, match=said):
        pyrometer.build(functions=rows)


@pytest.mark.parametrize("value", [3.5, "3", 2**63])
def test_the_sample_that_does_not_fit_is_named(value):
    with pytest.raises(pyrometer.InvalidRowsError, match=r"row 1 of samples has .* for value"):
        one_sample(value=value)


# the rest


def test_a_notebook_shows_a_profile_of_nothing():
    assert "no metric" in pyrometer.build()._repr_html_()


def test_a_name_that_pyrometer_has_not_is_missing_there():
    with pytest.raises(AttributeError, match="module 'pyrometer' has no attribute 'NoSuchError'"):
        pyrometer.NoSuchError  # noqa: B018


# homes that are somebody else's


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "a.pyro"], 0),
        (["diff", "a.pyro", "a.pyro"], 0),
        (["report", "a.pyro", "-o", "out/a.html"], 0),
        (["symbolize", "a.pyro", "-o", "out/a.pyro"], 0),
        (["record", "-o", "out/b.pyro", "--", "true"], 0),
        (["stat", "--", "true"], 0),
        (["record", "-o", "out/c.pyro", "--", "home/program"], 126),
        (["export", "a.pyro", "--to", "folded", "-o", "home/a.folded"], 98),
        (["show", "home/a.pyro"], 85),
    ],
)
def test_a_home_that_is_closed_to_this_user_is_none(arguments, code, profile, tmp_path):
    profile.save(tmp_path / "a.pyro")
    for name, mode in ("home", 0), ("out", 0o777), ("cache", 0o777):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    # Not by a user of its own, who may not read the interpreter.
    dropped = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    homes = os.environ | {"HOME": str(tmp_path / "home"), "PYROMETER_CACHE": str(tmp_path / "cache")}
    environment = {name: value for name, value in homes.items() if not name.startswith(("XDG_", "RUSTUP", "CARGO"))}
    command = [*dropped, sys.executable, "-m", "pyrometer", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    (tmp_path / "home").chmod(0o700)
    assert (done.returncode, "Errno" in done.stderr) == (code, False), done.stderr


def test_a_user_without_a_home_has_neither_settings_nor_toolchains(profile, tmp_path, monkeypatch, capsys):
    profile.save(tmp_path / "a.pyro")

    def nobody(_: object) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in [name for name in os.environ if name == "HOME" or name.startswith(("XDG_", "RUSTUP", "CARGO"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYROMETER_CACHE", raising=False)
    file = str(tmp_path / "a.pyro")
    for arguments in (
        ["show", file],
        ["diff", file, file],
        ["symbolize", file],
        ["report", file, "-o", f"{file}.html"],
    ):
        assert run(arguments) == 0, capsys.readouterr().err
