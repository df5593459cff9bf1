"""`pyrometer stat`: its counts are those of `perf stat`, the program does not notice, and what is missing is no 0."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

import perf
import programs
import pyrometer
from installed import PYROMETER, Run
from pyrometer.show.stat import stat_grids

EVENTS = "task-clock,context-switches,page-faults,minor-faults"


@pytest.fixture(scope="module")
def exits() -> Path:
    return programs.c("exits")


def measured(profile: pyrometer.Profile, command: int = 0) -> dict[str, float]:
    """The mean of each metric of a program."""
    return {row.metric: row.mean for row in profile.stat().commands[command].rows}


def perf_stat(*command: str | Path) -> dict[str, float]:
    """What `perf stat` counts; its clock is in milliseconds."""
    if (why := perf.why_missing()) is not None:
        pytest.skip(why)
    done = subprocess.run(
        ["perf", "stat", "-x,", "-e", EVENTS, "--", *map(str, command)], capture_output=True, text=True, check=False
    )
    rows = [line.split(",") for line in done.stderr.splitlines() if line.count(",") > 3]
    assert rows, done.stderr
    return {row[2].removesuffix(":u"): float(row[0]) for row in rows if row[0][0].isdigit()}


# the same as perf stat


def test_faults_and_switches_are_those_of_perf_stat():
    script = "import time; x = bytearray(30 << 20); [time.sleep(0.001) for _ in range(200)]"
    command = [sys.executable, "-S", "-c", script]
    theirs = perf_stat(*command)
    ours = measured(pyrometer.stat(command, events=[EVENTS], repeat=3))
    for event in ("page-faults", "minor-faults"):
        assert ours[event] == pytest.approx(theirs[event], rel=0.05)
    assert ours["context-switches"] >= 200
    assert theirs["context-switches"] >= 200


def test_the_clock_is_that_of_perf_stat():
    command = ["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]
    theirs = min(perf_stat(*command)["task-clock"] for _ in range(3))
    ours = min(measured(pyrometer.stat(command))["task-clock"] for _ in range(3)) / 1e6
    assert ours == pytest.approx(theirs, rel=0.25)


def test_times_agree_with_each_other_and_memory_with_what_was_taken():
    script = "x = bytearray(150 << 20)\nfor _ in range(2_000_000): pass"
    found = measured(pyrometer.stat([sys.executable, "-S", "-c", script]))
    assert found["user-time"] + found["system-time"] == pytest.approx(found["task-clock"], rel=0.2, abs=2e7)
    assert found["task-clock"] <= found["wall-time"] * 1.02
    assert 0 < found["CPUs-used"] <= 1.02
    # From a small process: what is not larger than the one that measures is not told, and tests may be large.
    measure = "import pyrometer, sys; rows = pyrometer.stat(sys.argv[1:]).stat().commands[0].rows\n"
    measure += "print(next(row.mean for row in rows if row.metric == 'peak-memory'))"
    command = [sys.executable, "-c", measure, sys.executable, "-S", "-c", script]
    peak = float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    assert 150 << 20 < peak < 200 << 20


def test_times_of_a_short_program_are_without_those_of_the_process_that_became_it():
    # From a process of this size, for the kernel copies its tables for the one that it forks.
    values = pyrometer.stat(["true"], repeat=15).stat().commands[0].rows
    found = {row.metric: row.mean for row in values}
    assert found["user-time"] + found["system-time"] < 1.5 * found["task-clock"]


def test_how_runs_failed_is_said():
    commands = [["sh", "-c", "exit 3"], ["sh", "-c", "kill -SEGV $$"], ["true"]]
    view = pyrometer.stat(*commands, repeat=2).stat()
    assert [(command.failed, command.statuses) for command in view.commands] == [(2, (3,)), (2, (-11,)), (0, ())]
    headings = [grid.heading for grid in stat_grids(view)[:3]]
    assert [heading.partition("runs")[2] for heading in headings] == [
        ", 2 failed (exit status 3)",
        ", 2 failed (SIGSEGV)",
        "",
    ]


def test_children_are_counted():
    one = measured(pyrometer.stat(["sh", "-c", "ls / > /dev/null"]))["minor-faults"]
    five = measured(pyrometer.stat(["sh", "-c", "for i in 1 2 3 4 5; do ls / > /dev/null; done"]))["minor-faults"]
    assert five > 3 * one


def test_memory_that_is_not_the_programs_is_not_shown():
    ours = bytearray(100 << 20)
    profile = pyrometer.stat(["true"])
    view = profile.stat()
    rows = {row.metric: row.mean for row in view.commands[0].rows}
    assert len(ours) == 100 << 20
    assert "peak-memory" not in profile.metrics.column("name"), "a metric without values has a total of 0"
    assert "peak-memory" not in rows, rows["peak-memory"]
    assert "than Pyrometer had itself" in view.missing["peak-memory"]


# what is not there


def test_what_the_machine_cannot_count_is_said_once_and_is_never_0(run_pyrometer: Run):
    done = run_pyrometer("stat", "-e", "page-faults,{cycles,instructions}", "-r", 2, "--format", "json", "--", "true")
    view = json.loads(done.stderr)
    shown = {row["metric"]: row["minimum"] for row in view["commands"][0]["rows"]}
    for event in ("cycles", "instructions"):
        assert (event in view["missing"]) != (event in shown)
        assert shown.get(event, 1) > 0
    text = run_pyrometer("stat", "-e", "{cycles,instructions}", "--", "true").stderr
    assert text.count("instructions") == 1
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_without_perf_events_the_kernels_accounting_is_shown(error: str, tmp_path: Path):
    sandbox = programs.c("no_perf_events")
    path = tmp_path / "a.pyro"
    command = [sandbox, error, PYROMETER, "stat", "-o", path, "--", "sh", "-c", "ls / > /dev/null; exit 3"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    profile = pyrometer.load(path)
    found = measured(profile)
    assert found["task-clock"] > 0
    assert found["minor-faults"] > 50
    assert found["wall-time"] > 0
    assert "cpu-migrations" in profile.stat().missing or "cpu-migrations" in found
    assert "getrusage" in " ".join(profile.meta.notes)
    free = measured(pyrometer.stat(["sh", "-c", "ls / > /dev/null; exit 3"]))
    assert found["minor-faults"] == pytest.approx(free["minor-faults"], rel=0.1)


def test_what_a_user_may_not_see_is_not_0(paranoid: None, tmp_path: Path):
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    script = "import time; [time.sleep(0.001) for _ in range(100)]"
    command = [*drop, str(PYROMETER), "stat", "-o", str(tmp_path / "a.pyro"), "--", sys.executable, "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    profile = pyrometer.load(tmp_path / "a.pyro")
    assert measured(profile)["context-switches"] >= 100
    assert "perf_event_paranoid is 2" in profile.stat().missing["cpu-migrations"]


@pytest.mark.parametrize(
    ("events", "words"),
    [("cycels", "cycles"), ("{cycles,instructions", "'}' is missing"), ("a}", "closes nothing"), (",", "is missing")],
)
def test_a_list_of_events_that_is_none(events: str, words: str, run_pyrometer: Run):
    done = run_pyrometer("stat", "-e", events, "--", "echo", "never")
    assert done.returncode == 94, done.stderr
    assert words in done.stderr
    assert done.stdout == ""


# the program does not notice


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_exit_status_is_the_programs(code: int, exits: Path, run_pyrometer: Run):
    assert run_pyrometer("stat", "--", exits, "code", code).returncode == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGABRT])
def test_a_programs_death_by_signal_is_passed_on(number: int, exits: Path, run_pyrometer: Run):
    assert run_pyrometer("stat", "--", exits, "signal", int(number)).returncode in {-number, 128 + number}


def test_the_streams_are_the_programs(exits: Path):
    content = os.urandom(1_000_000)
    done = subprocess.run([PYROMETER, "stat", "--", exits, "echo"], input=content, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout == content
    assert done.stderr.startswith(b"done\n")


def test_what_programs_print_can_be_discarded(run_pyrometer: Run):
    said = run_pyrometer("stat", "-r", 3, "--", "echo", "text")
    assert said.stdout == "text\n" * 3
    assert run_pyrometer("stat", "-r", 3, "--discard", "--", "echo", "text").stdout == ""


_DISCARDING = """
import threading, sys, pyrometer
command = ["sh", "-c", "echo theirs; sleep 0.05"]
threads = [threading.Thread(target=pyrometer.stat, args=[command], kwargs={"repeat": n}) for n in (4, 2, 6)]
for thread in threads:
    thread.start()
