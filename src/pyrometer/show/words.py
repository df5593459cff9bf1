"""Sentences and numbers that several renderers share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from pyrometer.analyze import Basis, Estimate, Place
from pyrometer.profile import Quality, units


def share(estimate: Estimate) -> str:
    """The share in percent, without the sign."""
    return units.percent(estimate.share)


def interval(estimate: Estimate) -> str:
    """The 95 % interval in percent, or nothing for an exact metric."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{units.percent(estimate.low)}–{units.percent(estimate.high)}"


def total(basis: Basis) -> str:
    """What the shares of a view refer to.

    ``cpu-time 1.23 s in 1,234 samples``; for an exact metric without the samples.
    """
    value = units.value(basis.total, basis.metric.unit)
    if basis.metric.kind == "exact":
        return f"{basis.metric.name} {value}, exact"
    running = basis.metric.running
    shared = f", counted {units.percent(running)} % of the time" if running and running < 0.999 else ""
    return f"{basis.metric.name} {value} in {plural(basis.samples, 'sample')}{shared}"


def quality(found: Quality) -> str:
    """What is missing, as numbers: always all four, so that a zero is seen too."""
    parts = [
        f"lost {_of(found.lost, found.samples + found.lost)}",
        f"throttled {found.throttled:,} times" if found.throttled else "throttled 0",
        f"truncated {_of(found.truncated, found.samples)}",
        f"unsymbolized {_of(found.unsymbolized, found.samples)}",
    ]
    if found.elided:
        parts.append(f"frames left out in {found.elided:,}")
    if found.lost_records:
        parts.append(f"other records lost {found.lost_records:,}")
    return " · ".join(parts)


def nothing(found: Basis) -> str:
    """Why a view is empty."""
    if found.excluded:
        return "no samples: the filters leave none"
    return "no samples: the program used too little CPU time; run it longer, or raise --rate"


def _of(part: int, whole: int) -> str:
    if not part or not whole:
        return f"{part:,}"
    share = part / whole
    return f"{part:,} ({'< 0.1' if share < 0.0005 else units.percent(share)} %)"


def place(found: Place) -> str:
    """A function's name, marked when it is not the program's own native code."""
    return f"{found.name} [{found.kind}]" if found.kind in ("kernel", "jit") and "[" not in found.name else found.name


def places(found: Sequence[Place]) -> list[str]:
    """The names of several functions; with their binaries where two have the same name."""
    names = [place(each) for each in found]
    twice = {name for name, times in Counter(names).items() if times > 1}
    return [
        f"{name} {_bracketed(each.binary)}" if name in twice and each.binary else name
        for name, each in zip(names, found, strict=True)
    ]


def _bracketed(binary: str) -> str:
    return binary if binary.startswith("[") else f"[{PurePath(binary).name}]"


def plural(number: int, noun: str) -> str:
    """``1 function``, ``2 functions``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
