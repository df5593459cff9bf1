"""What a faster line would do to the program: experiments of a causal profiler, summed up by line and progress point.

A line was sped up virtually by a part of its time while the visits of a progress point were counted. Its effect is
``1 - p / p0``: ``p`` is the mean time between two visits (of a latency point, the mean time from arrival to departure,
by Little's law: those under way over the rate of arrivals), ``p0`` the same while nothing was sped up (C. Curtsinger,
E. D. Berger, *Coz: Finding Code that Counts with Causal Profiling*, SOSP 2015, section 3). Results are sorted as
Coz's own viewer sorts them, by their impact. The paper's correction for lines that run only during a part of the
program is not applied, as it is not by Coz itself: such a line's effect is that of its own phase, larger than that on
the whole program.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

from pyrometer.analyze.basis import first
from pyrometer.analyze.student import quantile
from pyrometer.frozen import frozen
from pyrometer.profile import ProfileData, corrupt, is_count, is_number, payload

LATENCY = "coz-latency-point"
"""The events that have of a latency point how many were under way, beside the arrivals in ``experiments``."""
FEWEST_VISITS = 5
"""Of fewer visits there is no mean, as Coz has it."""
CREDIBLE = (-1.0, 2.0)
"""What lies outside is an accident of few visits, as Coz's viewer has it."""
ENOUGH = 10
"""Speedups from which on Coz's viewer shows a line."""

Kind = Literal["throughput", "latency"]


@frozen
class CausalPoint:
    """All experiments of a line with the same speedup."""

    speedup: float
    """Of the line: 0 to 1."""
    effect: float
    """On the progress point: 0.1 is a tenth faster, or a tenth less latency; below 0 it is slower."""
    experiments: int
    visits: int


@frozen
class CausalRow:
    """A line (or function) and a progress point."""

    selected: str
    progress_point: str
    kind: Kind
    impact: float
    """The largest mean effect of all speedups up to one of them."""
    slope: float
    """Effect for each part of speedup: 1 if the program does nothing else. Least squares, weighted by visits."""
    low: float | None
    """The 95 % interval of the slope (Student's t, of how far points are beside the line); None of a single speedup."""
    high: float | None
    peak: float
    """The largest effect of one speedup, which is that one's noise too."""
    peak_speedup: float
    experiments: int
    """Results that all of this is made of; those without a speedup among them."""
    base_experiments: int
    """Results without a speedup, which the others are compared with."""
    points: tuple[CausalPoint, ...]
    """By speedup, without 0."""

    @property
    def is_enough(self) -> bool:
        """Whether it was tried at as many speedups as Coz's viewer asks for."""
        return len(self.points) >= ENOUGH


@frozen
class Causal:
    """The ``rows`` with the largest impact of ``known``, those with few speedups last."""

    rows: tuple[CausalRow, ...]
    known: int
    results: int
    """Of all experiments: a progress point of an experiment each."""
    without_base: int
    """Pairs of line and progress point without enough visits while nothing was sped up."""
    without_points: int
    """Pairs with nothing but that, or with too few visits at every speedup."""
    used: int
    """Results that rows are made of."""


def causal(profile: ProfileData, n: int = 20) -> Causal:
    """Which lines are worth making faster, by what experiments found; of another profile there are none."""
    sums = _sums(profile)
    rows, without_base, without_points = [], 0, 0
    for key, by_speedup in sums.items():
        base = by_speedup.get(0.0)
        if base is None or not base.is_mean:
            without_base += 1
        elif row := _row(key, base, by_speedup):
            rows.append(row)
        else:
            without_points += 1
    rows.sort(key=lambda row: (not row.is_enough, -row.impact, row.selected, row.progress_point, row.kind))
    results = sum(each.experiments for by_speedup in sums.values() for each in by_speedup.values())
    used = sum(row.experiments for row in rows)
    return Causal(tuple(first(rows, n)), len(rows), results, without_base, without_points, used)


def causal_of(profile: ProfileData, function: str | None, lines: Iterable[tuple[str, int]]) -> tuple[CausalRow, ...]:
    """The rows of a function, and of lines (of a file and a number each), for whoever shows these."""
    if not len(profile.experiments):
        return ()
    wanted = {f"{file}:{line}" for file, line in lines} | {function}
    return tuple(row for row in causal(profile, n=len(profile.experiments)).rows if row.selected in wanted)


