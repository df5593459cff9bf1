"""The hottest functions, by their own samples and by those of everything they call."""

from __future__ import annotations

from operator import attrgetter
from typing import Literal, Unpack, get_args

from pyrometer.analyze.basis import Basis, Estimate, Place, Weighed, first, weigh
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData

By = Literal["self", "total"]


@frozen
class FunctionRow:
    """One function; recursion is counted once a sample in ``total``."""

    place: Place
    self: Estimate
    total: Estimate


@frozen
class Top:
    """The ``rows`` hottest of ``functions`` functions that have any samples, of their own or in ``total``."""

    basis: Basis
    by: By
    rows: tuple[FunctionRow, ...]
    functions: int


def top(
    profile: ProfileData,
    n: int = 10,
    by: By = "self",
    min_share: float = 0.0,
    **filters: Unpack[FilterOptions],
) -> Top:
    """The ``n`` hottest functions, sorted by ``self`` or by ``total`` value, from ``min_share`` (0 to 1) up.

    Values below 0 are as large as without their sign. Functions of the same name in the same binary are one row. Ties
    are in the order of names, so that the same profile always gives the same list.
    """
    if by not in get_args(By):
        raise ValueError(f"by is 'self' or 'total', not {by!r}")
    return top_of(weigh(profile, filters, by_self=True), n, by, min_share)


def top_of(weighed: Weighed, n: int, by: By, min_share: float = 0.0) -> Top:
    """:func:`top`, of samples that are weighed already."""
    found = weighed.weights.functions(weighed.filters.grouping())
    key = attrgetter(f"{by}_value")
    known = [row for row in found if key(row)]
    large = [row for row in known if abs(key(row)) >= min_share * abs(weighed.basis.total)]
    hottest = first(sorted(large, key=lambda row: (-abs(key(row)), row.name, row.binary or "")), n)
    rows = tuple(FunctionRow(Place.of(row), *weighed.estimates(row)) for row in hottest)
    return Top(weighed.basis, by, rows, len(known))
