"""`pyrometer stat -p`: processes that run already are counted, and do not notice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import perf
import pyrometer
from installed import PYROMETER, Run

#: A thread that burns, in a process whose first thread sleeps, and three more that come and go.
THREADS = """
import threading, time
def burn():
    while True: sum(range(1000))
threading.Thread(target=burn, daemon=True).start()
while True: time.sleep(0.01)
"""


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", THREADS]) as process:
        time.sleep(0.3)
        yield process
        process.kill()


@pytest.fixture
def idle() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        time.sleep(0.1)
        yield process
        process.kill()


def values(profile: pyrometer.Profile, process: int = 0) -> dict[str, float]:
    return {row.metric: row.mean for row in profile.stat().commands[process].rows}


def test_all_threads_of_a_process_are_counted_as_perf_stat_counts_them(busy: subprocess.Popen[bytes]):
    if (why := perf.why_missing()) is not None:
        pytest.skip(why)
    command = ["perf", "stat", "-x,", "-e", "task-clock", "-p", str(busy.pid), "--", "sleep", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before = os.times()
    ours = values(pyrometer.stat(pids=[busy.pid], duration=1))
    assert os.times().elapsed - before.elapsed >= 1
    theirs = float(done.stderr.split(",")[0]) * 1e6
    # Both are of one thread that always wants to run, on a machine that may have others.
    assert ours["task-clock"] > 0.2 * theirs
    assert ours["task-clock"] == pytest.approx(ours["user-time"] + ours["system-time"], rel=0.1, abs=30e6)
    assert 1e9 <= ours["wall-time"] < 2e9


def test_each_process_alone_so_often_and_compared(
    busy: subprocess.Popen[bytes], idle: subprocess.Popen[bytes], run_pyrometer: Run, tmp_path: Path
):
    pids = ["-p", str(busy.pid), "-p", str(idle.pid)]
    path = tmp_path / "a.pyro"
    done = run_pyrometer("stat", *pids, "--duration", "0.2", "-r", "4", "--format", "json", "-o", path)
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stderr)["commands"]
    assert first["runs"] == second["runs"] == 4
    assert first["command"].startswith(f"process {busy.pid}: ")
    assert second["command"] == f"process {idle.pid}: sleep 60"
    clock = {row["metric"]: row for row in second["changes"]}["task-clock"]
    assert clock["is_real"]
    assert clock["change"] < -0.5
    assert busy.poll() is None
    assert idle.poll() is None
    again = run_pyrometer("show", path)
    assert again.returncode == 0, again.stderr
    assert f"process {idle.pid}: sleep 60 against" in again.stdout


def wait_for_counters(pid: int) -> None:
    deadline = time.monotonic() + 60
    while (
        "perf_event"
        not in subprocess.run(["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True, check=False).stdout
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # The last of them is begun.
    time.sleep(0.5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_counting_and_not_the_process(number: int, busy: subprocess.Popen[bytes]):
    command = [PYROMETER, "stat", "-p", str(busy.pid), "--format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as counting:
        wait_for_counters(counting.pid)
        counting.send_signal(number)
        _, printed = counting.communicate(timeout=30)
    assert counting.returncode == 0, printed
    rows = {row["metric"]: row["mean"] for row in json.loads(printed)["commands"][0]["rows"]}
    assert rows["task-clock"] > 0
    assert busy.poll() is None


def test_a_process_that_ends_is_counted_to_its_end():
    script = "sleep 0.5; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; ls / >/dev/null"
    with subprocess.Popen(["sh", "-c", script]) as process:
        profile = pyrometer.stat(pids=[process.pid])
    found = values(profile)
    assert found["task-clock"] > 0
    assert found["minor-faults"] > 50, "those of its child too"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-p", "1", "--", "true"], "a program and -p do not go together"),
        (["-p", "1", "--discard"], "--discard and -p do not go together"),
        (["-p", "1", "-r", "2"], "-r with -p needs --duration"),
        (["--duration", "1", "--", "true"], "--duration is for processes that run already"),
    ],
)
def test_what_does_not_go_together(options: list[str], words: str, run_pyrometer: Run):
    done = run_pyrometer("stat", *options)
    assert done.returncode == 2
    assert words in done.stderr


def test_who_is_not_there_is_an_error(run_pyrometer: Run):
    done = run_pyrometer("stat", "-p", "4194303", "--duration", "1")
    assert done.returncode == pyrometer.ProcessNotFoundError.exit_code
    assert "there is no process 4194303" in done.stderr
