"""What programs cost as a whole: mean and interval of repeated runs, and how several programs differ.

A run is a moment of a process: all metrics that were counted in it have the same time. Ratios are made run by run.
Programs are compared by the differences of runs that belong together (the first of each, the second of each …), whose
mean has an interval of Student's t: noise that both have falls out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from pyrometer.analyze.student import mean_interval
from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile import ProfileData
from pyrometer.profile.derived import Derivations, derivations
from pyrometer.profile.formula import parse

INSTRUMENT = "stat"
RATIOS = ("CPUs-used", "GHz", "IPC", "branch-miss-rate", "cache-miss-rate")
"""Derived metrics that are shown by themselves, where what they are made of was counted."""
ALL_THE_TIME = 0.9995
"""A share from here up is shown as 100.0 %."""


@frozen
class Measured:
    """A metric of a program over all its runs, in the metric's unit."""

    metric: str
    unit: str
    mean: float
    low: float | None
    """The 95 % interval of the mean; None for a single run."""
    high: float | None
    minimum: float
    median: float
    maximum: float
    counted: float | None
    """The part of the program's time in which it was counted (multiplexing), from which the whole is extrapolated; None
    if it was all of it, or is not known."""


@frozen
class Change:
    """How a program's metric differs from the first program's, relative to that: 0.1 is a tenth more."""

    metric: str
    unit: str
    before: float
    after: float
    change: float | None
    low: float | None
    high: float | None
    is_real: bool
    """Whether the whole interval lies on one side of zero."""


@frozen
class StatCommand:
    """A program, and what its runs cost."""

    command: str
    runs: int
    failed: int
    """Runs whose exit status was not 0."""
    statuses: tuple[int, ...]
    """Theirs, each once, the most frequent first; minus the signal that ended a run."""
    rows: tuple[Measured, ...]
    changes: tuple[Change, ...]
    """Against the first program; empty for that one itself."""


@frozen
class Stat:
    """Programs side by side."""

    commands: tuple[StatCommand, ...]
    missing: Mapping[str, str]
    """Metrics that there is no value of, with the reason."""
    notes: tuple[str, ...] = ()
    """What values leave out."""
    together: tuple[tuple[str, ...], ...] = ()
    """Metrics that were counted at the same moments."""


Runs = list[dict[str, float | None]]
"""The values of each run of a program by metric, in the order of the runs."""


def stat(profile: ProfileData, derive: Mapping[str, str] | None = None) -> Stat:
    """The runs in a profile of :func:`pyrometer.stat`, with the ``derive``d metrics of the user.

    A :class:`~pyrometer.SelectionError` if the profile is of another instrument, or a formula is wrong.
    """
    if profile.meta.instrument != INSTRUMENT:
        raise SelectionError("the profile has no runs", "they come from pyrometer stat", "look at it with --view top")
    missing = dict(profile.meta.extra.get("not_available", {}))
    derive, lacking = _computable(profile, derive or {}, missing)
    known = derivations(profile, derive)
    shown = [metric.name for metric in profile.metric_list]
    shown += [name for name in known.by_name if name in RATIOS or name in derive]
    by_process = _runs(profile, known, shown)
    statuses = profile.meta.extra.get("statuses", [])
    commands: list[StatCommand] = []
    for at, process in enumerate(profile.processes.rows()):
        runs = by_process[at]
        counted = _counted(profile, at)
        rows = tuple(_measured(profile, known, name, runs, counted) for name in shown if _values(runs, name))
        changes = tuple(_changes(profile, known, shown, by_process[0], runs)) if at else ()
        ended = statuses[at] if at < len(statuses) else []
        failed = Counter(status for status in ended if status)
        ends = tuple(status for status, _ in failed.most_common())
        commands.append(StatCommand(_title(profile, process), len(runs), failed.total(), ends, rows, changes))
    together = tuple(tuple(group) for group in profile.meta.extra.get("together", ()))
    undefined, partly = _undefined(by_process, [name for name in shown if name in derive])
    return Stat(tuple(commands), missing | lacking | undefined, (*profile.meta.notes, *partly), together)


def _title(profile: ProfileData, process: Mapping[str, Any]) -> str:
    """How a program is called; of several processes that run already, many have the same command line."""
    line = process["command_line"]
    return f"process {process['pid']}: {line}" if profile.meta.attached else line


