"""Functions, lines, files, callers and callees with several metrics each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Place, Weighed, first, without_paths
from pyrometer.analyze.callers import Direction
from pyrometer.analyze.columns import Amounts, Costs, Measured, MetricColumn, MetricsOptions, measure
from pyrometer.analyze.names import find_function
from pyrometer.analyze.top import By
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData

Kind = Literal["top", "lines", "files", "callers", "callees"]


@frozen
class Shown:
    """Which rows: ``n`` at most, from ``min_share`` (0 to 1) up, by their own cost or with all they call."""

    n: int = 20
    min_share: float = 0.0
    by: By = "self"


SHOWN = Shown()


@frozen
class MetricRow:
    """A place, and what each column has there; ``total`` of a caller or callee is what passes over its edge."""

    place: Place
    self: Amounts
    total: Amounts
    calls: int | None = None
    """How often a caller called, or a callee was called; None if that was not recorded."""


@frozen
class MetricTable:
    """The ``rows`` with the most of the column ``columns[0]``, of ``known`` that have any of it."""

    basis: Basis
    kind: Kind
    by: By
    columns: tuple[MetricColumn, ...]
    rows: tuple[MetricRow, ...]
    known: int
    function: str | None = None
    """Whose callers or callees they are."""


def metric_top(
    profile: ProfileData,
    options: MetricsOptions,
    shown: Shown = SHOWN,
    **filters: Unpack[FilterOptions],
) -> MetricTable:
    """The hottest functions, with several metrics."""
    measured = measure(profile, options, by_self=True, **filters)
    rows = measured.gather(_functions, lambda row: (row.name, row.binary))
    return _table(measured, "top", rows, shown)


def metric_lines(
    profile: ProfileData,
    options: MetricsOptions,
    shown: Shown = SHOWN,
    **filters: Unpack[FilterOptions],
) -> MetricTable:
    """The hottest source lines, with several metrics."""
    measured = measure(profile, options, by_self=True, **filters)
    rows = measured.gather(_lines, lambda row: (row.name, row.binary, row.file, row.line))
    return _table(measured, "lines", rows, replace(shown, by="self"))


def metric_files(
    profile: ProfileData,
    options: MetricsOptions,
    shown: Shown = SHOWN,
    **filters: Unpack[FilterOptions],
) -> MetricTable:
    """What the code of each source file costs by itself, with several metrics; code without a file is ``???``."""
    measured = measure(profile, options, by_self=True, **filters)
    sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, weighed in measured.weighed.items():
        for row in weighed.weights.lines(weighed.filters.grouping()):
            sums[row.file or UNKNOWN][name] += row.self_value
    rows = [_row(measured, Place(path, None, path, None, None, "native"), _own(sums[path])) for path in sorted(sums)]
    return _sorted(measured, "files", rows, replace(shown, by="self"))


UNKNOWN = "???"
"""As Valgrind's tools write a file that is not known."""


def metric_neighbours(
    profile: ProfileData,
    options: MetricsOptions,
    function: str,
    direction: Direction,
    shown: Shown = SHOWN,
    **filters: Unpack[FilterOptions],
) -> MetricTable:
    """Who calls ``function``, or whom it calls, with several metrics."""
    measured = measure(profile, options, **filters)
    name = named(measured, function)

    def edges(weighed: Weighed) -> list[native.Row]:
        found = weighed.weights.neighbours(weighed.filters.grouping(), [name])
        return found.callers if direction == "callers" else found.callees

    counts: dict[tuple[str, str | None], int] = {}
    for weighed in measured.weighed.values():
        if weighed.weights.of_calls:
            counts |= {(row.name, row.binary): row.total_count for row in edges(weighed)}
    rows = [
        replace(_row(measured, Place.of(row), costs), calls=counts.get((row.name, row.binary)))
        for row, costs in measured.gather(edges, lambda row: (row.name, row.binary))
    ]
    if not rows:
        measured = replace(measured, basis=without_paths(profile, measured.basis))
    return _sorted(measured, direction, rows, replace(shown, by="total"), name)


def named(measured: Measured, function: str) -> str:
    """The function that is meant, whichever of the metrics it has."""
    return find_function(function, [row for one in measured.weighed.values() for row in _functions(one)])


def _functions(weighed: Weighed) -> list[native.Row]:
    return weighed.weights.functions(weighed.filters.grouping())


def _lines(weighed: Weighed) -> Iterable[native.Row]:
    rows = weighed.weights.lines(weighed.filters.grouping())
    return (row for row in rows if row.file and row.line and row.self_value)


def _own(sums: dict[str, int]) -> Costs:
    return {name: (value, value) for name, value in sums.items()}


def _row(measured: Measured, place: Place, costs: Costs) -> MetricRow:
    return MetricRow(place, *measured.both(costs))


def _table(
    measured: Measured,
    kind: Kind,
    rows: Iterable[tuple[native.Row, Costs]],
    shown: Shown,
) -> MetricTable:
    made = [_row(measured, Place.of(row), costs) for row, costs in rows]
    return _sorted(measured, kind, made, shown)


def _sorted(
    measured: Measured,
    kind: Kind,
    rows: list[MetricRow],
    shown: Shown,
    function: str | None = None,
) -> MetricTable:
    def amounts(row: MetricRow) -> Amounts:
        return row.self if shown.by == "self" else row.total

    def order(row: MetricRow) -> tuple[float, tuple[float, ...], str, str, int]:
        others = tuple(-abs(amount.value or 0) for amount in amounts(row)[1:])
        return measured.order(amounts(row)), others, row.place.name, row.place.file or "", row.place.line or 0

    # An edge inside a cycle has a number of calls, but no cost: it is an answer all the same.
    # What costs something in another column is a row as well: columns add up.
    known = [row for row in rows if function is not None or any(amount.value for amount in amounts(row))]
    large = [row for row in known if measured.is_large(amounts(row), shown.min_share)]
    hottest = tuple(first(sorted(large, key=order), shown.n))
    return MetricTable(measured.basis, kind, shown.by, measured.columns, hottest, len(known), function)
