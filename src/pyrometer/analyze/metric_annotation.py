"""Source lines with several metrics: of one function, of one file, or of every file that costs enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Weighed
from pyrometer.analyze.causal import CausalRow, causal_of
from pyrometer.analyze.columns import Amounts, Costs, Measured, MetricColumn, MetricsOptions, measure
from pyrometer.analyze.metric_tables import named
from pyrometer.analyze.source import SOURCES, Sources, SourceText, read_source
from pyrometer.errors import FunctionNotFoundError, SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData


@frozen
class MetricLine:
    """A line with its text (None if the file is missing), and what each column has there."""

    line: int
    text: str | None
    self: Amounts
    total: Amounts


@frozen
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


@frozen
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
    """What lies in no line that is known: of the function, or of all functions."""
    causal: tuple[CausalRow, ...] = ()
    """What experiments with these lines found."""


def annotate_function(
    profile: ProfileData,
    options: MetricsOptions,
    function: str,
    sources: Sources = SOURCES,
    **filters: Unpack[FilterOptions],
) -> MetricAnnotation:
    """The lines of ``function``, with several metrics; those of an allocator by its own costs."""
    measured = measure(profile, options, by_self=True, **filters)
    try:
        name = named(measured, function)
    except FunctionNotFoundError:
        measured = measure(profile, options, **filters)
        name = named(measured, function)
    files = _costs(measured, name)
    if not files:
        raise FunctionNotFoundError(
            f"{name} has no source lines", "its file or its lines are not in the profile", "build with debug info: -g"
        )
    return _annotation(measured, name, _listings(measured, files, sources), files)


def annotate_file(
    profile: ProfileData,
    options: MetricsOptions,
    file: str,
    sources: Sources = SOURCES,
    **filters: Unpack[FilterOptions],
) -> MetricAnnotation:
    """All lines of the file that ``file`` is the path or the end of the path of, with what all functions cost there."""
    measured = measure(profile, options, by_self=True, **filters)
    files = _costs(measured, None)
    path = _find(file, files)
    return _annotation(measured, None, _listings(measured, {path: files[path]}, sources, whole=True), files)


def annotate_all(
    profile: ProfileData,
    options: MetricsOptions,
    min_share: float = 0.001,
    sources: Sources = SOURCES,
    **filters: Unpack[FilterOptions],
) -> MetricAnnotation:
    """The lines of every file whose own code has ``min_share`` (0 to 1) of the metric sorted by."""
    measured = measure(profile, options, by_self=True, **filters)
    files = _costs(measured, None)
    large = {path: costs for path, costs in files.items() if measured.is_large(_sum(measured, costs), min_share)}
    costly = [path for path, costs in files.items() if any(own for own, _ in _own_costs(costs).values())]
    small = sum(path not in large for path in costly)
    return replace(_annotation(measured, None, _listings(measured, large, sources), files), small=small)


def with_causal(profile: ProfileData, found: MetricAnnotation) -> MetricAnnotation:
    """With what experiments found of the lines that are shown."""
    lines = ((file.path, line.line) for file in found.files for line in file.lines)
    return replace(found, causal=causal_of(profile, found.function, lines))


FileCosts = dict[str, native.SourceFile]
"""What a file has, by recorded metric."""


def _costs(measured: Measured, function: str | None) -> dict[str, FileCosts]:
    """The files in which ``function`` has lines; None: any function."""
    files: defaultdict[str, FileCosts] = defaultdict(dict)
    for name, weighed in measured.weighed.items():
        for costs in weighed.weights.source_files(weighed.filters.grouping(), function):
            files[costs.path][name] = costs
    return dict(files)


def _by_line(costs: FileCosts) -> dict[int, Costs]:
    lines: defaultdict[int, Costs] = defaultdict(dict)
    for name, file in costs.items():
        for line, own, total in zip(*file.lines(), strict=True):
            lines[line][name] = own, total
    return lines


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
    measured: Measured, function: str | None, listings: tuple[MetricListing, ...], every: dict[str, FileCosts]
) -> MetricAnnotation:
    elsewhere = _elsewhere(measured, function, every)
    return MetricAnnotation(measured.basis, measured.columns, function, listings, 0, elsewhere)


def _listings(
    measured: Measured, files: dict[str, FileCosts], sources: Sources, whole: bool = False
) -> tuple[MetricListing, ...]:
    found = [_listing(measured, path, costs, sources, whole) for path, costs in files.items()]
    return tuple(sorted(found, key=lambda listing: (measured.order(listing.self), listing.path)))


def _listing(measured: Measured, path: str, costs: FileCosts, sources: Sources, whole: bool) -> MetricListing:
    text = read_source(path, sources.folders)
    lines = _by_line(costs)
    shown = sources.shown(lines, text, whole)
    nothing = measured.both({})
    return MetricListing(
        path,
        text.missing,
        0 < measured.recorded < text.modified,
        _sum(measured, costs),
        tuple(MetricLine(at, _text(text, at), *(measured.both(lines[at]) if at in lines else nothing)) for at in shown),
    )


def _text(text: SourceText, line: int) -> str | None:
    return text.lines[line - 1] if 0 < line <= len(text.lines) else None


def _own_costs(costs: FileCosts) -> Costs:
    return {name: (file.self_value, file.self_value) for name, file in costs.items()}


def _sum(measured: Measured, costs: FileCosts) -> Amounts:
    return measured.both(_own_costs(costs))[0]


def _elsewhere(measured: Measured, function: str | None, files: dict[str, FileCosts]) -> Amounts:
    """What no line of ``files`` has, of all or of what ``function`` costs by itself."""
    left = {name: _own(weighed, function) for name, weighed in measured.weighed.items()}
    for costs in files.values():
        for name, (own, _) in _own_costs(costs).items():
            left[name] -= own
    return measured.amounts(left)


def _own(weighed: Weighed, function: str | None) -> int:
    if function is None:
        return weighed.basis.total
    rows = weighed.weights.functions(weighed.filters.grouping())
    return sum(row.self_value for row in rows if row.name == function)
