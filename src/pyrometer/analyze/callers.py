"""Who calls a function, and whom it calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Estimate, Place, Weighed, first, weigh, without_paths
from pyrometer.analyze.names import find_function
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData

Direction = Literal["callers", "callees"]


@frozen
class Neighbour:
    """A caller or a callee, with what passes over the edge between them.

    Of recorded calls (``basis.paths`` is ``calls``), ``edge.count`` is their number; calls inside a cycle, and of a
    function to itself, have no cost of their own.
    """

    place: Place
    edge: Estimate


@frozen
class Neighbours:
    """The callers or the callees of ``function``.

    The edges and ``self.self`` sum to ``total``, except where recursion passes over an edge of its own.
    """

    basis: Basis
    direction: Direction
    function: str
    self: Estimate
    total: Estimate
    rows: tuple[Neighbour, ...]
    neighbours: int


def callers(
    profile: ProfileData, function: str, n: int = 20, min_share: float = 0.0, **filters: Unpack[FilterOptions]
) -> Neighbours:
    """The ``n`` hottest functions that call ``function`` directly, inlined calls included."""
    return _explained(profile, _neighbours(weigh(profile, filters), "callers", function, n, min_share))


def callees(
    profile: ProfileData, function: str, n: int = 20, min_share: float = 0.0, **filters: Unpack[FilterOptions]
) -> Neighbours:
    """The ``n`` hottest functions that ``function`` calls directly, inlined calls included."""
    return _explained(profile, _neighbours(weigh(profile, filters), "callees", function, n, min_share))


def _explained(profile: ProfileData, found: Neighbours) -> Neighbours:
    """With the reason, if there are none because the profile knows of no calls at all."""
    return found if found.neighbours else replace(found, basis=without_paths(profile, found.basis))


def _neighbours(weighed: Weighed, direction: Direction, function: str, n: int, min_share: float) -> Neighbours:
    grouping = weighed.filters.grouping()
    name = find_function(function, weighed.weights.functions(grouping))
    found = weighed.weights.neighbours(grouping, [name])
    edges = found.callers if direction == "callers" else found.callees
    large = [edge for edge in edges if edge.total_value >= min_share * weighed.basis.total]
    hottest = first(sorted(large, key=lambda edge: (-edge.total_value, edge.name, edge.binary or "")), n)
    return Neighbours(
        weighed.basis,
        direction,
        name,
        weighed.basis.estimate(found.self_value, found.self_count),
        weighed.basis.estimate(found.total_value, found.total_count),
        tuple(_neighbour(weighed, edge) for edge in hottest),
        len(edges),
    )


def _neighbour(weighed: Weighed, edge: native.Row) -> Neighbour:
    passing = weighed.basis.estimate(edge.total_value, edge.total_count)
    return Neighbour(Place.of(edge), passing)
