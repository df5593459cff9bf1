"""What every view stands on: the selected metric, its total, and what is missing from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from pyrometer import native
from pyrometer.analyze.interval import effective_size, wilson
from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, Filters, Metric, ProfileData, Quality
from pyrometer.profile.filters import check_times
from pyrometer.profile.heap import is_of_blocks


@frozen
class Estimate:
    """A part of the total: its value, and its share with the 95 % interval.

    ``low`` and ``high`` are None for an exact metric.
    """

    value: int
    """In the metric's unit."""
    count: int
    """Samples."""
    share: float
    """0 to 1."""
    low: float | None
    high: float | None


Paths = Literal["stacks", "calls", "none", "estimate", "alone"]
"""What totals are made of: stacks; recorded calls; nothing (calls are there, but filters cannot be applied to them, so
that a total is the own cost alone); stacks that were estimated from calls; nothing, for the profile has neither (said
by views of callers only)."""


@frozen
class Cycle:
    """Functions that call each other in a circle: a member's total is without the calls inside of it."""

    number: int
    members: tuple[str, ...]
    total: Estimate


@frozen
class Basis:
    """The total that shares refer to."""

    metric: Metric
    total: int
    """Value of the selected samples, in the metric's unit."""
    samples: int
    """Selected samples."""
    effective_samples: float
    """Kish's effective sample size: what the intervals are computed with."""
    excluded: int
    """Samples of the metric that the filters left out."""
    quality: Quality
    """What is missing from the whole profile."""
    paths: Paths = "stacks"
    cycles: tuple[Cycle, ...] = ()
    """Of a graph of calls, the heaviest first."""
    without_allocators: bool = False
    """What ended in an allocator counts as the code that asked for memory."""

    def estimate(self, value: int, count: int) -> Estimate:
        """A part of the total, with its interval."""
        share = value / self.total if self.total and value else 0.0
        if self.metric.kind == "exact" or not self.total:
            return Estimate(value, count, share, None, None)
        return Estimate(value, count, share, *wilson(min(share, 1.0), self.effective_samples))


T = TypeVar("T")


def first(rows: Sequence[T], n: int) -> Sequence[T]:
    """The first ``n`` rows of a view; a negative number is a ValueError."""
    if n < 0:
        raise ValueError(f"n is a number of rows from 0, not {n}")
    return rows[:n]


@frozen
class Place:
    """A function, as a view names it."""

    name: str
    binary: str | None
    file: str | None
    line: int | None
    namespace: str | None
    """Crate or outermost namespace."""
    kind: str
    """``native``, ``kernel``, ``jit`` or ``unknown``."""
    cycle: int | None = None
    """The number of its cycle in :attr:`Basis.cycles`."""

    @classmethod
    def of(cls, row: native.Row) -> Place:
        """The place of a row of sums."""
        return cls(row.name, row.binary, row.file, row.line, row.namespace, row.kind, row.cycle)


@frozen
class Weighed:
    """The selected samples of a profile, weighed once for any number of views."""

    basis: Basis
    weights: native.Weights
    filters: Filters

    def estimates(self, row: native.Row) -> tuple[Estimate, Estimate]:
        """The self and the total of a row."""
        return (
            self.basis.estimate(row.self_value, row.self_count),
            self.basis.estimate(row.total_value, row.total_count),
        )


def weigh(profile: ProfileData, options: FilterOptions, *, estimate: bool = False, by_self: bool = False) -> Weighed:
    """Weigh the selected samples of a profile: one pass over them.

    ``estimate``: if the profile has calls in place of stacks, these are estimated. ``by_self``: for a view of own
    costs, which of a heap's blocks are those of who asks for them, unless ``hide_allocators`` is said to be false.
    """
    filters = Filters.of(options)
    metric = profile.metric_list[filters.metric_row(profile)]
    if by_self and options.get("hide_allocators") is None and is_of_blocks(metric):
        # All stacks end in the allocator: by self, that would be all.
        filters = replace(filters, hide_allocators=True)
    selection = filters.selection(profile)
    stacked = profile.native.estimated(selection) if estimate else None
    if filters.hide and not stacked and len(profile.stacks) and not _has_callers(profile):
        raise SelectionError(
            "no functions can be hidden in this view",
            "what they cost would be their callers', and the profile has no stacks that tell these",
            "leave them out: --exclude" + ("; or --view tree, of estimated stacks" if len(profile.calls) else ""),
        )
    weights = (stacked or profile.native).weigh(selection)
    if selection["time"] and not weights.count:
        check_times(stacked or profile.native, selection)
    ground = Basis(
        metric=metric,
        total=weights.value,
        samples=weights.count,
        effective_samples=effective_size(weights.value, weights.squares),
        excluded=weights.excluded_count,
        quality=profile.meta.quality,
        paths="estimate" if stacked else _paths(profile, weights),
        without_allocators=filters.hide_allocators,
    )
    return Weighed(replace(ground, cycles=_cycles(ground, weights, filters)), weights, filters)


def _paths(profile: ProfileData, weights: native.Weights) -> Paths:
    if weights.of_calls:
        return "calls"
    return "none" if weights.excluded_count and len(profile.calls) else "stacks"


def without_paths(profile: ProfileData, basis: Basis) -> Basis:
    """The basis of a view that found no callers: does the profile know of any? Where nothing is seen nobody can say."""
    known = basis.paths != "stacks" or not basis.samples or _has_callers(profile)
    return basis if known else replace(basis, paths="alone")


def _has_callers(profile: ProfileData) -> bool:
    """Whether any of its stacks has more than one frame."""
    return any(row["parent"] is not None for row in profile.stacks.rows())


def _cycles(ground: Basis, weights: native.Weights, filters: Filters) -> tuple[Cycle, ...]:
    found = weights.cycles(filters.grouping()) if weights.of_calls else []
    return tuple(
        Cycle(number, tuple(members), ground.estimate(value, 0)) for number, (members, value) in enumerate(found, 1)
    )
