"""Counting without sampling: programs are run, once or again and again, and what each run cost is kept."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pyrometer import native
from pyrometer.collect.host import this_host
from pyrometer.collect.interrupt import passed_on
from pyrometer.collect.program import find_program
from pyrometer.profile import Meta, ProfileData, build_native

SOFTWARE = ("task-clock", "context-switches", "cpu-migrations", "minor-faults", "major-faults")
"""Counted by the kernel on every machine."""
HARDWARE = (
    ("cycles", "instructions"),
    ("branches", "branch-misses"),
    ("cache-references", "cache-misses"),
)
"""Counted by the processor; pairs are counted at the same moments, so that their ratio means something."""
_ALWAYS = (
    ("wall-time", "ns", "From its start to its end."),
    ("user-time", "ns", "CPU time in the program's own code."),
    ("system-time", "ns", "CPU time in the kernel."),
    ("peak-memory", "bytes", "The largest resident set of one of its processes."),
)


@dataclass
class Runs:
    """What the runs of all commands cost."""

    commands: Sequence[Sequence[str]]
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Command, start (ns), status, and value by metric."""
    totals: dict[str, list[native.StatTotal]] = field(default_factory=dict)
    """Of each event, by the name of its metric, what all runs said."""
    groups: list[list[str]] = field(default_factory=list)
    """Metrics that were asked to be counted together."""
    cut: dict[str, Any] | None = None
    """The run that somebody ended by a signal: it says nothing about the others, but alone it counts."""

    @property
    def status(self) -> int:
        """The exit status of the first run that did not end well, else 0."""
        every = [*self.rows, self.cut] if self.cut else self.rows
        return next((row["status"] for row in every if row["status"]), 0)

    def end(self) -> None:
        """There will be no more: keep what is comparable."""
        if self.cut and not self.rows:
            self.rows.append(self.cut)
        small = {row["command"] for row in self.rows if "peak-memory" not in row["values"]}
        for row in self.rows:
            # The mean of the larger ones alone would be too large.
            if row["command"] in small:
                row["values"].pop("peak-memory", None)

    @property
    def missing(self) -> dict[str, str]:
        """Metrics that no run has a value of, and why."""
        found = {name: _notes(totals)[0] for name, totals in self.totals.items() if not _has_value(totals)}
        if self.rows and not any("peak-memory" in row["values"] for row in self.rows):
            found["peak-memory"] = _SMALL
        return found

    @property
    def together(self) -> list[list[str]]:
        """Metrics that were counted at the same moments, where there are several."""
        counted = ([name for name in group if _has_value(self.totals.get(name, ()))] for group in self.groups)
        return [group for group in counted if len(group) > 1]

    def counted(self, command: int) -> dict[str, float]:
        """The part of a command's time in which each event was counted."""
        times: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in self.rows:
            for name, (enabled, running) in row["times"].items() if row["command"] == command else ():
                times[name][0] += enabled
                times[name][1] += running
        return {name: running / enabled for name, (enabled, running) in times.items() if enabled}

    @property
    def notes(self) -> list[str]:
        """What counts leave out, each reason once with the metrics that it is about."""
        reasons: dict[str, list[str]] = {}
        for name, totals in self.totals.items():
            for note in _notes(totals) if _has_value(totals) else ():
                reasons.setdefault(note, []).append(name)
        return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


_SMALL = "not more than Pyrometer had itself when it started the program, which the kernel counts too"


def _has_value(totals: Sequence[native.StatTotal]) -> bool:
    return any(total[3] is not None for total in totals)


def _notes(totals: Sequence[native.StatTotal]) -> list[str]:
    return list(dict.fromkeys(note for *_, note in totals if note))


def default_groups() -> list[list[str]]:
    """What is counted unless asked otherwise."""
    return [*([event] for event in SOFTWARE), *(list(group) for group in HARDWARE)]


