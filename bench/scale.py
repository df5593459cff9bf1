"""One long recording at a high rate: memory, size on disk, and how quickly the file opens."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.loads import Load
from bench.overhead import record
from bench.process import program, run, timed
from bench.recorders import VENV, Pyrometer

REPEATS = 7
#: Of the load, to learn how long one takes.
TRIAL_ROUNDS = 200


@dataclass(frozen=True)
class Scale:
    """What the long recording took."""

    samples: int
    lost: int
    peak: int
    bytes: int
    wall: float
    show: float
    """Seconds of ``pyrometer show`` on the file, second opening."""


def long_recording(load: Callable[[int], Load], samples: int, rate: int) -> Scale:
    """Records about so many samples of a load, given by its rounds, and opens the file twice."""
    recorder = Pyrometer()
    run(timed(load(TRIAL_ROUNDS).command))
    rounds = math.ceil(samples / rate / program().cpu * TRIAL_ROUNDS)
    recorded = record(recorder, load(rounds).command, rate)
    recording = recorded.recording
    return Scale(
        samples=recording.samples,
        lost=recording.lost or 0,
        peak=recorded.peak,
        bytes=recording.bytes,
        wall=recorded.program.wall,
        show=opening(recorder.output),
    )


def opening(path: Path) -> float:
    """Median seconds of ``pyrometer show --view top``, the first opening not counted."""
    command = [VENV / "pyrometer", "show", path, "--view", "top", "--format", "json"]
    run(command)
    return statistics.median(run(command).wall for _ in range(REPEATS))


def help_time() -> float:
    """Median seconds of ``pyrometer --help``, the first call not counted."""
    command = [VENV / "pyrometer", "--help"]
    run(command)
    return statistics.median(run(command).wall for _ in range(3 * REPEATS))
