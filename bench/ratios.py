"""Ratios of paired runs: their median, and a bootstrap interval of it."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 4_000


@dataclass(frozen=True)
class Median:
    """A median with the interval in which it lies in 95 of 100 resamples."""

    value: float
    low: float
    high: float

    def percent_over_one(self) -> str:
        """As a slowdown: ``+0.4 % (−0.2 … +1.1)``."""
        value, low, high = (f"{100 * (ratio - 1):+.1f}" for ratio in (self.value, self.low, self.high))
        return f"{value} % ({low} … {high})"


def median(values: Sequence[float]) -> Median:
    """The median of ``values`` and its percentile bootstrap interval (B. Efron, 1979).

    >>> median([1.0, 1.0, 1.0])
    Median(value=1.0, low=1.0, high=1.0)
    """
    # The same numbers give the same interval.
    source = random.Random(len(values))
    resampled = sorted(statistics.median(source.choices(values, k=len(values))) for _ in range(RESAMPLES))
    low, high = resampled[int(0.025 * RESAMPLES)], resampled[int(0.975 * RESAMPLES) - 1]
    return Median(statistics.median(values), low, high)


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Median:
    """The median of the ratios of pairs.

    >>> median_ratio([2.0, 4.0], [1.0, 2.0]).value
    2.0
    """
    return median([top / bottom for top, bottom in zip(numerators, denominators, strict=True)])
