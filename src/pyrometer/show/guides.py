"""The branches drawn before the names of a tree.

A node that is its parent's only child stands right below it: only a fork moves to the right, so
that stacks of a hundred frames stay readable in eighty columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, Self, TypeVar


class Branching(Protocol):
    """A node of a tree."""

    @property
    def children(self) -> Sequence[Self]:
        """The nodes below it."""
        ...


T = TypeVar("T", bound=Branching)

WIDEST = 12
"""Forks drawn at most; further right, the number of forks stands instead."""


def draw(roots: Sequence[T]) -> Iterator[tuple[str, T]]:
    """Every node with its guide, in the order of :meth:`pyrometer.analyze.Tree.walk`."""
    mark = "• " if len(roots) > 1 else ""
    pending: list[tuple[T, tuple[str, ...], str]] = [(node, (), mark) for node in reversed(roots)]
    while pending:
        node, stems, branch = pending.pop()
        yield _guide(stems, branch), node
        pending.extend(reversed(list(_children(node, stems, branch))))


def _children(node: T, stems: tuple[str, ...], branch: str) -> Iterator[tuple[T, tuple[str, ...], str]]:
    below = stems if not branch else (*stems, "│ " if branch == "├ " else "  ")
    if len(node.children) == 1:
        yield node.children[0], below, ""
        return
    last = len(node.children) - 1
    for at, child in enumerate(node.children):
        yield child, below, "└ " if at == last else "├ "


def _guide(stems: tuple[str, ...], branch: str) -> str:
    if len(stems) <= WIDEST:
        return "".join(stems) + branch
    return "".join(stems[:WIDEST]) + f"+{len(stems) - WIDEST} {branch}"
