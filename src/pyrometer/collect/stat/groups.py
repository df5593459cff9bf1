"""What is counted unless asked otherwise."""

from __future__ import annotations

from collections.abc import Sequence

SOFTWARE = ("task-clock", "context-switches", "cpu-migrations", "minor-faults", "major-faults")
"""Counted by the kernel on every machine."""
HARDWARE = (
    ("cycles", "instructions"),
    ("branches", "branch-misses"),
    ("cache-references", "cache-misses"),
)
"""Counted by the processor; pairs are counted at the same moments, so that their ratio means something."""


def wanted_groups(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    """Events to be counted together: those asked for, or the usual ones."""
    usual = [*([event] for event in SOFTWARE), *(list(group) for group in HARDWARE)]
    return [list(group) for group in groups] or usual