def _undefined(by_process: Sequence[Runs], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Formulas that have no value in any run, with the reason; and a sentence for each that has none in some."""
    runs = [run for of_process in by_process for run in of_process]
    without = {name: sum(run[name] is None for run in runs) for name in names}
    nowhere = {name: "it divides by 0" for name, number in without.items() if number and number == len(runs)}
    partly = [
        f"{name}: without {number} of {len(runs)} runs, where it divides by 0"
        for name, number in without.items()
        if 0 < number < len(runs)
    ]
    return nowhere, partly


def _computable(
    profile: ProfileData, derive: Mapping[str, str], missing: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Formulas of which all parts were counted, and why the others have no value: they are wrong on no machine."""
    there = derivations(profile).known
    absent = {*missing, *RATIOS} - there
    usable: dict[str, str] = {}
    lacking: dict[str, str] = {}
    for name, text in derive.items():
        parts = parse(text, there | absent | usable.keys() | lacking.keys()).names
        without = sorted(part for part in parts if part in absent or part in lacking)
        if without:
            lacking[name] = f"made of {', '.join(without)}"
        else:
            usable[name] = text
    return usable, lacking


def _runs(profile: ProfileData, known: Derivations, shown: Sequence[str]) -> list[Runs]:
    """The runs of each process, with the metrics that are computed from those that were counted."""
    names = [metric.name for metric in profile.metric_list]
    process_of = [thread["process"] for thread in profile.threads.rows()]
    found: dict[tuple[int, int], dict[str, float | None]] = defaultdict(dict)
    for sample in profile.samples.rows():
        found[process_of[sample["thread"]], sample["time"]][names[sample["metric"]]] = sample["value"]
    runs: list[Runs] = [[] for _ in range(len(profile.processes))]
    for (process, _), recorded in sorted(found.items()):
        whole = dict.fromkeys(names) | recorded
        runs[process].append(dict(zip(shown, known.evaluate(shown, whole), strict=True)))
    return runs


def _values(runs: Runs, name: str) -> list[float]:
    return [value for run in runs if (value := run[name]) is not None]


def _unit(profile: ProfileData, known: Derivations, name: str) -> str:
    units = {metric.name: metric.unit for metric in profile.metric_list}
    return units[name] if name in units else known.by_name[name].unit


def _counted(profile: ProfileData, command: int) -> Mapping[str, float]:
    """The part of a program's time in which each event was counted, where that was not all of it."""
    of_commands = profile.meta.extra.get("counted", ())
    if command < len(of_commands):
        shares = of_commands[command]
    else:
        shares = {metric.name: metric.running for metric in profile.metric_list if metric.running is not None}
    return {name: share for name, share in shares.items() if share < ALL_THE_TIME}


def _measured(
    profile: ProfileData, known: Derivations, name: str, runs: Runs, counted: Mapping[str, float]
) -> Measured:
    from statistics import median

    values = _values(runs, name)
    mean, low, high = mean_interval(values)
    several = isfinite(low)
    return Measured(
        name,
        _unit(profile, known, name),
        mean,
        low if several else None,
        high if several else None,
        min(values),
        median(values),
        max(values),
        counted.get(name),
    )


def _changes(profile: ProfileData, known: Derivations, shown: Sequence[str], before: Runs, after: Runs) -> list[Change]:
    found: list[Change] = []
    for name in shown:
        pairs = [
            (old, new)
            for one, other in zip(before, after, strict=False)
            if (old := one[name]) is not None and (new := other[name]) is not None
        ]
        if pairs:
            found.append(_change(name, _unit(profile, known, name), pairs))
    return found


def _change(name: str, unit: str, pairs: Sequence[tuple[float, float]]) -> Change:
    from statistics import fmean

    before, after = fmean(old for old, _ in pairs), fmean(new for _, new in pairs)
    mean, low, high = mean_interval([new - old for old, new in pairs])
    several = isfinite(low)
    is_real = several and (low > 0 or high < 0)
    if not before:
        # There is no share of nothing, but a difference.
        return Change(name, unit, before, after, None, None, None, is_real)
    low, high = (each / abs(before) if several else None for each in (low, high))
    return Change(name, unit, before, after, mean / abs(before), low, high, is_real)
