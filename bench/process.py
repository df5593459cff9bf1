"""Running a command and measuring it: wall time, CPU time of it and its children, peak memory.

Times are seconds of CLOCK_MONOTONIC, memory is bytes.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench"


def up_to_date() -> None:
    """Builds what is ours and is measured, where it is older than its sources."""
    subprocess.run(
        ["make", "--silent", "--no-print-directory", "measured"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )


class RunError(Exception):
    """A measured command failed or took too long; the text says which and how."""


@dataclass(frozen=True)
class Usage:
    """What one command took."""

    start: float
    end: float
    cpu: float
    """Of the command and all children that it has waited for."""
    peak: int
    """The largest resident set of the command itself, without its children."""
    errors: str
    """What it wrote to standard error."""

    @property
    def wall(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


@dataclass(frozen=True)
class Program:
    """What the stopwatch says of the program that a recorder has started."""

    start: float
    end: float
    cpu: float

    @property
    def wall(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


def run(command: Sequence[str | Path], timeout: float = 600, shell: bool = False) -> Usage:
    """Runs a command to its end, its output thrown away.

    Args:
        command: the program and its arguments; with ``shell``, one bash script.
        timeout: seconds after which it and its children are killed.
        shell: run by ``bash -o pipefail -c``.

    Raises:
        RunError: it failed, or was still running after ``timeout`` seconds.
    """
    arguments = [str(part) for part in command]
    if shell:
        arguments = ["bash", "-o", "pipefail", "-c", *arguments]
    errors = WORK / "stderr.txt"
    with errors.open("w") as stderr:
        start = time.monotonic()
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
        killer = threading.Timer(timeout, _kill_group, [process.pid])
        killer.start()
        peak = _Peak(process.pid)
        peak.start()
        _, status, usage = os.wait4(process.pid, 0)
        end = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
        expired = not killer.is_alive()
        killer.cancel()
        peak.join()
    text = errors.read_text(errors="replace")
    if expired:
        raise RunError(f"stopped after {timeout:.0f} s")
    if process.returncode != 0:
        raise RunError(f"{arguments[0]} ended with {process.returncode}: {' '.join(text.split())[-200:]}")
    return Usage(start, end, usage.ru_utime + usage.ru_stime, peak.bytes, text)


def _kill_group(pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)


class _Peak(threading.Thread):
    """Reads a process's high-water mark until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.status = Path(f"/proc/{pid}/status")
        self.bytes = 0

    def run(self) -> None:
        while (seen := self._read()) is not None:
            self.bytes = max(self.bytes, seen)
            time.sleep(0.05)

    def _read(self) -> int | None:
        try:
            lines = self.status.read_text().splitlines()
        except OSError:
            return None
        marks = [line for line in lines if line.startswith("VmHWM")]
        # A zombie has no memory left, and no such line.
        return int(marks[0].split()[1]) * 1024 if marks else None


def stopwatch() -> Path:
    """The program that times another; compiled at first use."""
    source, built = ROOT / "bench" / "stopwatch.c", WORK / "stopwatch"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", built, source], check=True)
    return built


def timed(command: Sequence[str]) -> list[str]:
    """The same command under the stopwatch; :func:`program` reads what it measured."""
    return [str(stopwatch()), str(_stopwatch_output()), *command]


def program() -> Program:
    """The program that a command of :func:`timed` has run last."""
    report = json.loads(_stopwatch_output().read_text())
    if report["status"] != 0:
        raise RunError(f"the program ended with wait status {report['status']}")
    return Program(report["start"] / 1e9, report["end"] / 1e9, report["cpu"] / 1e9)


def _stopwatch_output() -> Path:
    return WORK / "stopwatch.json"
