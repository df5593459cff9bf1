"""Numbers for people: values in a metric's unit, shares and counts.

>>> value(1_234_567_890, "ns"), value(3 << 20, "bytes"), value(12_345, "count")
('1.23 s', '3.0 MiB', '12,345')
>>> percent(0.0123), percent(1.0)
('1.2', '100.0')
"""

from __future__ import annotations

_TIMES = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))
_BYTES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_COUNTS = ((10**12, "T"), (10**9, "G"), (10**6, "M"))


def _three_digits(number: float) -> str:
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def duration(nanoseconds: int) -> str:
    """A time span with three digits, in the largest unit that is not below one.

    >>> duration(59_960), duration(0), duration(200 * 10**9)
    ('60.0 µs', '0 s', '3 min 20 s')
    """
    if nanoseconds == 0:
        return "0 s"
    seconds = round(nanoseconds / 1e9)
    if seconds >= 120:
        return f"{seconds // 60} min {seconds % 60} s"
    size, unit = next((pair for pair in _TIMES if abs(nanoseconds) >= pair[0]), _TIMES[-1])
    return f"{_three_digits(nanoseconds / size)} {unit}"


def size(count: int) -> str:
    """An amount of memory, in binary units.

    >>> size(900), size(1536)
    ('900 B', '1.5 KiB')
    """
    for factor, unit in _BYTES:
        if abs(count) >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def count(number: int) -> str:
    """A count, whole below ten million, with three digits above.

    >>> count(9_999_999), count(12_345_678)
    ('9,999,999', '12.3 M')
    """
    if abs(number) < 10_000_000:
        return f"{number:,}"
    factor, unit = next(pair for pair in _COUNTS if abs(number) >= pair[0])
    return f"{_three_digits(number / factor)} {unit}"


_BRIEF = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def brief(number: float) -> str:
    """A count in about five letters.

    >>> brief(987), brief(12_345), brief(9_999_999), brief(0.5)
    ('987', '12.3k', '10.0M', '0.5')
    """
    for factor, letter in _BRIEF:
        if abs(number) >= 0.9995 * factor:
            return f"{_three_digits(float(f'{number / factor:.3g}'))}{letter}"
    return f"{number:.3g}"


def value(number: int, unit: str) -> str:
    """A value in the unit of its metric (``ns``, ``bytes`` or ``count``)."""
    if unit == "ns":
        return duration(number)
    return size(number) if unit == "bytes" else count(number)


def percent(share: float) -> str:
    """A share between 0 and 1 as a percentage with one decimal, without the sign."""
    return f"{100 * share:.1f}"
