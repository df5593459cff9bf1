"""Student's t: how far the mean of a few runs may be from the true one.

The density is W. S. Gosset's (*The probable error of a mean*, Biometrika 6, 1908), summed up by Simpson's rule; the
quantile is found by halving. Both are right to more digits than any measurement has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import atan, cos, exp, inf, lgamma, log, pi, sqrt

from pyrometer.analyze.interval import CONFIDENCE

_STEPS = 200
_HALVINGS = 60
_FARTHEST = 1e4
"""Quantiles of one degree of freedom are the largest: 12.7 for 95 %."""


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean, and its 95 % interval, of some independent runs; of one run nothing is known of the interval.

    >>> [round(value, 3) for value in mean_interval([9.0, 10.0, 11.0])]
    [10.0, 7.516, 12.484]
    """
    # Here, for it loads fractions and decimal numbers, and most views have no runs.
    from statistics import fmean, stdev

    mean = fmean(values)
    if len(values) < 2:
        return mean, -inf, inf
    half = quantile(len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean, mean - half, mean + half


@cache
def quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """What a two-sided interval of ``confidence`` multiplies the standard error with.

    >>> round(quantile(1), 3), round(quantile(2), 3), round(quantile(30), 3)
    (12.706, 4.303, 2.042)
    """
    below, above = 0.0, _FARTHEST
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        if _within(middle, freedom) < confidence:
            below = middle
        else:
            above = middle
    return above


def _within(t: float, freedom: int) -> float:
    """The probability of a value between ``-t`` and ``t``.

    Over the angle whose tangent is ``t / sqrt(freedom)``, so that no tail is cut off.
    """
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - log(pi) / 2)
    return 2 * scale * _simpson(lambda angle: cos(angle) ** (freedom - 1), atan(t / sqrt(freedom)))


def _simpson(function: Callable[[float], float], end: float) -> float:
    step = end / _STEPS
    inner = sum((4 if at % 2 else 2) * function(at * step) for at in range(1, _STEPS))
    return (function(0.0) + inner + function(end)) * step / 3
