"""The hottest source lines; inlined code counts where it was written."""

from __future__ import annotations

from typing import Unpack

from pyrometer.analyze.basis import Basis, Estimate, Weighed, first, weigh
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData


@frozen
class LineRow:
    """One line of one function."""

    file: str
    line: int
    function: str
    self: Estimate
    total: Estimate


@frozen
class Lines:
    """The ``rows`` hottest of ``lines`` source lines."""

    basis: Basis
    rows: tuple[LineRow, ...]
    lines: int


def lines(profile: ProfileData, n: int = 10, min_share: float = 0.0, **filters: Unpack[FilterOptions]) -> Lines:
    """The ``n`` lines with the most samples of their own, from ``min_share`` (0 to 1) up.

    Code without line numbers has no row, so the shares may sum to less than one.
    """
    return lines_of(weigh(profile, filters, by_self=True), n, min_share)


def lines_of(weighed: Weighed, n: int, min_share: float = 0.0) -> Lines:
    """:func:`lines`, of samples that are weighed already."""
    found = weighed.weights.lines(weighed.filters.grouping())
    known = [(row.file, row.line, row) for row in found if row.file and row.line and row.self_value]
    large = [one for one in known if abs(one[2].self_value) >= min_share * abs(weighed.basis.total)]
    hottest = first(sorted(large, key=lambda one: (-abs(one[2].self_value), one[0], one[1], one[2].name)), n)
    rows = tuple(LineRow(file, line, row.name, *weighed.estimates(row)) for file, line, row in hottest)
    return Lines(weighed.basis, rows, len(known))