print("during", flush=True)
for thread in threads:
    thread.join()
print("after")
"""


def test_what_we_print_ourselves_is_not_discarded():
    done = subprocess.run([sys.executable, "-c", _DISCARDING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "during\nafter\n")


@pytest.mark.parametrize("closing", ["sys.stdout = None", "os.close(1)"])
def test_stdout_may_be_closed_where_programs_are_counted(closing: str):
    script = f"import os, sys, pyrometer; {closing}; profile = pyrometer.stat(['true']); os._exit(len(profile.samples))"
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, check=False)
    assert done.returncode > 1, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_asks_us_to_end_goes_to_the_program_and_ends_the_repetition(number: int, exits: Path):
    command = [PYROMETER, "stat", "-r", "50", "--format", "json", "--", exits, "hang"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as stat:
        assert stat.stdout is not None
        assert stat.stderr is not None
        assert stat.stdout.readline() == "ready\n"
        stat.send_signal(number)
        assert stat.wait(timeout=30) == 42
        assert json.loads(stat.stderr.read())["commands"][0]["runs"] == 1


def test_ctrl_c_ends_the_repetition_and_whole_runs_are_kept():
    child = pexpect.spawn(str(PYROMETER), ["stat", "-r", "100", "--", "sh", "-c", "echo run; sleep 0.3"], timeout=30)
    for _ in range(3):
        child.expect("run\r\n")
    time.sleep(0.1)
    child.sendintr()
    child.expect("2 runs")
    child.expect("wall-time")
    child.expect(pexpect.EOF)
    child.close()
    assert child.signalstatus == signal.SIGINT


# repeated, compared, kept


def test_the_interval_of_the_mean_is_students():
    [command] = pyrometer.stat(["true"], repeat=5).stat().commands
    wall = next(row for row in command.rows if row.metric == "wall-time")
    assert command.runs == 5
    assert wall.low is not None
    assert wall.high is not None
    assert wall.low < wall.mean < wall.high
    assert wall.minimum <= wall.median <= wall.maximum


def test_warm_up_runs_do_not_count(run_pyrometer: Run):
    done = run_pyrometer("stat", "-r", 2, "--warmup", 3, "--format", "json", "--", "echo", "x")
    assert done.stdout == "x\n" * 5
    assert json.loads(done.stderr)["commands"][0]["runs"] == 2


def test_two_programs_run_in_turns_and_a_difference_is_told_from_noise(run_pyrometer: Run):
    slow = "sh -c 'echo slow; sleep 0.4'"
    done = run_pyrometer(
        "stat", "-r", 6, "--format", "json", "--command", slow, "--", "sh", "-c", "echo fast; sleep 0.01"
    )
    assert done.stdout == "slow\nfast\n" * 6
    first, second = json.loads(done.stderr)["commands"]
    assert first["changes"] == []
    wall = next(change for change in second["changes"] if change["metric"] == "wall-time")
    assert wall["is_real"]
    assert wall["high"] < 0
    assert wall["change"] == pytest.approx(wall["after"] / wall["before"] - 1, abs=1e-6)
    same = pyrometer.stat(["true"], ["true"], repeat=2).stat()
    assert {change.metric for change in same.commands[1].changes} >= {"wall-time", "task-clock"}


def test_a_ratio_of_the_user(run_pyrometer: Run):
    ratio = "faults-per-switch = minor-faults / (context-switches + 1)"
    done = run_pyrometer("stat", "--ratio", ratio, "--format", "json", "--", "true")
    rows = {row["metric"]: row["mean"] for row in json.loads(done.stderr)["commands"][0]["rows"]}
    assert rows["faults-per-switch"] > 0


def test_a_ratio_of_what_was_not_counted_is_no_mistake_but_one_of_unknown_names_is(run_pyrometer: Run):
    done = run_pyrometer("stat", "--ratio", "mine = instructions / cycles", "--format", "json", "--", "true")
    assert done.returncode == 0, done.stderr
    view = json.loads(done.stderr)
    assert ("mine" in view["missing"]) != ("mine" in {row["metric"] for row in view["commands"][0]["rows"]})
    done = run_pyrometer("stat", "--ratio", "mine = nonsense / cycles", "--", "true")
    assert done.returncode == 88
    assert "wall-time" in done.stderr, "what was measured is not lost"


@pytest.mark.parametrize("command", ["stat", "instructions"])
def test_the_folder_may_be_gone(command: str, tmp_path: Path):
    folder, kept = tmp_path / "gone", tmp_path / "a.pyro"
    folder.mkdir()
    script = f"rmdir {folder}; exec {PYROMETER} {command} -o {kept} -- true"
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert pyrometer.load(kept).meta.directory == ""


def test_a_kept_profile_shows_the_same_table(run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "a.pyro"
    done = run_pyrometer("stat", "-r", 3, "-o", path, "--", "true")
    shown = run_pyrometer("show", path)
    assert shown.returncode == 0, shown.stderr
    assert [line for line in shown.stdout.splitlines() if not line.startswith("next:")] == done.stderr.splitlines()
    for form in ("json", "md"):
        assert "wall-time" in run_pyrometer("show", path, "--format", form).stdout
    derived = run_pyrometer("show", path, "--derive", "two = 2 wall-time")
    assert re.search(r"\btwo\b", derived.stdout), derived.stderr
    assert run_pyrometer("show", path, "--focus", "main").returncode == 2
    assert run_pyrometer("show", path, "--by", "total").returncode == 2


def test_a_profile_that_cannot_be_written_is_said_before_the_program_runs(run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("stat", "-o", tmp_path / "nowhere" / "a.pyro", "--", "echo", "never")
    assert done.returncode == 98
    assert done.stdout == ""
