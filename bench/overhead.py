"""What recording costs: every recorder and none, in turn, in an order that is shuffled anew in every round."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.loads import Load
from bench.process import Program, RunError, program, run, timed
from bench.ratios import Centre, paired_ratio
from bench.recorders import RECORDERS, Recorder, Recording

PLAIN = "plain"


@dataclass(frozen=True)
class Run:
    """One run of a load under a recorder."""

    program: Program
    recorder_cpu: float
    """CPU seconds of the recorder: all that was used, less what the program used."""
    peak: int
    delay: float
    """Seconds from the recorder's start to the program's."""
    recording: Recording


@dataclass
class Comparison:
    """All runs of one load at one rate; the lists of one round stand at the same place."""

    load: Load
    rate: int
    plain: list[Program] = field(default_factory=list)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def slowdown(self, recorder: str) -> Centre:
        """The program's wall time under the recorder over that without, pair by pair."""
        runs = self.runs[recorder]
        return paired_ratio([run.program.wall for run in runs], [plain.wall for plain in self.plain])

    def cpu_increase(self, recorder: str) -> Centre:
        """The same of the program's own CPU time, the kernel's part of sampling included."""
        runs = self.runs[recorder]
        return paired_ratio([run.program.cpu for run in runs], [plain.cpu for plain in self.plain])

    def against(self, recorder: str, other: str) -> Centre:
        """The program's wall time under one recorder over that under another."""
        ours, theirs = self.runs[recorder], self.runs[other]
        return paired_ratio([run.program.wall for run in ours], [run.program.wall for run in theirs])

    def lost(self, recorder: str) -> int | None:
        """Samples lost in all runs together; ``None`` if the recorder does not say."""
        counts = [run.recording.lost for run in self.runs[recorder]]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def typical(self, recorder: str, what: str) -> float:
        """The median over the runs of a figure of :data:`FIGURES`."""
        return statistics.median(FIGURES[what](run) for run in self.runs[recorder])


FIGURES = {
    "samples": lambda run: run.recording.samples,
    "microseconds a sample": lambda run: 1e6 * run.recorder_cpu / max(run.recording.samples, 1),
    "own microseconds a sample": lambda run: 1e6 * (run.recording.own_cpu or 0) / max(run.recording.samples, 1),
    "bytes a sample": lambda run: run.recording.bytes / max(run.recording.samples, 1),
    "peak": lambda run: run.peak,
    "delay": lambda run: run.delay,
}


def compare(load: Load, rate: int, rounds: int, seed: int = 1) -> Comparison:
    """Runs the load ``rounds`` times without and with every recorder; one that fails is left out and noted."""
    comparison = Comparison(load, rate)
    usable = [recorder for recorder in RECORDERS if _note_missing(recorder, comparison)]
    comparison.runs = {recorder.name: [] for recorder in usable}
    order = random.Random(seed)
    run(load.command)  # the first run warms the file cache, and is nobody's
    for _ in range(rounds):
        entrants: list[Recorder | None] = [None, *(r for r in usable if r.name in comparison.runs)]
        order.shuffle(entrants)
        for entrant in entrants:
            _run_one(entrant, comparison)
    return comparison


def _note_missing(recorder: Recorder, comparison: Comparison) -> bool:
    reason = recorder.missing()
    if reason is not None:
        comparison.failures[recorder.name] = reason
    return reason is None


def _run_one(recorder: Recorder | None, comparison: Comparison) -> None:
    if recorder is None:
        run(timed(comparison.load.command))
        comparison.plain.append(program())
        return
    try:
        comparison.runs[recorder.name].append(record(recorder, comparison.load.command, comparison.rate))
    except (RunError, OSError, ValueError, KeyError) as error:
        comparison.failures[recorder.name] = f"failed: {error}"
        del comparison.runs[recorder.name]


def record(recorder: Recorder, command: Sequence[str], rate: int) -> Run:
    """Records a program once.

    Raises:
        RunError: the recorder or the program failed.
    """
    with recorder.allowed():
        usage = run(recorder.command(timed(command), rate))
    timing = program()
    recording = recorder.read(usage.errors)
    return Run(timing, usage.cpu - timing.cpu, usage.peak, timing.start - usage.start, recording)
