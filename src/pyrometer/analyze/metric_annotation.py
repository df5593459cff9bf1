"""Source lines with several metrics: of one function, of one file, or of every file that costs enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Unpack

from pyrometer.analyze.annotate import around
from pyrometer.analyze.basis import Basis
from pyrometer.analyze.columns import Amounts, Costs, Measured, MetricColumn, MetricsOptions, measure
from pyrometer.analyze.metric_tables import named
from pyrometer.analyze.source import SourceText, read_source
from pyrometer.errors import FunctionNotFoundError, SelectionError
from pyrometer.profile import FilterOptions, ProfileData


@dataclass(frozen=True)
class MetricLine:
    """A line with its text (None if the file is missing), and what each column has there."""

    line: int
    text: str | None
    self: Amounts
    total: Amounts


@dataclass(frozen=True)
class MetricListing:
    """Lines of one file; those around lines that cost something, or all of them."""

    path: str
    missing: str | None
    """Why there is no text, and how to get it."""
    changed: bool
    """True if the file was modified after the recording began: its lines may have moved."""
    self: Amounts
    """What the lines cost together."""
    lines: tuple[MetricLine, ...]


@dataclass(frozen=True)
class MetricAnnotation:
    """The lines of a function or of files, the costliest file first."""

    basis: Basis
    columns: tuple[MetricColumn, ...]
    function: str | None
    """None: of all functions."""
    files: tuple[MetricListing, ...]
    small: int
    """Files that cost something, but less than asked for."""
    elsewhere: Amounts
    """What lies in no line that is known, of all functions."""


def annotate_function(
    profile: ProfileData, options: MetricsOptions, function: str, **filters: Unpack[FilterOptions]
) -> MetricAnnotation:
    """The lines of ``function``, with several metrics."""
    measured = measure(profile, options, **filters)
    name = named(measured, function)
    files = _costs(measured, name)
    if not files:
        raise FunctionNotFoundError(
            f"{name} has no source lines", "its file or its lines are not in the profile", "build with debug info: -g"
        )
    return _annotation(measured, name, files)


def annotate_file(
    profile: ProfileData, options: MetricsOptions, file: str, **filters: Unpack[FilterOptions]
) -> MetricAnnotation:
    """All lines of the file that ``file`` is the path or the end of the path of, with what all functions cost there."""
    measured = measure(profile, options, **filters)
    files = _costs(measured, None)
    path = _find(file, files)
    return _annotation(measured, None, {path: files[path]}, whole=True, every=files)


def annotate_all(
    profile: ProfileData, options: MetricsOptions, min_share: float = 0.001, **filters: Unpack[FilterOptions]
) -> MetricAnnotation:
    """The lines of every file whose own code has ``min_share`` (0 to 1) of the metric sorted by."""
    measured = measure(profile, options, **filters)
    files = _costs(measured, None)
    large = {path: lines for path, lines in files.items() if measured.is_large(_sum(measured, lines), min_share)}
    return _annotation(measured, None, large, every=files)


Lines = dict[int, Costs]


def _costs(measured: Measured, function: str | None) -> dict[str, Lines]:
    """Self and total by file, line and metric."""
    files: defaultdict[str, defaultdict[int, Costs]] = defaultdict(lambda: defaultdict(dict))
    for name, weighed in measured.weighed.items():
        for row in weighed.weights.lines(weighed.filters.grouping()):
            if row.file and row.line and function in (None, row.name):
                costs = files[row.file][row.line]
                own, total = costs.get(name, (0, 0))
                costs[name] = own + row.self_value, total + row.total_value
    return {path: dict(lines) for path, lines in files.items()}


def _find(file: str, files: Iterable[str]) -> str:
    wanted = PurePath(file).parts
    fits = [path for path in files if PurePath(path).parts[-len(wanted) :] == wanted] if wanted else []
    if len(fits) == 1:
        return fits[0]
    known = sorted(fits or files)
    listed = ", ".join(known[:5]) + (" …" if len(known) > 5 else "")
    what = f"{len(fits)} files are a {file}" if fits else f"no code of the profile is in a file {file!r}"
    raise SelectionError(what, cure=f"choose one of: {listed}" if known else "build with debug info: -g")


def _annotation(
    measured: Measured,
    function: str | None,
    files: dict[str, Lines],
    *,
    whole: bool = False,
    every: dict[str, Lines] | None = None,
) -> MetricAnnotation:
    listings = [_listing(measured, path, lines, whole) for path, lines in files.items()]
    listings.sort(key=lambda listing: (measured.order(listing.self), listing.path))
    costly = [path for path, lines in (every or files).items() if any(own for own, _ in _own_costs(lines).values())]
    return MetricAnnotation(
        measured.basis,
        measured.columns,
        function,
        tuple(listings),
        0 if whole else sum(path not in files for path in costly),
        _elsewhere(measured, _costs(measured, None)),
    )


def _listing(measured: Measured, path: str, lines: Lines, whole: bool) -> MetricListing:
    text = read_source(path)
    shown = sorted(lines) if text.missing else around(lines, 1, len(text.lines))
    if whole and not text.missing:
        last = len(text.lines) - (not text.lines[-1])
        shown = sorted({*range(1, last + 1), *lines})
    return MetricListing(
        path,
        text.missing,
        0 < measured.recorded < text.modified,
        _sum(measured, lines),
        tuple(_line(measured, at, lines.get(at, {}), text) for at in shown),
    )


def _line(measured: Measured, at: int, costs: Costs, text: SourceText) -> MetricLine:
    known = text.lines[at - 1] if 0 < at <= len(text.lines) else None
    return MetricLine(at, known, *measured.both(costs))


def _own_costs(lines: Lines) -> Costs:
    sums: defaultdict[str, int] = defaultdict(int)
    for costs in lines.values():
        for name, (own, _) in costs.items():
            sums[name] += own
    return {name: (own, own) for name, own in sums.items()}


def _sum(measured: Measured, lines: Lines) -> Amounts:
    return measured.both(_own_costs(lines))[0]


def _elsewhere(measured: Measured, files: dict[str, Lines]) -> Amounts:
    left = {name: weighed.basis.total for name, weighed in measured.weighed.items()}
    for lines in files.values():
        for name, (own, _) in _own_costs(lines).items():
            left[name] -= own
    return measured.amounts(left)
