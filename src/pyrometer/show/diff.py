"""A comparison of two profiles as a grid."""

from __future__ import annotations

from collections.abc import Sequence

from pyrometer.analyze import Diff, Difference
from pyrometer.profile import units
from pyrometer.show import words
from pyrometer.show.grid import Cell, Column, Figure, Grid, Row

LIMIT = 20
"""Rows in text and Markdown; JSON has all."""


def limited(view: Diff, limit: int = LIMIT) -> list[Grid]:
    """The grid, with so many rows at most."""
    rows = [_row(view, one, one.name) for one in view.rows[:limit]]
    if not view.normalized:
        rows.insert(0, _row(view, view.total, "(all)"))
    return [Grid(_heading(view), list(_columns(view)), rows, list(_notes(view, min(limit, len(view.rows)))))]


def side_by_side(views: Sequence[Diff], limit: int = LIMIT) -> list[Grid]:
    """Differences of several metrics between the same profiles, a column each, sorted by the first."""
    known = [{row.name: row for row in view.rows} for view in views]
    names = list(dict.fromkeys(row.name for view in views for row in view.rows))
    rows = [
        Row([_change(view, of.get(name)) for view, of in zip(views, known, strict=True)] + [name])
        for name in names[:limit]
    ]
    if not views[0].normalized:
        rows.insert(0, Row([*(_change(view, view.total) for view in views), "(all)"], quiet=True))
    columns = [*(Column(view.column.name, "number", optional=True) for view in views), Column(views[0].by, "name")]
    notes = [f"{min(limit, len(names))} of {len(names):,} shown"] if limit < len(names) else []
    if any(not row.is_real for view in views for row in view.rows):
        notes.append("~ may be noise: beyond 5 % false discoveries (Benjamini-Hochberg)")
    if untested := [view.column.name for view in views if not view.tested]:
        notes.append(f"of samples, without intervals: {', '.join(untested)}")
    return [
        Grid(f"{_count(views[0], len(names))}, by {views[0].column.name}", columns, rows, [*notes, *_sides(views[0])])
    ]


def _change(view: Diff, one: Difference | None) -> Cell:
    """A difference, and what it is of the total before; nothing if there is none."""
    if one is None:
        return ""
    noise = "" if one.is_real else "~"
    if view.normalized or not view.column.is_sum:
        return f"{noise}{_signed(view, one.difference)}"
    percent = _percent(one.difference, abs(view.total.before or 0))
    sign = "+" if one.difference > 0 else ""
    whole, brief = (f"{noise}{sign}{text}" for text in words.amount(one.difference, view.column.unit))
    return Figure(f"{whole} ({percent} %)", f"{whole} {percent:>6}%", f"{brief} {percent:>6}%", brief)


def _heading(view: Diff) -> str:
    shares = ", shares" if view.normalized else ""
    return f"{_count(view, len(view.rows))} · {view.column.name}{shares}, {_kind(view)}"


def _kind(view: Diff) -> str:
    if _is_mixed(view):
        return "one side sampled"
    if not view.tested:
        return "of samples, without intervals"
    return "sampled" if view.sampled else "exact"


def _is_mixed(view: Diff) -> bool:
    return not view.tested and view.column.formula is None


def _count(view: Diff, rows: int) -> str:
    what = "total" if view.inclusive else "self"
    return f"{words.plural(rows, view.by, 'binaries' if view.by == 'binary' else None)} changed ({what})"


def _columns(view: Diff) -> list[Column]:
    sign = " %" if view.normalized else ""
    columns = [Column(f"before{sign}", "number"), Column(f"after{sign}", "number"), Column(f"change{sign}", "number")]
    if not view.normalized and view.column.is_sum:
        columns.append(Column("of all %", "number"))
    if view.sampled:
        columns.append(Column("95 %", "number"))
    columns.append(Column("ratio", "number", optional=True))
    return [*columns, *([Column("")] if view.sampled else []), Column(view.by, "name")]


def _row(view: Diff, one: Difference, name: str) -> Row:
    cells: list[Cell] = [_value(view, one.before), _value(view, one.after), _signed(view, one.difference)]
    whole = 1.0 if view.normalized else abs(view.total.before or 0)
    if not view.normalized and view.column.is_sum:
        cells.append(_percent(one.difference, whole))
    if view.sampled:
        known = one.low is not None and one.high is not None and whole
        cells.append(f"{_percent(one.low, whole)}…{_percent(one.high, whole)}" if known else "")
    cells.append(_ratio(one))
    return Row([*cells, *([_noise(one)] if view.sampled else []), name], quiet=not one.is_real)


def _noise(one: Difference) -> str:
    return "" if one.is_real else "noise"


def _ratio(one: Difference) -> str:
    if one.ratio is not None:
        return f"×{one.ratio:,.0f}" if abs(one.ratio) >= 100 else f"×{one.ratio:.3g}"
    if one.before is None:
        return "new"
    return "gone" if one.after is None else ""


def _value(view: Diff, value: float | None) -> Cell:
    if value is None:
        return "–"
    if view.normalized:
        return units.percent(value)
    whole, brief = words.amount(value, view.column.unit)
    return Figure(whole, whole, brief)


def _signed(view: Diff, value: float) -> Cell:
    sign = "+" if value > 0 else ""
    if view.normalized:
        return f"{sign}{units.percent(value)}"
    whole, brief = (f"{sign}{text}" for text in words.amount(value, view.column.unit))
    return Figure(whole, whole, brief)


def _percent(value: float | None, whole: float) -> str:
    return "" if value is None or not whole else f"{100 * value / whole:+.1f}"


def _notes(view: Diff, shown: int) -> list[str]:
    notes = [f"{shown} of {len(view.rows):,} shown"] if shown < len(view.rows) else []
    if view.small:
        notes.append(f"{view.small:,} smaller differences below the threshold")
    noise = sum(not one.is_real for one in view.rows)
    if noise:
        notes.append(f"{noise:,} may be noise: beyond 5 % false discoveries (Benjamini-Hochberg)")
    if not view.rows:
        notes.append("no difference")
    if _is_mixed(view):
        notes.append("one side is sampled, the other exact: how much of this is noise is not known")
    return [*notes, *_sides(view)]


def _sides(view: Diff) -> list[str]:
    """What is missing on each side."""
    notes = []
    for side, basis in (("before", view.before), ("after", view.after)):
        left_out = f"{words.rows(basis, basis.excluded)} left out by the filters · " if basis.excluded else ""
        notes.append(f"{side}: {left_out}{words.quality(basis)}")
    return notes
