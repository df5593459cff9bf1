"""Sentences and numbers that several renderers share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from pyrometer.analyze import Basis, Cycle, Estimate, Place
from pyrometer.profile import Metric, Quality, units
from pyrometer.profile.heap import is_of_blocks


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
        return f"{basis.metric.name} {value}{'' if basis.paths == 'estimate' else ', exact'}"
    running = basis.metric.running
    shared = f", counted {units.percent(running)} % of the time" if running and running < 0.999 else ""
    return f"{basis.metric.name} {value} in {plural(basis.samples, 'sample')}{shared}"


def heading(basis: Basis, noun: str, by: str = "") -> str:
    """What a list of places is of: ``Hottest lines by self``; of a heap ``Lines that ask for memory, by self``."""
    if not (basis.without_allocators and is_of_blocks(basis.metric)):
        return f"Hottest {noun}{f' by {by}' if by else ''}"
    what = "copies" if basis.metric.name.startswith("copy-") else "memory"
    return f"{noun.capitalize()} that ask for {what}{f', by {by}' if by else ''}"


def quality(basis: Basis) -> str:
    """What is missing, as numbers: always all four, so that a zero is seen too."""
    return " · ".join(text for text, _ in missing(basis.quality, basis.metric))


def missing(found: Quality, metric: Metric | None) -> list[tuple[str, bool]]:
    """The same one by one, and whether something is missing.

    Of an exact metric a place is one count whatever it costs: their share says nothing of the metric.
    """
    nameless = _of(found.unsymbolized, found.samples)
    if metric and metric.kind == "exact" and found.unsymbolized:
        nameless = f"{found.unsymbolized:,} of {_counted(metric, found.samples)}"
    parts = [
        (f"lost {_of(found.lost, found.samples + found.lost)}", found.lost),
        (f"throttled {found.throttled:,} times" if found.throttled else "throttled 0", found.throttled),
        (f"truncated {_of(found.truncated, found.samples)}", found.truncated),
        (f"unsymbolized {nameless}", found.unsymbolized),
    ]
    if found.elided:
        parts.append((f"frames left out in {found.elided:,}", found.elided))
    if found.lost_records:
        parts.append((f"other records lost {found.lost_records:,}", found.lost_records))
    return [(text, bool(count)) for text, count in parts]


def nothing(found: Basis) -> str:
    """Why a view is empty."""
    if found.excluded:
        return f"no {rows(found, 0).removeprefix('0 ')}: the filters leave none"
    if found.metric.kind == "exact" or is_of_blocks(found.metric):
        return f"no {found.metric.name}: nothing of it was counted"
    return "no samples: the program used too little CPU time; run it longer, or raise --rate"


def no_shares(basis: Basis) -> str:
    """Why nothing has a share, and where there is nothing but zeros not even a row."""
    return f"{basis.metric.name} adds up to 0, so that nothing has a share of it"


def below(basis: Basis) -> list[str]:
    """What stands below the tables of a view, before what is missing: why they are empty, remarks, what is left out."""
    empty = [] if basis.total else [nothing(basis) if not basis.samples else no_shares(basis)]
    left_out = [f"{rows(basis, basis.excluded)} left out by the filters"] if basis.excluded else []
    return [*empty, *remarks(basis), *left_out]


def rows(basis: Basis, number: int) -> str:
    """So many rows of a metric, by what each of them is."""
    if basis.metric.kind != "exact":
        return plural(number, "sample")
    return _counted(basis.metric, number)


def _counted(metric: Metric, number: int) -> str:
    return plural(number, "allocation point" if is_of_blocks(metric) else "count")


def _of(part: int, whole: int) -> str:
    if not part or not whole:
        return f"{part:,}"
    share = part / whole
    return f"{part:,} ({'< 0.1' if share < 0.0005 else units.percent(share)} %)"


NAMELESS = ("[unknown]", "???")
"""What recorders write in place of a name that they do not know."""


def place(found: Place) -> str:
    """A function's name, marked when it is not the program's own native code, or in a cycle.

    Of code without a name the binary is said, which may be all that is known of it.
    """
    marked = found.kind in ("kernel", "jit") and "[" not in found.name
    name = f"{found.name} [{found.kind}]" if marked else found.name
    if found.name in NAMELESS and found.binary:
        name = f"{name} {_bracketed(found.binary)}"
    return f"{name} [cycle {found.cycle}]" if found.cycle else name


_LEVEL = re.compile(r"'[0-9]+(?='|$)")


def levels(found: Iterable[Place]) -> list[str]:
    """What ``'2`` in a name is, where there is such a one.

    >>> bool(_LEVEL.search("fib'2")), bool(_LEVEL.search("fib'2'main")), bool(_LEVEL.search("f()::'lambda2'()"))
    (True, True, False)
    """
    if not any("'" in each.name and _LEVEL.search(each.name) for each in found):
        return []
    return ["'2 behind a name: that function called by itself, the second level of recursion (--separate-recs)"]


SHOWN_CYCLES = 3
SHOWN_MEMBERS = 4


def remarks(basis: Basis) -> list[str]:
    """What a reader must know of how totals came about."""
    if basis.paths == "estimate":
        return ["estimate: the profile has no stacks; costs are divided over callers by the cost of their calls"]
    if basis.paths == "alone":
        counted = ": pyrometer instructions --calls counts these, too" if basis.metric.name == "Ir" else ""
        return [f"no callers are known, for the profile has each function by itself, neither stacks nor calls{counted}"]
    if basis.paths == "none":
        return ["calls left out: they cannot be filtered, so that totals are the functions' own costs"]
    lines = [_cycle(cycle) for cycle in basis.cycles[:SHOWN_CYCLES]]
    more = len(basis.cycles) - SHOWN_CYCLES
    return [*lines, f"{plural(more, 'more cycle')}"] if more > 0 else lines


def _cycle(cycle: Cycle) -> str:
    names = ", ".join(cycle.members[:SHOWN_MEMBERS])
    more = f" and {len(cycle.members) - SHOWN_MEMBERS} more" if len(cycle.members) > SHOWN_MEMBERS else ""
    return f"cycle {cycle.number}, {share(cycle.total)} %: {names}{more}"


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


def amount(value: float | None, unit: str) -> tuple[str, str]:
    """A value of a metric, whole and brief; units as of :class:`pyrometer.profile.derived.Derived`.

    >>> amount(12_345_678, "count"), amount(0.01234, "share"), amount(None, "")
    (('12,345,678', '12.3M'), ('1.234 %', '1.2%'), ('–', '–'))
    """
    if value is None:
        return "–", "–"
    if unit == "share":
        return f"{100 * value:.3f} %", f"{100 * value:.1f}%"
    if unit == "truth":
        return ("yes", "yes") if value else ("no", "no")
    if unit in ("ns", "bytes"):
        text = units.value(round(value), unit)
        return text, text
    if unit == "count" and value == int(value):
        return f"{int(value):,}", units.brief(value)
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}", units.brief(value)


def plural(number: int, noun: str, nouns: str | None = None) -> str:
    """``1 function``, ``2 functions``."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
