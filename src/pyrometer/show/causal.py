"""What a faster line would do to the program, as a grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from pyrometer.analyze import Causal, CausalRow
from pyrometer.analyze.causal import ENOUGH
from pyrometer.profile import units
from pyrometer.show import words
from pyrometer.show.grid import Column, Figure, Grid, Row


def grid(view: Causal) -> Grid:
    """The rows by impact; those tried at few speedups are quiet."""
    notes = [f"{len(view.rows)} of {words.plural(view.known, 'row')} shown"] if len(view.rows) < view.known else []
    return Grid(
        f"Lines worth making faster · {words.plural(view.results, 'result')} of experiments",
        _COLUMNS if view.rows else [],
        _rows(view.rows),
        [*notes, *_remarks(view)],
    )


def part(rows: Sequence[CausalRow]) -> list[Grid]:
    """The grid of some lines, below their listing; none if there are no experiments with them."""
    if not rows:
        return []
    results = words.plural(sum(row.experiments for row in rows), "result")
    return [Grid(f"If they were faster · {results} of experiments", _COLUMNS, _rows(rows), _MEANINGS + _few(rows))]


_COLUMNS = [
    Column("impact %", "number"),
    Column("slope", "number"),
    Column("95 %", "number"),
    Column("peak %", "number"),
    Column("at %", "number"),
    Column("speedups", "number", optional=True, rank=1),
    Column("results", "number"),
    Column("progress point"),
    Column("line", "name"),
]
_MEANINGS = [
    "impact: mean effect up to the best speedup; slope: effect for each part that the line is sped up; peak: the"
    " largest effect of one speedup, which is that one's noise too"
]


def _rows(rows: Sequence[CausalRow]) -> list[Row]:
    return [Row(_cells(row), quiet=not row.is_enough) for row in rows]


def _cells(row: CausalRow) -> list[str]:
    interval = "" if row.low is None or row.high is None else f"{_signed(row.low)}–{_signed(row.high)}"
    point = f"{row.progress_point} (latency)" if row.kind == "latency" else row.progress_point
    return [
        units.percent(row.impact),
        _signed(row.slope),
        interval,
        units.percent(row.peak),
        f"{100 * row.peak_speedup:.0f}",
        f"{len(row.points)}",
        f"{row.experiments:,}",
        Figure(point, point),
        Figure(row.selected, PurePath(row.selected).name),
    ]


def _signed(number: float) -> str:
    """Two decimals, without the minus of a zero."""
    return f"{round(number, 2) + 0.0:.2f}"


def _remarks(view: Causal) -> list[str]:
    if not view.results:
        return ["no experiments: a causal profile (Coz's) has them"]
    lines = [*_MEANINGS, *_few(view.rows)] if view.rows else []
    if view.without_base:
        what = words.plural(view.without_base, "line and progress point", "lines and progress points")
        lines.append(f"{what} left out: too few visits while nothing was sped up, to compare with")
    if view.without_points:
        what = words.plural(view.without_points, "line and progress point", "lines and progress points")
        lines.append(f"{what} left out: too few visits at every speedup")
    if view.used < view.results:
        lines.append(f"{view.used:,} of {view.results:,} results are in rows")
    return lines


def _few(rows: Sequence[CausalRow]) -> list[str]:
    few = sum(not row.is_enough for row in rows)
    return [f"{words.plural(few, 'row')} of fewer than {ENOUGH} speedups at the end: run longer"] if few else []
