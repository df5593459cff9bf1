"""What programs cost as grids: a table for each, then how they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pyrometer.analyze.stat import Change, Measured, Stat, StatCommand
from pyrometer.profile import units
from pyrometer.show import words
from pyrometer.show.grid import Cell, Column, Figure, Grid, Row
from pyrometer.show.headline import signal_name

AGAINST = " against "
"""Between two commands in a heading."""


def stat_grids(view: Stat) -> list[Grid]:
    """One program as a table; several one after the other, and against the first."""
    grids = [_program(command) for command in view.commands]
    grids += [_against(command, view.commands[0]) for command in view.commands[1:]]
    last = grids[-1]
    notes = [*last.notes, *_together(view), *_missing(view), *view.notes]
    grids[-1] = replace(last, notes=notes)
    return grids


def _program(command: StatCommand) -> Grid:
    several = command.runs > 1
    columns = [Column("mean" if several else "value", "number")]
    if several:
        columns += [Column("95 %", "number"), Column("min", "number"), Column("max", "number")]
    columns.append(Column("metric", "name"))
    rows = [Row([*_cells(row, several), _name(row)]) for row in command.rows]
    how = ", ".join(f"exit status {status}" if status > 0 else signal_name(-status) for status in command.statuses)
    failed = f", {command.failed} failed ({how})" if command.failed else ""
    return Grid(f"{command.command} · {words.plural(command.runs, 'run')}{failed}", columns, rows)


def _cells(row: Measured, several: bool) -> Iterator[Cell]:
    yield _value(row.mean, row.unit)
    if several:
        yield _spread(row)
        yield _value(row.minimum, row.unit)
        yield _value(row.maximum, row.unit)


def _value(value: float, unit: str) -> Cell:
    whole, brief = words.amount(value, unit)
    return Figure(whole, whole, brief)


def _spread(row: Measured) -> str:
    """Half of the interval, relative to the mean."""
    if row.low is None or row.high is None:
        return ""
    if row.low == row.high:
        return "±0 %"
    return f"±{units.percent((row.high - row.low) / 2 / abs(row.mean))} %" if row.mean else ""


def _name(row: Measured) -> str:
    return row.metric if row.counted is None else f"{row.metric} (counted {units.percent(row.counted)} % of the time)"


def _against(command: StatCommand, first: StatCommand) -> Grid:
    columns = [
        Column("before", "number"),
        Column("after", "number"),
        Column("change %", "number"),
        Column("95 %", "number"),
        Column(""),
        Column("metric", "name"),
    ]
    rows = [
        Row([*_change(change), "" if change.is_real else "noise", change.metric], quiet=not change.is_real)
        for change in command.changes
    ]
    return Grid(f"{command.command}{AGAINST}{first.command}", columns, rows, joint=AGAINST)


def _change(change: Change) -> Iterator[Cell]:
    yield _value(change.before, change.unit)
    yield _value(change.after, change.unit)
    yield "" if change.change is None else f"{100 * change.change:+.1f}"
    known = change.low is not None and change.high is not None
    yield f"{100 * change.low:+.1f}…{100 * change.high:+.1f}" if known else ""  # type: ignore[operator]


def _together(view: Stat) -> Iterator[str]:
    """The groups: ratios of their members are of the same moments, however often they were counted."""
    if view.together:
        yield f"counted at the same moments: {'; '.join(' + '.join(group) for group in view.together)}"


def _missing(view: Stat) -> Iterator[str]:
    """Each reason once, with the events that it is about."""
    reasons: dict[str, list[str]] = {}
    for event, reason in view.missing.items():
        reasons.setdefault(reason, []).append(event)
    for reason, events in reasons.items():
        yield f"not available: {', '.join(events)}: {reason}"
