"""The program does not notice: its exit status, signals, streams and terminal are its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

import programs
import pyrometer
from installed import PYROMETER, Run

# Programs are waited for, and recorded for a second.
pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def exits() -> Path:
    return programs.c("exits")


@pytest.mark.parametrize("code", [0, 1, 42, 127, 255])
def test_the_exit_status_is_the_programs(code: int, exits: Path, run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", exits, "code", code)
    assert done.returncode == code
    assert pyrometer.load(tmp_path / "a.pyro").meta.exit_status == code


_IGNORING = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("collector", ["record", "stat", "instructions"])
def test_the_exit_status_is_the_programs_where_nobody_wants_to_know_it(collector: str, exits: Path, tmp_path: Path):
    command = [PYROMETER, collector, "-o", tmp_path / "a.pyro", "--", exits, "code", "42"]
    done = subprocess.run([sys.executable, "-c", _IGNORING, *map(str, command)], capture_output=True, check=False)
    assert done.returncode == 42, done.stderr
    assert pyrometer.load(tmp_path / "a.pyro").meta.exit_status == 42


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGABRT, signal.SIGINT])
def test_a_programs_death_by_signal_is_passed_on(number: int, exits: Path, run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", exits, "signal", int(number))
    assert done.returncode in {-number, 128 + number}
    assert pyrometer.load(tmp_path / "a.pyro").meta.exit_status == -number


def test_a_crash_keeps_the_profile(exits: Path, run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", exits, "crash")
    assert done.returncode in {-signal.SIGSEGV, 128 + signal.SIGSEGV}
    names = [row.place.name for row in pyrometer.load(tmp_path / "a.pyro").top().rows]
    assert "moment" in names


def test_the_streams_are_the_programs(exits: Path, tmp_path: Path):
    content = os.urandom(3_000_000)
    command = [PYROMETER, "record", "-o", tmp_path / "a.pyro", "--", exits, "echo"]
    done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0
    assert done.stdout == content
    assert done.stderr.startswith(b"done\n")


def test_the_program_has_a_terminal_if_we_have_one(tmp_path: Path):
    script = "import os,sys; print(*[os.isatty(fd) for fd in (0, 1, 2)], os.getpgrp() == os.tcgetpgrp(0))"
    child = pexpect.spawn(
        str(PYROMETER), ["record", "-o", str(tmp_path / "a.pyro"), "--", sys.executable, "-c", script]
    )
    child.expect("True True True True")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_time(pid: int) -> float:
    """Of a process that runs, in seconds: it may have had less of a CPU than time went by."""
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return int(nanoseconds) / 1e9


def test_ctrl_c_goes_to_the_program_and_the_profile_is_whole(exits: Path, tmp_path: Path):
    path = tmp_path / "a.pyro"
    child = pexpect.spawn(str(PYROMETER), ["record", "-o", str(path), "--", str(exits), "hang"], timeout=30)
    child.expect("ready")
    time.sleep(1)
    assert child.pid is not None
    used = cpu_time(*children(child.pid))
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 42, "the program handles SIGINT and ends with 42"
    profile = pyrometer.load(path)
    assert profile.meta.complete
    assert profile.meta.quality.samples > 0.9 * used * profile.meta.rate > 0


def test_sigterm_goes_to_the_program(exits: Path, tmp_path: Path):
    path = tmp_path / "a.pyro"
    command = [PYROMETER, "record", "-o", path, "--", exits, "hang"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "ready\n"
        recorder.terminate()
        assert recorder.wait(timeout=30) == 42
    assert pyrometer.load(path).meta.complete


def test_what_was_recorded_survives_sigkill_of_the_recorder(exits: Path, run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "a.pyro"
    command = [PYROMETER, "record", "-o", path, "--", exits, "hang"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "ready\n"
        time.sleep(2)
        spent = _cpu_seconds_of(exits, recorder.pid)
        time.sleep(1)
        recorder.kill()
        recorder.wait(timeout=30)
        _end_orphans(recorder.pid)
    assert not path.exists()
    recording = path.with_name("a.pyro.recording")
    profile = pyrometer.load(recording)
    assert not profile.meta.complete
    # All but the last second must be there, however much of a CPU the program got.
    assert len(profile.samples) >= 0.97 * 999 * spent > 100
    assert run_pyrometer("show", recording).returncode == 0


def _processes_of(session: int) -> Iterator[Path]:
    """The folders in ``/proc`` of a session's processes."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                yield process


def _cpu_seconds_of(program: Path, session: int) -> float:
    """CPU time of a program that runs in a session."""
    [process] = [each for each in _processes_of(session) if (each / "exe").resolve() == program]
    return int((process / "schedstat").read_text().split()[0]) / 1e9


def _end_orphans(session: int) -> None:
    """Ends what the killed recorder has left: its session is its own."""
    for process in _processes_of(session):
        os.kill(int(process.name), signal.SIGKILL)


def test_the_arguments_are_the_programs_with_and_without_a_separator(run_pyrometer: Run, tmp_path: Path):
    program = ["sh", "-c", 'echo "$@"', "x", "--rate", "a", "--", "b"]
    for words in (["--", *program], program):
        done = run_pyrometer("record", "--no-summary", "-o", tmp_path / "a.pyro", *words)
        assert done.stdout == "--rate a -- b\n"


def test_a_program_that_outlives_its_recording_still_gets_our_signals(exits: Path, tmp_path: Path):
    path = tmp_path / "a.pyro"
    command = [PYROMETER, "record", "--duration", "0.2", "-o", path, "--", exits, "hang"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as recorder:
        assert recorder.stderr is not None
        while not recorder.stderr.readline().startswith("next:"):
            assert recorder.poll() is None
        recorder.terminate()
        assert recorder.wait(timeout=30) == 42, "the program handles SIGTERM and ends with 42"
    assert pyrometer.load(path).meta.complete


@pytest.mark.parametrize("streams", [">&-", "2>&-", "2>/dev/full", "<&-", "2>&1 | true"])
def test_the_exit_status_does_not_depend_on_our_streams(streams: str, exits: Path, tmp_path: Path):
    path = tmp_path / "a.pyro"
    command = f"{PYROMETER} record -o {path} -- {exits} code 3 {streams}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.returncode == 3
    assert pyrometer.load(path).meta.complete


def test_a_stream_that_the_program_has_not_is_not_given_to_it(tmp_path: Path):
    command = f"{PYROMETER} record --no-summary -o {tmp_path / 'a.pyro'} -- sh -c 'echo text' >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.returncode == 1, "sh cannot write to a closed stream"


def test_the_summary_is_on_stderr_and_short(exits: Path, run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", exits, "code", 0)
    assert done.stdout == ""
    assert 5 < len(done.stderr.splitlines()) <= 40
    assert "moment" in done.stderr