def stat(  # noqa: PLR0913  one keyword an option
    commands: Sequence[Sequence[str]],
    *,
    groups: Sequence[Sequence[str]] = (),
    repeat: int = 1,
    warmup: int = 0,
    discard: bool = False,
    told: Callable[[int, int], None] | None = None,
) -> tuple[ProfileData, int]:
    """Run each command ``repeat`` times, in turns, after ``warmup`` runs that do not count.

    ``groups`` are names of events, those of a group counted together. ``discard``: what the programs print goes
    nowhere. ``told`` hears after each run how many are done, of how many. A signal that asks us to end, Ctrl-C too,
    goes to the program and ends the repetition; whole runs are kept, and a run that was cut off if it is the only one.

    The profile, and the exit status of the first run that failed, or 0.
    """
    native.require_recording()
    for command in commands:
        find_program(command[0])
    runs = Runs(commands)
    wanted = [list(group) for group in groups] or default_groups()
    rounds = warmup + repeat
    started, clock = time.time_ns(), time.monotonic_ns()
    with passed_on() as interrupted, _streams(discard):
        for at in range(rounds * len(commands)):
            if interrupted():
                break
            number, command = divmod(at, len(commands))
            if _run(runs, command, wanted, counts=number >= warmup):
                break
            if told:
                told(at + 1, rounds * len(commands))
    runs.end()
    meta = _meta(runs, started, clock)
    return ProfileData(_profile(runs, meta)), runs.status


def _run(runs: Runs, command: int, groups: list[list[str]], counts: bool) -> bool:
    """Run a command once; whether somebody wanted it to end."""
    began = time.monotonic_ns()
    totals, times, memory, status, stopped = native.stat(list(runs.commands[command]), groups)
    if not counts and not stopped:
        return False
    always = dict(zip((name for name, *_ in _ALWAYS), (*times, memory), strict=True))
    values = always | {metric: value for _, metric, _, value, *_ in totals}
    for total in totals:
        runs.totals.setdefault(total[1], []).append(total)
    known = {name: value for name, value in values.items() if value is not None}
    spans = {metric: span for _, metric, _, value, span, _ in totals if value is not None}
    row = {"command": command, "start": began, "status": status, "values": known, "times": spans}
    names = iter(metric for _, metric, *_ in totals)
    runs.groups = [[next(names) for _ in group] for group in groups]
    if stopped:
        runs.cut = row
    else:
        runs.rows.append(row)
    return stopped


@contextmanager
def _streams(discard: bool) -> Iterator[None]:
    """Our standard output, which the programs inherit, leads nowhere in this block if ``discard``."""
    if not discard:
        yield
        return
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _meta(runs: Runs, started: int, clock: int) -> Meta:
    every = range(len(runs.commands))
    return Meta(
        creator=f"pyrometer {native.__version__}",
        instrument="stat",
        command=list(runs.commands[0]),
        start_wall=started,
        start=clock,
        duration=time.monotonic_ns() - clock,
        exit_status=runs.status,
        host=this_host(),
        notes=runs.notes,
        extra={
            "not_available": runs.missing,
            "statuses": [[row["status"] for row in runs.rows if row["command"] == at] for at in every],
            "counted": [runs.counted(at) for at in every],
            "together": runs.together,
        },
    )


def _profile(runs: Runs, meta: Meta) -> native.Profile:
    """A process for each command, a function for each to hang the values on, a sample for each run and metric."""
    names = [PurePath(command[0]).name for command in runs.commands]
    metrics = [
        *_counted(runs),
        *(
            {"name": name, "unit": unit, "kind": "exact", "description": text}
            for name, unit, text in _ALWAYS
            # What no run has a value of would be a total of 0.
            if any(name in row["values"] for row in runs.rows)
        ),
    ]
    index = {metric["name"]: at for at, metric in enumerate(metrics)}
    samples = [
        {"stack": row["command"], "thread": row["command"], "time": row["start"], "metric": index[name], "value": value}
        for row in runs.rows
        for name, value in row["values"].items()
    ]
    every = range(len(names))
    tables = {
        "metrics": metrics,
        "processes": [
            {"name": name, "command_line": shlex.join(command)}
            for name, command in zip(names, runs.commands, strict=True)
        ],
        "threads": [{"process": at, "name": names[at]} for at in every],
        "functions": [{"name": f"[{name}]"} for name in names],
        "frames": [{"function": at, "kind": "unknown"} for at in every],
        "stacks": [{"frame": at} for at in every],
    }
    return build_native(meta, samples, tables)


def _counted(runs: Runs) -> Iterator[dict[str, Any]]:
    """The metrics of events that were counted at least once."""
    for metric, totals in runs.totals.items():
        if _has_value(totals):
            enabled, running = (sum(total[4][at] for total in totals) for at in (0, 1))
            yield {
                "name": metric,
                "unit": totals[0][2],
                "kind": "exact",
                "time_enabled": enabled,
                "time_running": running,
                "description": f"perf's event {totals[0][0]}",
            }
