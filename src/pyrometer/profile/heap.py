"""Which metrics are of a heap's blocks, and of copies."""

from __future__ import annotations

import re

from pyrometer.profile.data import Metric

_BLOCKS = re.compile(
    r"(alloc|copy|inuse|peak|exit|max|live|temporary|read|written|never-read|never-written)-(bytes|blocks)(-\d+)?"
    r"|lifetime"
)
"""Of DHAT, heaptrack, massif and the heap profiles of pprof."""


def is_of_blocks(metric: Metric) -> bool:
    """Whether it measures what was allocated or copied, so that all its stacks end in an allocator or in ``memcpy``."""
    return _BLOCKS.fullmatch(metric.name) is not None
