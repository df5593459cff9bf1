"""Two profiles of the same program: what costs more, what costs less, and whether that is more than chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Literal, Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis
from pyrometer.analyze.columns import Measured, MetricColumn, MetricsOptions, measure
from pyrometer.analyze.rename import renaming
from pyrometer.analyze.significance import adjusted, shares_interval, shares_p, values_interval, values_p
from pyrometer.analyze.stat import INSTRUMENT
from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData, nothing_measured
from pyrometer.profile.formula import Number, Value

DiffBy = Literal["function", "line", "file", "binary"]
FALSE_DISCOVERIES = 0.05
UNKNOWN = "???"


@frozen
class Difference:
    """What one place cost in both profiles: values of the metric, or (normalized) shares of 0 to 1."""

    name: str
    before: Number | None
    """None: it is not there."""
    after: Number | None
    difference: Number
    ratio: float | None
    """After over before; None if either is nothing."""
    low: float | None = None
    """The 95 % interval of the difference; None for an exact metric."""
    high: float | None = None
    false_discovery: float | None = None
    """The rate of false discoveries at which this difference is the last to be believed; None for an exact metric."""
    is_real: bool = True
    """Whether it is more than chance; every difference between exact counts is."""


_FORMULA = "it is a formula of sampled metrics: its differences have no intervals"
_MIXED = "one side is sampled, the other exact"


@frozen
class Diff:
    """The places that differ, the largest difference first."""

    column: MetricColumn
    """With the total before."""
    by: DiffBy
    inclusive: bool
    normalized: bool
    sampled: bool
    before: Basis
    after: Basis
    total: Difference
    """Of everything; normalized: of 1."""
    rows: tuple[Difference, ...]
    small: int
    """Places that differ by less than the threshold."""
    tested: bool = True
    """Whether it is known what may be chance; not of a formula of samples, nor of samples and exact counts."""

    def above(self, share: float) -> list[Difference]:
        """What has grown by more than ``share`` (0 to 1) of the total before, and by more than chance.

        A :class:`~pyrometer.SelectionError` if nothing was tested, or the filters left nothing of either side.
        """
        if not self.tested:
            raise SelectionError(
                f"what of the differences of {self.column.name} may be noise is not known",
                _FORMULA if self.column.formula else _MIXED,
                "choose a limit for a metric that was recorded, or for exact counts",
            )
        sides = (self.before, self.after)
        if any(side.excluded for side in sides) and not any(side.samples for side in sides):
            raise SelectionError(
                f"nothing of {self.column.name} is left to be above a limit",
                "the filters leave out all samples of both profiles",
                "look for a misspelt name, or leave filters out",
            )
        least = share * abs(self.total.before or 0)
        return [one for one in (self.total, *self.rows) if one.difference > least and one.is_real]


@frozen
class DiffOptions:
    """What is compared, and how."""

    by: DiffBy = "function"
    inclusive: bool = False
    """Functions and lines with all they call, instead of by themselves."""
    normalize: bool = False
    """Shares of the total instead of values."""
    threshold: float = 0.0
    """Rows from this share (0 to 1) of the larger total up."""
    mod_filename: Sequence[str] = ()
    mod_funcname: Sequence[str] = ()
    """``s/OLD/NEW/[g][i]``, applied in turn to the names of both."""
    derive: Mapping[str, str] | None = None


def diff(
    before: ProfileData, after: ProfileData, options: DiffOptions | None = None, **filters: Unpack[FilterOptions]
) -> Diff:
    """Compare two profiles; places are the same if their names are, in whatever binary.

    Differences of exact metrics are exact. Those of sampled ones have an interval, and are tested: see
    :mod:`pyrometer.analyze.significance`; observations count as Kish's effective number.
    """
    chosen = options or DiffOptions()
    if INSTRUMENT in (before.meta.instrument, after.meta.instrument):
        raise SelectionError(
            "what pyrometer stat counted is not compared so",
            "it is of whole runs, and the values of such a profile are the sums of all of them",
            "count both in turns: pyrometer stat -r 10 --command 'OLD' -- NEW",
        )
    if chosen.inclusive and chosen.by in ("file", "binary"):
        raise SelectionError(f"a {chosen.by} has no cost with what it calls", cure="compare by function or line")
    filters["metric"] = filters.get("metric") or _common(before, after)
    pair = _Pair(_measure(before, chosen, filters), _measure(after, chosen, filters), chosen)
    costs = pair.costs()
    totals = [pair.value(side, {name: one.basis.total for name, one in side.weighed.items()}) for side in pair.sides]
    pair.totals = totals[0] or 0, totals[1] or 0
    total = pair.whole()
    differences = pair.compare(costs)
    least = chosen.threshold * (1.0 if chosen.normalize else max(abs(value) for value in pair.totals))
    different = [one for one in differences if one.difference or (one.before is None) != (one.after is None)]
    rows = [one for one in different if abs(one.difference) >= least]
    rows.sort(key=lambda one: (-abs(one.difference), one.name))
    return Diff(
        pair.sides[0].columns[0],
        chosen.by,
        chosen.inclusive,
        chosen.normalize,
        pair.sampled,
        pair.sides[0].basis,
        pair.sides[1].basis,
        total,
        tuple(rows),
        len(different) - len(rows),
        pair.tested,
    )


def _common(before: ProfileData, after: ProfileData) -> str | None:
    """The first metric of one that the other has, too; None: there is none."""
    others = {metric.name for metric in after.metric_list}
    return next((metric.name for metric in before.metric_list if metric.name in others), None)


def _measure(profile: ProfileData, options: DiffOptions, filters: FilterOptions) -> Measured:
    if not profile.metric_list:
        raise nothing_measured(profile)
    metric = filters.get("metric") or profile.metric_list[0].name
    chosen = MetricsOptions((metric,), None, options.derive)
    return measure(profile, chosen, by_self=not options.inclusive, **filters)


class _Pair:
    """Both sides, and what is asked of them."""

    def __init__(self, before: Measured, after: Measured, options: DiffOptions) -> None:
        self.sides = before, after
        self.options = options
        self.totals: tuple[Number, Number] = (0, 0)
        columns = [side.columns[0] for side in self.sides]
        if columns[0].name != columns[1].name or columns[0].unit != columns[1].unit:
            names = " and ".join(f"{column.name} ({column.unit})" for column in columns)
            raise SelectionError(f"{names} cannot be compared", "no metric is in both", "look at each by itself")
        if options.normalize and not columns[0].is_sum:
            raise SelectionError(f"{columns[0].name} is a ratio: it has no shares", cure="leave --normalize out")
        kinds = {one.basis.metric.kind for side in self.sides for one in side.weighed.values()}
        self.sampled = "exact" not in kinds and columns[0].formula is None
        self.tested = kinds <= {"exact"} or self.sampled

    def value(self, side: Measured, recorded: Mapping[str, Value]) -> Value:
        return side.amounts(recorded)[0].value

    def costs(self) -> dict[str, list[Number | None]]:
        """Before and after, by name."""
        costs: defaultdict[str, list[Number | None]] = defaultdict(lambda: [None, None])
        for at, side in enumerate(self.sides):
            for name, recorded in self._recorded(side).items():
                value = self.value(side, recorded)
                if value:
                    costs[name][at] = value
        return costs

    def _recorded(self, side: Measured) -> dict[str, dict[str, int]]:
        """The recorded metrics of one side, by name."""
        key = _keys(self.options)
        sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for metric, weighed in side.weighed.items():
            grouping = weighed.filters.grouping()
            by_line = self.options.by in ("line", "file")
            for row in weighed.weights.lines(grouping) if by_line else weighed.weights.functions(grouping):
                sums[key(row)][metric] += row.total_value if self.options.inclusive else row.self_value
        return {name: dict(recorded) for name, recorded in sums.items()}

    def compare(self, costs: dict[str, list[Number | None]]) -> list[Difference]:
        """A difference for each name, those of samples tested together."""
        found = [self._difference(name, *pair) for name, pair in costs.items()]
        if not self.sampled:
            return found
        rates = adjusted([self._probability(*pair) for pair in costs.values()])
        intervals = [self._interval(*pair) for pair in costs.values()]
        return [_sure(one, interval, rate) for one, interval, rate in zip(found, intervals, rates, strict=True)]

    def whole(self) -> Difference:
        """The difference of everything."""
        found = self._difference("", *self.totals)
        if not self.sampled or self.options.normalize:
            return found
        return _sure(found, self._interval(*self.totals), self._probability(*self.totals))

    def _difference(self, name: str, before: Number | None, after: Number | None) -> Difference:
        scaled = [self._scaled(value, total) for value, total in zip((before, after), self.totals, strict=True)]
        ratio = scaled[1] / scaled[0] if scaled[0] and scaled[1] else None
        return Difference(name, scaled[0], scaled[1], (scaled[1] or 0) - (scaled[0] or 0), ratio)

    def _scaled(self, value: Number | None, total: Number) -> Number | None:
        if value is None or not self.options.normalize:
            return value
        return value / total if total else 0.0

    def _sizes(self) -> tuple[float, float]:
        return self.sides[0].basis.effective_samples, self.sides[1].basis.effective_samples

    def _shares(self, before: Number | None, after: Number | None) -> tuple[float, float]:
        pairs = zip((before, after), self.totals, strict=True)
        shares = [min(1.0, (value or 0) / total) if total else 0.0 for value, total in pairs]
        return shares[0], shares[1]

    def _each(self) -> tuple[float, float]:
        """What an observation stands for; of a side without any, what it does on the other."""
        pairs = zip(self.totals, self._sizes(), strict=True)
        each = [total / size if size else 0.0 for total, size in pairs]
        return each[0] or each[1], each[1] or each[0]

    def _interval(self, before: Number | None, after: Number | None) -> tuple[float, float]:
        if not self.options.normalize:
            each = self._each()
            return values_interval(before or 0, each[0], after or 0, each[1])
        (n, m), (p, q) = self._sizes(), self._shares(before, after)
        return shares_interval(p, n, q, m)

    def _probability(self, before: Number | None, after: Number | None) -> float:
        (n, m), (p, q) = self._sizes(), self._shares(before, after)
        if self.options.normalize:
            return shares_p(p * n, n, q * m, m)
        each = self._each()
        return values_p(p * n, each[0], q * m, each[1])


def _sure(one: Difference, interval: tuple[float, float], rate: float) -> Difference:
    return Difference(
        one.name, one.before, one.after, one.difference, one.ratio, *interval, rate, rate <= FALSE_DISCOVERIES
    )


def _keys(options: DiffOptions) -> Callable[[native.Row], str]:
    function, file = renaming(options.mod_funcname), renaming(options.mod_filename)

    def line(row: native.Row) -> str:
        return f"{file(row.file) if row.file else UNKNOWN}:{row.line or '?'}"

    keys: dict[str, Callable[[native.Row], str]] = {
        "function": lambda row: function(row.name),
        "line": line,
        "file": lambda row: file(row.file) if row.file else UNKNOWN,
        "binary": lambda row: file(PurePath(row.binary).name) if row.binary else UNKNOWN,
    }
    if options.by not in keys:
        raise ValueError(f"by is one of {', '.join(keys)}, not {options.by!r}")
    return keys[options.by]
