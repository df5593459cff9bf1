"""The call tree, from the root down or (inverted) from the leaves up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from operator import index
from typing import Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Estimate, Place, Weighed, weigh, without_paths
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData


@frozen
class Node:
    """A function in the context of its callers (inverted: of its callees), hottest child first."""

    place: Place
    inlined: bool
    self: Estimate
    total: Estimate
    children: tuple[Node, ...]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Node]]:
        """This node and all below it, each with its depth, parents first."""
        pending: list[tuple[int, Node]] = [(depth, self)]
        while pending:
            level, node = pending.pop()
            yield level, node
            pending.extend((level + 1, child) for child in reversed(node.children))


@frozen
class Tree:
    """The roots of the tree, hottest first."""

    basis: Basis
    inverted: bool
    roots: tuple[Node, ...]
    nodes: int
    """Nodes of the whole tree."""
    hidden: int
    """Nodes that are too small or too deep to be shown."""

    def walk(self) -> Iterator[tuple[int, Node]]:
        """All nodes, each with its depth, parents first."""
        for root in self.roots:
            yield from root.walk()


def tree(
    profile: ProfileData,
    min_share: float = 0.005,
    depth: int | None = None,
    inverted: bool = False,
    **filters: Unpack[FilterOptions],
) -> Tree:
    """The call tree down to ``depth`` levels, without nodes below ``min_share`` (0 to 1) of the total.

    The tree of a profile that has calls in place of stacks is an estimate: ``basis.paths`` says so.
    ``inverted``: the roots are the functions on which samples fell, their children the callers.
    """
    depth = levels(depth)
    weighed = weigh(profile, filters, estimate=True)
    rows, hidden = weighed.weights.call_tree(weighed.filters.grouping(inverted), min_share, depth)
    roots = _grow(rows, weighed)
    basis = weighed.basis if any(root.children for root in roots) else without_paths(profile, weighed.basis)
    return Tree(basis, inverted, roots, len(rows) + hidden, hidden)


def levels(depth: int | None) -> int | None:
    """A depth that was asked for; a negative number is a :class:`ValueError`, what no stack has is no limit."""
    if depth is None or depth > sys.maxsize:
        return None
    if depth < 0:
        raise ValueError(f"depth is a number of levels from 0, not {depth}")
    return index(depth)


def _grow(rows: list[native.TreeRow], weighed: Weighed) -> tuple[Node, ...]:
    # Parents stand before their children, so from the back every node's children are complete.
    children: list[list[Node]] = [[] for _ in rows]
    roots: list[Node] = []
    for at in range(len(rows) - 1, -1, -1):
        parent, row, inlined = rows[at]
        below = _hottest_first(children[at])
        node = Node(Place.of(row), inlined, *weighed.estimates(row), below)
        siblings = roots if parent is None else children[parent]
        siblings.append(node)
    return _hottest_first(roots)


def _hottest_first(nodes: list[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes, key=lambda node: (-node.total.value, node.place.name, node.place.binary or "")))
