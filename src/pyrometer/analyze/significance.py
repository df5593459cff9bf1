"""Whether two samples differ by more than chance.

Intervals of a difference are made of the intervals of both sides by the square-and-add method (R. G. Newcombe,
*Interval estimation for the difference between independent proportions*, Statistics in Medicine 17, 1998, pages
873-890, method 10): of shares from Wilson's, of values from the score interval of a Poisson mean. Tests of small
counts are exact (Fisher's for shares; for values the conditional test of two Poisson means, J. Przyborowski and H.
Wilenski, Biometrika 31, 1940); those of large ones are normal (A. Agresti and B. Caffo, *The American Statistician* 54,
2000, for shares). Of many tests, those are marked that keep the false discovery rate (Y. Benjamini and Y. Hochberg,
*Journal of the Royal Statistical Society* B 57, 1995).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import erfc, exp, lgamma, log, sqrt

from pyrometer.analyze.interval import Z, wilson

EXACT = 1000
"""Observations up to which a test is exact."""
Interval = tuple[float, float]


def shares_interval(before: float, n_before: float, after: float, n_after: float) -> Interval:
    """The 95 % interval of ``after - before``, shares (0 to 1) in so many observations.

    Newcombe's example of 56 in 70 and 48 in 80:

    >>> low, high = shares_interval(48 / 80, 80, 56 / 70, 70)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    return _square_and_add(before, wilson(before, n_before), after, wilson(after, n_after))


def values_interval(before: float, each_before: float, after: float, each_after: float) -> Interval:
    """The 95 % interval of ``after - before``, values of which each observation stands for so much."""
    return _square_and_add(before, _poisson(before, each_before), after, _poisson(after, each_after))


def _poisson(value: float, each: float) -> Interval:
    count = value / each if each else 0.0
    half = Z * sqrt(count + Z * Z / 4)
    middle = count + Z * Z / 2
    return max(0.0, middle - half) * each, (middle + half) * each


def _square_and_add(before: float, around: Interval, after: float, around_after: Interval) -> Interval:
    down = sqrt((after - around_after[0]) ** 2 + (around[1] - before) ** 2)
    up = sqrt((around_after[1] - after) ** 2 + (before - around[0]) ** 2)
    return after - before - down, after - before + up


def shares_p(x: float, n: float, y: float, m: float) -> float:
    """The probability of such a difference between ``x`` in ``n`` and ``y`` in ``m``, if both shares are the same.

    The tea-tasting of Fisher, 3 in 4 against 1 in 4:

    >>> round(shares_p(3, 4, 1, 4), 4)
    0.4857
    """
    if n <= 0 or m <= 0:
        return 1.0
    if x + y > EXACT:
        p, q = (x + 1) / (n + 2), (y + 1) / (m + 2)
        return _normal((q - p) / sqrt(p * (1 - p) / (n + 2) + q * (1 - q) / (m + 2)))
    drawn, rest = round(n), round(m)
    x, y = min(round(x), drawn), min(round(y), rest)
    low, high = max(0, x + y - rest), min(drawn, x + y)
    return _two_sided(lambda k: _log_choose(drawn, k) + _log_choose(rest, x + y - k), low, high, x)


def values_p(x: float, each: float, y: float, each_after: float) -> float:
    """The probability of such a difference if both values are the same.

    They are ``x`` observations that stand for ``each``, and ``y`` that stand for ``each_after``.

    >>> round(values_p(5, 1.0, 15, 1.0), 4)
    0.0414
    """
    if x + y <= 0 or each <= 0 or each_after <= 0:
        return 1.0
    part = each_after / (each + each_after)
    if x + y > EXACT:
        n = x + y
        return _normal((x - n * part) / sqrt(n * part * (1 - part)))
    x, n = round(x), round(x) + round(y)
    return _two_sided(lambda k: _log_choose(n, k) + k * log(part) + (n - k) * log(1 - part), 0, n, x)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _two_sided(log_weight: Callable[[int], float], low: int, high: int, x: int) -> float:
    """Twice the smaller tail that holds ``x``, of weights from ``low`` to ``high``."""
    logs = [log_weight(k) for k in range(low, high + 1)]
    largest = max(logs)
    weights = [exp(one - largest) for one in logs]
    below, above = sum(weights[: x - low + 1]), sum(weights[x - low :])
    return min(1.0, 2 * min(below, above) / sum(weights))


def _normal(z: float) -> float:
    return erfc(abs(z) / sqrt(2))


def adjusted(probabilities: Sequence[float]) -> list[float]:
    """For each of many tests, the false discovery rate at which it is the last to be believed (Benjamini, Hochberg).

    >>> [round(q, 3) for q in adjusted([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    order = sorted(range(len(probabilities)), key=lambda at: -probabilities[at])
    rates = [1.0] * len(probabilities)
    least = 1.0
    for rank, at in enumerate(order):
        least = min(least, probabilities[at] * (len(probabilities) / (len(probabilities) - rank)))
        rates[at] = least
    return rates
