"""Several metrics side by side: which, and what each place has of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Weighed, weigh
from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData, nothing_measured
from pyrometer.profile.derived import Derivations, derivations
from pyrometer.profile.formula import Value

ALL = "all"
"""In place of a name: every recorded metric."""


@frozen
class MetricColumn:
    """A metric of a table."""

    name: str
    unit: str
    """As :attr:`pyrometer.profile.derived.Derived.unit`."""
    formula: str | None
    """Of a derived metric."""
    total: Value
    is_sum: bool
    """Whether places have shares of the total; a ratio is computed for each, and never summed."""


@frozen
class Amount:
    """A value of one metric: None where a ratio is not defined; the share (0 to 1) of a metric that is a sum."""

    value: Value
    share: float | None


Amounts = tuple[Amount, ...]
"""One for each column."""
Costs = dict[str, tuple[int, int]]
"""Self and total of a place, by recorded metric."""


@frozen
class MetricsOptions:
    """Which metrics, sorted by which."""

    metrics: tuple[str, ...] = (ALL,)
    sort: str | None = None
    """Default: the first one."""
    derive: Mapping[str, str] | None = None
    """Formulas of derived metrics by name."""


@frozen
class Measured:
    """The selected samples of a profile, weighed once for each metric that is needed."""

    basis: Basis
    """Of the first recorded metric among them."""
    columns: tuple[MetricColumn, ...]
    """Rows are sorted by the first."""
    weighed: dict[str, Weighed]
    derivations: Derivations
    recorded: int
    """When, nanoseconds since 1970; 0 if that is not known."""

    def amounts(self, recorded: Mapping[str, Value]) -> Amounts:
        """What every column has, from the values of the recorded metrics; 0 for those that are not there."""
        known = {name: recorded.get(name, 0) for name in self.weighed}
        values = self.derivations.evaluate((column.name for column in self.columns), known)
        return tuple(map(_amount, values, self.columns))

    def both(self, costs: Costs) -> tuple[Amounts, Amounts]:
        """Self and total of a place."""
        own = self.amounts({name: pair[0] for name, pair in costs.items()})
        if all(pair[0] == pair[1] for pair in costs.values()):
            return own, own
        return own, self.amounts({name: pair[1] for name, pair in costs.items()})

    def gather(
        self, rows: Callable[[Weighed], Iterable[native.Row]], key: Callable[[native.Row], Hashable]
    ) -> list[tuple[native.Row, Costs]]:
        """The rows of every metric, those with the same key as one."""
        found: dict[Hashable, tuple[native.Row, Costs]] = {}
        for name, weighed in self.weighed.items():
            for row in rows(weighed):
                costs = found.setdefault(key(row), (row, {}))[1]
                own, total = costs.get(name, (0, 0))
                costs[name] = own + row.self_value, total + row.total_value
        return list(found.values())

    def order(self, amounts: Amounts) -> float:
        """What rows are sorted by: the largest first, whatever its sign, what is not defined last."""
        value = amounts[0].value
        return float("inf") if value is None else -abs(value)

    def is_large(self, amounts: Amounts, min_share: float) -> bool:
        """Whether the sorting column has this share; a ratio has none, and is never too small."""
        share = amounts[0].share
        return share is None or abs(share) >= min_share


def measure(
    profile: ProfileData,
    options: MetricsOptions,
    *,
    estimate: bool = False,
    by_self: bool = False,
    **filters: Unpack[FilterOptions],
) -> Measured:
    """Weigh what the chosen metrics need; ``estimate`` and ``by_self`` as for :func:`weigh`."""
    known = derivations(profile, options.derive)
    names = _chosen(profile, known, options)
    recorded = [metric.name for metric in profile.metric_list]
    needed = known.needed(names)
    weighed = {
        name: weigh(profile, {**filters, "metric": name}, estimate=estimate, by_self=by_self)
        for name in recorded
        if name in needed
    }
    totals = known.evaluate(names, {name: one.basis.total for name, one in weighed.items()})
    columns = tuple(_column(profile, known, name, total) for name, total in zip(names, totals, strict=True))
    first = next((name for name in names if name in weighed), next(iter(weighed)))
    return Measured(weighed[first].basis, columns, weighed, known, profile.meta.start_wall)


def _chosen(profile: ProfileData, known: Derivations, options: MetricsOptions) -> list[str]:
    """The names, each once, the one that is sorted by first."""
    recorded = [metric.name for metric in profile.metric_list]
    if not recorded:
        raise nothing_measured(profile)
    sort = [options.sort] if options.sort else []
    every = (recorded if name == ALL else [name] for name in (*sort, *options.metrics))
    names = list(dict.fromkeys(name for some in every for name in some))
    if not names:
        raise ValueError("there is no metric to make a column of: metrics is empty")
    for name in names:
        if name not in known.known:
            listed = ", ".join([*recorded, *known.by_name])
            raise SelectionError(f"there is no metric {name!r}", cure=f"choose from: {listed}")
        if not known.needed([name]):
            raise SelectionError(f"{name!r} is made of no metric", cure="use one in its formula")
    return names


def _column(profile: ProfileData, known: Derivations, name: str, total: Value) -> MetricColumn:
    derived = known.by_name.get(name)
    if derived is None:
        unit = next(metric.unit for metric in profile.metric_list if metric.name == name)
        return MetricColumn(name, unit, None, total, is_sum=True)
    return MetricColumn(name, derived.unit, derived.formula.text, total, known.is_sum(name))


def _amount(value: Value, column: MetricColumn) -> Amount:
    if not column.is_sum or value is None:
        return Amount(value, None)
    return Amount(value, value / column.total if column.total and value else 0.0)


def is_several(profile: ProfileData, names: Sequence[str], sort: str | None) -> bool:
    """Whether a choice of metrics needs columns: one recorded metric alone has views of its own."""
    recorded = {metric.name for metric in profile.metric_list}
    return sort is not None or len(names) > 1 or any(name == ALL or name not in recorded for name in names)