@dataclass
class _Sum:
    """Experiments with the same line, progress point and speedup."""

    experiments: int = 0
    visits: int = 0
    duration: int = 0
    under_way: float = 0.0
    """The number of those under way, times the duration."""

    @property
    def is_mean(self) -> bool:
        return self.visits >= FEWEST_VISITS and self.duration > 0

    def period(self, kind: Kind) -> float:
        """Nanoseconds for one: between visits, or from arrival to departure."""
        return (self.duration if kind == "throughput" else self.under_way) / self.visits


@frozen
class _Key:
    selected: str
    progress_point: str
    kind: Kind


_Sums = dict[_Key, dict[float, _Sum]]


def _sums(profile: ProfileData) -> _Sums:
    found: defaultdict[_Key, defaultdict[float, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    for kind, row, under_way in _results(profile):
        each = found[_Key(row["selected"], row["progress_point"], kind)][row["speedup"]]
        each.experiments += 1
        each.visits += row["visits"]
        each.duration += row["duration"]
        each.under_way += under_way * row["duration"]
    return {key: dict(by_speedup) for key, by_speedup in found.items()}


def _results(profile: ProfileData) -> Iterator[tuple[Kind, dict[str, Any], float]]:
    """Each with the number of those under way. A latency point's arrivals are among the experiments, like visits."""
    latencies = Counter[tuple[Any, ...]]()
    for row in _latencies(profile):
        latencies[_identity(row)] += 1
        yield "latency", row, row["difference"]
    for row in profile.experiments.rows():
        if latencies[_identity(row)]:
            latencies[_identity(row)] -= 1
        else:
            yield "throughput", row, 0.0


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("selected", "progress_point", "speedup", "visits", "duration"))


def _latencies(profile: ProfileData) -> Iterator[dict[str, Any]]:
    if not len(profile.experiments):
        return
    for event in profile.events.rows():
        if event["name"] == LATENCY:
            row = payload(profile, event)
            if "selected" in row:
                if not _is_latency(row):
                    raise corrupt(profile, event, "the row of an experiment")
                yield row


def _is_latency(row: dict[str, Any]) -> bool:
    texts, counts = ("selected", "progress_point"), ("visits", "duration")
    return (
        all(isinstance(row.get(name), str) for name in texts)
        and all(is_count(row.get(name)) for name in counts)
        and all(is_number(row.get(name)) for name in ("speedup", "difference"))
    )


def _row(key: _Key, base: _Sum, by_speedup: dict[float, _Sum]) -> CausalRow | None:
    before = base.period(key.kind)
    if before <= 0:
        return None
    tried = [(speedup, each) for speedup, each in sorted(by_speedup.items()) if speedup > 0 and each.is_mean]
    points = [
        CausalPoint(speedup, effect, each.experiments, each.visits)
        for speedup, each in tried
        for effect in [1 - each.period(key.kind) / before]
        if CREDIBLE[0] <= effect <= CREDIBLE[1]
    ]
    if not points:
        return None
    peak = max(points, key=lambda point: point.effect)
    return CausalRow(
        key.selected,
        key.progress_point,
        key.kind,
        _impact(points),
        *_slope([CausalPoint(0.0, 0.0, base.experiments, base.visits), *points]),
        peak.effect,
        peak.speedup,
        base.experiments + sum(point.experiments for point in points),
        base.experiments,
        tuple(points),
    )


def _impact(points: Sequence[CausalPoint]) -> float:
    """The largest of: area below the curve from no speedup to one of the points, over that speedup."""
    area, speedup, effect = 0.0, 0.0, 0.0
    means: list[float] = []
    for point in points:
        area += (point.speedup - speedup) * (point.effect + effect) / 2
        speedup, effect = point.speedup, point.effect
        means.append(area / speedup)
    return max(means)


def _slope(points: Sequence[CausalPoint]) -> tuple[float, float | None, float | None]:
    """Slope and interval of the line through points, weighted by visits: a mean's variance is inverse to them."""
    weight = sum(point.visits for point in points)
    middle = sum(point.visits * point.speedup for point in points) / weight
    height = sum(point.visits * point.effect for point in points) / weight
    spread = sum(point.visits * (point.speedup - middle) ** 2 for point in points)
    slope = sum(point.visits * (point.speedup - middle) * (point.effect - height) for point in points) / spread
    freedom = len(points) - 2
    if not freedom:
        return slope, None, None
    beside = [point.effect - height - slope * (point.speedup - middle) for point in points]
    squares = sum(point.visits * off**2 for point, off in zip(points, beside, strict=True))
    half = quantile(freedom) * sqrt(squares / freedom / spread)
    return slope, slope - half, slope + half
