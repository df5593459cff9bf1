"""The call tree with several metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Place, without_paths
from pyrometer.analyze.columns import Amounts, Costs, Measured, MetricColumn, MetricsOptions, measure
from pyrometer.analyze.tree import levels
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData

Path = tuple[int, str, str | None]
"""The number of the caller's path (0: none), name and binary."""


@frozen
class MetricNode:
    """A function in the context of its callers (inverted: of its callees)."""

    place: Place
    inlined: bool
    self: Amounts
    total: Amounts
    children: tuple[MetricNode, ...]


@frozen
class MetricTree:
    """The roots of the tree; siblings are sorted by the column ``columns[0]``."""

    basis: Basis
    columns: tuple[MetricColumn, ...]
    inverted: bool
    roots: tuple[MetricNode, ...]
    nodes: int
    """Nodes of the whole tree."""
    hidden: int
    """Nodes that are too small or too deep to be shown."""

    def walk(self) -> Iterator[tuple[int, MetricNode]]:
        """All nodes, each with its depth, parents first."""
        pending: list[tuple[int, MetricNode]] = [(0, root) for root in reversed(self.roots)]
        while pending:
            level, node = pending.pop()
            yield level, node
            pending.extend((level + 1, child) for child in reversed(node.children))


class _Growing:
    """A node to which costs are still added."""

    def __init__(self, row: native.Row, parent: int, depth: int) -> None:
        self.row = row
        self.parent = parent
        self.depth = depth
        self.inlined = True
        self.costs: Costs = {}
        self.children: list[MetricNode] = []


def metric_tree(
    profile: ProfileData,
    options: MetricsOptions,
    min_share: float = 0.005,
    depth: int | None = None,
    inverted: bool = False,
    **filters: Unpack[FilterOptions],
) -> MetricTree:
    """The call tree with several metrics, without nodes that have less than ``min_share`` of the one sorted by."""
    depth = levels(depth)
    measured = measure(profile, options, estimate=True, **filters)
    growing = _grow(measured, inverted)
    roots: list[MetricNode] = []
    hidden = 0
    # Parents stand before their children, so from the back every node's children are complete.
    for one in reversed(growing):
        own, total = measured.both(one.costs)
        if (depth is not None and one.depth >= depth) or not measured.is_large(total, min_share):
            hidden += 1 + _size(one.children)
            continue
        node = MetricNode(Place.of(one.row), one.inlined, own, total, _sorted(measured, one.children))
        (roots if one.parent == 0 else growing[one.parent - 1].children).append(node)
    return MetricTree(
        measured.basis if any(one.parent for one in growing) else without_paths(profile, measured.basis),
        measured.columns,
        inverted,
        _sorted(measured, roots),
        len(growing),
        hidden,
    )


def _grow(measured: Measured, inverted: bool) -> list[_Growing]:
    """The nodes of all metrics, each path once, parents first."""
    numbers: dict[Path, int] = {}
    growing: list[_Growing] = []
    for name, weighed in measured.weighed.items():
        rows, _ = weighed.weights.call_tree(weighed.filters.grouping(inverted), 0.0, None)
        path: list[int] = []
        for parent, row, inlined in rows:
            above = 0 if parent is None else path[parent]
            number = numbers.setdefault((above, row.name, row.binary), len(growing) + 1)
            if number > len(growing):
                growing.append(_Growing(row, above, growing[above - 1].depth + 1 if above else 0))
            path.append(number)
            node = growing[number - 1]
            node.inlined &= inlined
            node.costs[name] = row.self_value, row.total_value
    return growing


def _sorted(measured: Measured, nodes: list[MetricNode]) -> tuple[MetricNode, ...]:
    return tuple(sorted(nodes, key=lambda node: (measured.order(node.total), node.place.name, node.place.binary or "")))


def _size(nodes: list[MetricNode]) -> int:
    pending, size = list(nodes), 0
    while pending:
        size += 1
        pending.extend(pending.pop().children)
    return size
