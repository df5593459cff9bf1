"""Lines that were counted: a row a key.

Unlike other views these are not of a Profile: the keys may be more than anybody wants as a table in memory. They are
taken from the counted lines as they are read; :func:`profile_of` makes a Profile of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pyrometer import native

if TYPE_CHECKING:
    from pyrometer.spread import Spread

PAGE = 10_000
"""Rows that are taken at a time."""


class KeyRow(NamedTuple):
    """A key. Without weights ``value`` is its count, else the sum of its weights."""

    key: str
    value: float
    share: float | None
    """Of the total; None if that is 0."""
    running: float | None
    """The shares up to this row."""
    spread: Spread | None = None


class Counted(NamedTuple):
    """What lines were counted, and how."""

    tally: native.Tally
    weights: str
    """``unit``, ``integral`` or ``fractional``."""
    spread: native.Spread | None = None
    """With the weights of each key, if they were kept apart."""
    interrupted: bool = False

    @property
    def keys(self) -> int:
        """How many different keys."""
        return len(self.tally if self.spread is None else self.spread)

    @property
    def total(self) -> float:
        """The sum of all weights: of counts without them."""
        if self.spread is None:
            return self.tally.total
        return sum(row[2] for row in _pages(self.spread))

    def rows(self, most: int | None = None) -> Iterator[KeyRow]:
        """The keys by rank, at most ``most``."""
        total, running = self.total, 0.0
        for key, value, spread in itertools.islice(self._values(), most):
            share = value / total if total else None
            running += share or 0.0
            yield KeyRow(key, value, share, running if total else None, spread)

    def _values(self) -> Iterator[tuple[str, float, Spread | None]]:
        if self.spread is None:
            yield from ((key, value, None) for key, value in _pages(self.tally))
            return
        from pyrometer.spread import Spread

        for key, count, value, least, most, deviation, percentiles, histogram in _pages(self.spread):
            spread = Spread(count, value / count, deviation, least, most, tuple(percentiles), tuple(histogram))
            yield key, value, spread


def _pages(of: native.Tally | native.Spread) -> Iterator[tuple]:
    for start in range(0, len(of), PAGE):
        yield from of.rows(start, PAGE)


def profile_of(counted: Counted) -> native.Profile:
    """The keys as a profile: metric ``count``, and ``weight`` or ``weight-thousandths``.

    The parts of a key between ``;`` are its stack, the outermost first.
    """
    return counted.tally.profile() if counted.spread is None else counted.spread.profile()
