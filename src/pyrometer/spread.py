"""How the weights of a counted key are spread."""

from __future__ import annotations

from pyrometer.frozen import frozen

PERCENTILES = (25, 50, 75, 90, 99)
"""Those of :attr:`Spread.percentiles`."""


@frozen
class Spread:
    """How the weights of a key are spread; exact. Whole numbers where weights are."""

    count: int
    mean: float
    deviation: float
    """The standard deviation; 0 for one event."""
    least: float
    most: float
    percentiles: tuple[float, ...]
    """The smallest weights that at least so many percent do not exceed, by :data:`PERCENTILES`."""
    histogram: tuple[tuple[float, int], ...]
    """Bars, each from a power of two to the next, below 0 mirrored; the bound that is nearer to 0, and the events."""
