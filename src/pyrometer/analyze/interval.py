"""How sure a share is: the Wilson score interval of a weighted sample.

A share of a sampled metric is a binomial proportion. Its interval is Wilson's (E. B. Wilson,
*Probable inference, the law of succession, and statistical inference*, Journal of the American
Statistical Association 22, 1927, pages 209-212), which stays inside 0 to 1 and is right for small
counts too, unlike the normal approximation (R. G. Newcombe, *Two-sided confidence intervals for the
single proportion*, Statistics in Medicine 17, 1998, pages 857-872, method 3). Samples of unequal
weight count as Kish's effective sample size, (Σw)² / Σw² (L. Kish, *Survey Sampling*, 1965), which
is their number when all weights are equal.

An exact metric was counted, not sampled: it has no interval.
"""

from __future__ import annotations

from math import sqrt

CONFIDENCE = 0.95
Z = 1.959963984540054
"""The normal quantile of a two-sided interval of :data:`CONFIDENCE`."""


def effective_size(total: float, squares: float) -> float:
    """Kish's effective sample size of weights that sum to ``total``, their squares to ``squares``.

    >>> effective_size(total=10, squares=10), effective_size(total=10, squares=50)
    (10.0, 2.0)
    """
    return total * total / squares if squares > 0 else 0.0


def wilson(share: float, size: float, z: float = Z) -> tuple[float, float]:
    """The interval of a share (0 to 1) seen in ``size`` observations; (0, 1) if there are none.

    >>> low, high = wilson(15 / 148, 148)
    >>> round(low, 4), round(high, 4)
    (0.0624, 0.1605)
    """
    if size <= 0:
        return 0.0, 1.0
    square = z * z / size
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * sqrt(max(0.0, share * (1 - share)) / size + square / (4 * size))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
