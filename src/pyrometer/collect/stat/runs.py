"""What runs cost, as a profile."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NamedTuple

from pyrometer import native
from pyrometer.collect.host import this_host
from pyrometer.profile import Meta, ProfileData, as_utf8, build_native

ALWAYS = (
    ("wall-time", "ns", "From its start to its end."),
    ("user-time", "ns", "CPU time in the program's own code."),
    ("system-time", "ns", "CPU time in the kernel."),
    ("peak-memory", "bytes", "The largest resident set of one of its processes."),
)
"""What is known without counters: name, unit, description."""


class Counted(NamedTuple):
    """What one run cost."""

    totals: Sequence[native.StatTotal]
    always: Sequence[int | None]
    """The values of :data:`ALWAYS`."""
    status: int = 0
    """Its exit status."""
    cut: bool = False
    """Whether somebody ended it by a signal."""


@dataclass
class Runs:
    """What the runs of all commands cost, or intervals of processes that run already."""

    commands: Sequence[Sequence[str]]
    pids: Sequence[int] = ()
    """Of processes that are counted while they run, in the order of their commands."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Command, start (ns), status, and value by metric."""
    totals: dict[str, list[native.StatTotal]] = field(default_factory=dict)
    """Of each event, by the name of its metric, what all runs said."""
    groups: list[list[str]] = field(default_factory=list)
    """Metrics that were asked to be counted together."""
    cut: list[dict[str, Any]] = field(default_factory=list)
    """What somebody ended by a signal: it says nothing about the others, but alone it counts."""
    remarks: list[str] = field(default_factory=list)
    """What else there is to say."""
    why_unknown: str = ""
    """Why a metric of :data:`ALWAYS` has no value."""

    @property
    def status(self) -> int:
        """The exit status of the first run that did not end well, else 0."""
        return next((row["status"] for row in (*self.rows, *self.cut) if row["status"]), 0)

    def put(self, command: int, began: int, run: Counted) -> None:
        """Keep a run of a command that began at ``began``, ns."""
        values = dict(zip((name for name, *_ in ALWAYS), run.always, strict=True))
        values |= {metric: value for _, metric, _, value, *_ in run.totals}
        for total in run.totals:
            self.totals.setdefault(total[1], []).append(total)
        known = {name: value for name, value in values.items() if value is not None}
        times = {metric: span for _, metric, _, value, span, _ in run.totals if value is not None}
        row = {"command": command, "start": began, "status": run.status, "values": known, "times": times}
        (self.cut if run.cut else self.rows).append(row)

    def group(self, groups: Sequence[Sequence[str]], totals: Sequence[native.StatTotal]) -> None:
        """Keep which metrics were asked to be counted together: those of ``totals`` are in the order of the groups."""
        names = iter(metric for _, metric, *_ in totals)
        self.groups = [[next(names) for _ in group] for group in groups]

    def end(self) -> None:
        """There will be no more: keep what is comparable."""
        if self.cut and not self.rows:
            self.rows.extend(self.cut)
        small = {row["command"] for row in self.rows if "peak-memory" not in row["values"]}
        for row in self.rows:
            # The mean of the larger ones alone would be too large.
            if row["command"] in small:
                row["values"].pop("peak-memory", None)

    @property
    def missing(self) -> dict[str, str]:
        """Metrics that no run has a value of, and why."""
        found = {name: _notes(totals)[0] for name, totals in self.totals.items() if not _has_value(totals)}
        unknown = [name for name, *_ in ALWAYS if not any(name in row["values"] for row in self.rows)]
        return found | dict.fromkeys(unknown if self.rows else (), self.why_unknown)

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
        return [*(f"{', '.join(names)}: {reason}" for reason, names in reasons.items()), *self.remarks]

    def profile(self, started: int, clock: int, duration: int) -> ProfileData:
        """All of it: ``started`` in ns since 1970, ``clock`` and ``duration`` in ns of the monotonic clock."""
        every = range(len(self.commands))
        meta = Meta(
            creator=f"pyrometer {native.__version__}",
            instrument="stat",
            command=[] if self.pids else list(self.commands[0]),
            attached=list(self.pids),
            start_wall=started,
            start=clock,
            duration=duration,
            exit_status=self.status,
            host=this_host(),
            notes=self.notes,
            extra={
                "not_available": self.missing,
                "statuses": [[row["status"] for row in self.rows if row["command"] == at] for at in every],
                "counted": [self.counted(at) for at in every],
                "together": self.together,
            },
        )
        return ProfileData(_profile(self, meta))


def _has_value(totals: Sequence[native.StatTotal]) -> bool:
    return any(total[3] is not None for total in totals)


def _notes(totals: Sequence[native.StatTotal]) -> list[str]:
    return list(dict.fromkeys(note for *_, note in totals if note))


def _profile(runs: Runs, meta: Meta) -> native.Profile:
    """A process for each command, a function for each to hang the values on, a sample for each run and metric."""
    names = [as_utf8(PurePath(command[0]).name) for command in runs.commands]
    pids = runs.pids or [0] * len(names)
    metrics = [
        *_counted(runs),
        *(
            {"name": name, "unit": unit, "kind": "exact", "description": text}
            for name, unit, text in ALWAYS
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
            {"pid": pid, "name": name, "command_line": as_utf8(shlex.join(command))}
            for pid, name, command in zip(pids, names, runs.commands, strict=True)
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
