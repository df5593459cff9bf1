"""Counting without sampling: programs are run, once or again and again, and what each run cost is kept."""

from __future__ import annotations

import os
import shlex
import sys
import time
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

    @property
    def status(self) -> int:
        """The exit status of the first run that did not end well, else 0."""
        return next((row["status"] for row in self.rows if row["status"]), 0)


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
    nowhere. ``told`` hears after each run how many are done, of how many. Ctrl-C goes to the program and ends the
    repetition; what was measured is kept. The profile, and the exit status of the first run that failed, or 0.
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
            _run(runs, command, wanted, counts=number >= warmup)
            if told:
                told(at + 1, rounds * len(commands))
    meta = _meta(runs, started, clock)
    return ProfileData(_profile(runs, meta)), runs.status


def _run(runs: Runs, command: int, groups: list[list[str]], counts: bool) -> None:
    began = time.monotonic_ns()
    totals, times, memory, status = native.stat(list(runs.commands[command]), groups)
    if not counts:
        return
    values: dict[str, int] = dict(zip((name for name, *_ in _ALWAYS), (*times, memory), strict=True))
    for total in totals:
        _, metric, _, value, _, _ = total
        runs.totals.setdefault(metric, []).append(total)
        if value is not None:
            values[metric] = value
    runs.rows.append({"command": command, "start": began, "status": status, "values": values})


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
    missing = {
        metric: reason
        for metric, totals in runs.totals.items()
        if all(total[3] is None for total in totals) and (reason := totals[0][5])
    }
    statuses = [[row["status"] for row in runs.rows if row["command"] == at] for at in range(len(runs.commands))]
    return Meta(
        creator=f"pyrometer {native.__version__}",
        instrument="stat",
        command=list(runs.commands[0]),
        start_wall=started,
        start=clock,
        duration=time.monotonic_ns() - clock,
        exit_status=runs.status,
        host=this_host(),
        extra={"not_available": missing, "statuses": statuses},
    )


def _profile(runs: Runs, meta: Meta) -> native.Profile:
    """A process for each command, a function for each to hang the values on, a sample for each run and metric."""
    names = [PurePath(command[0]).name for command in runs.commands]
    metrics = [
        *_counted(runs),
        *({"name": name, "unit": unit, "kind": "exact", "description": text} for name, unit, text in _ALWAYS),
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
        if any(total[3] is not None for total in totals):
            enabled, running = (sum(total[4][at] for total in totals) for at in (0, 1))
            yield {
                "name": metric,
                "unit": totals[0][2],
                "kind": "exact",
                "time_enabled": enabled,
                "time_running": running,
                "description": f"perf's event {totals[0][0]}",
            }
