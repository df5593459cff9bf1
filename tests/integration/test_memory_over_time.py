"""A recording has the resident memory of its processes over time: programs here say how much they take, and when."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import programs
import pyrometer
from installed import PYROMETER, Record
from recordings import rows

# Processes are looked at so many times a second, and more seldom where all is busy.
pytestmark = pytest.mark.alone

MIB = 1 << 20
TAKES = 64 * MIB
SLACK = 24 * MIB
"""Of the interpreter itself."""
BUSY = "end = time.monotonic() + 0.4\nwhile time.monotonic() < end: pass\n"
#: 64 MiB more for a while, and away again: pages that are written, of a mapping that is closed.
GROWS = f"""import mmap, time
{BUSY}
taken = mmap.mmap(-1, {TAKES})
for _ in range({TAKES // MIB}): taken.write(b"x" * {MIB})
{BUSY}
taken.close()
{BUSY}"""
PARENT = f"""import os, sys, time
child = os.fork()
if child == 0:
    os.execv(sys.executable, [sys.executable, "-c", {GROWS!r}])
os.waitpid(child, 0)
"""


@pytest.fixture
def python(tmp_path: Path):
    """``python(text)``: the recording of a Python program, run by the interpreter itself and not by a script."""
    interpreter = Path(os.path.realpath(sys.executable))

    def record(text: str, *options: str) -> pyrometer.Profile:
        path = tmp_path / "python.pyro"
        command = [PYROMETER, "record", "--no-summary", *options, "-o", path, "--", interpreter, "-c", text]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return pyrometer.load(path)

    return record


def series(profile: pyrometer.Profile) -> dict[int, list[tuple[int, float]]]:
    """Nanoseconds since the start and bytes, by pid."""
    threads, processes = rows(profile.threads), rows(profile.processes)
    found: dict[int, list[tuple[int, float]]] = {}
    for point in rows(profile.counters):
        assert point["name"] == "rss"
        thread = threads[point["thread"]]
        pid = processes[thread["process"]]["pid"]
        assert thread["tid"] == pid, "a process's memory stands under its main thread"
        found.setdefault(pid, []).append((point["time"] - profile.meta.start, point["value"]))
    return found


def test_memory_grows_and_shrinks_with_the_program(python):
    profile = python(GROWS)
    ((_, points),) = series(profile).items()
    times, sizes = [time for time, _ in points], [size for _, size in points]
    assert times == sorted(times)
    assert 0 <= times[0] < 500_000_000
    assert times[-1] <= profile.meta.duration
    most = sizes.index(max(sizes))
    assert TAKES < sizes[most] < TAKES + SLACK
    assert max(sizes[0], sizes[-1]) < sizes[most] - 0.9 * TAKES
    assert 0 < most < len(sizes) - 1


def test_every_process_has_its_own(python):
    profile = python(PARENT)
    processes = {row["pid"]: row for row in rows(profile.processes)}
    found = series(profile)
    assert set(found) == set(processes)
    (child,) = (pid for pid, row in processes.items() if row["parent"] is not None)
    (parent,) = set(processes) - {child}
    assert max(size for _, size in found[child]) > TAKES
    assert max(size for _, size in found[parent]) < SLACK


def test_before_a_delayed_recording_nothing_is_read(python):
    profile = python(GROWS, "--delay", "0.3")
    ((_, points),) = series(profile).items()
    assert points[0][0] >= 300_000_000


def test_a_program_that_soon_ends_has_some_points_too(recorded: Record):
    assert len(rows(recorded(programs.c("known_shares"), "0.1").profile.counters)) >= 3


def test_a_killed_recording_keeps_them(tmp_path: Path):
    journal = tmp_path / "killed.pyro.recording"
    command = [PYROMETER, "record", "-o", tmp_path / "killed.pyro", "--", programs.c("known_shares"), "4"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as recorder:
        deadline = time.monotonic() + 60
        while not journal.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(1.5)
        recorder.kill()
    profile = pyrometer.load(journal)
    assert not profile.meta.complete
    assert max(map(len, series(profile).values())) >= 3


def test_a_process_that_is_attached_to_has_its_memory(tmp_path: Path):
    path = tmp_path / "attached.pyro"
    with subprocess.Popen([programs.c("known_shares"), "1.5"], stdout=subprocess.DEVNULL) as program:
        command = [PYROMETER, "record", "--no-summary", "--duration", "0.5", "-o", path, "-p", str(program.pid)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        assert set(series(pyrometer.load(path))) == {program.pid}
