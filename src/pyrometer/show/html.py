"""Views as HTML fragments for notebooks: no script, no style sheet, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pyrometer.errors import PyrometerError
from pyrometer.show import words
from pyrometer.show.grid import Cell, Column, Grid, Row, longest_bar
from pyrometer.show.grids import grids

_NUMBER = "text-align:right;font-variant-numeric:tabular-nums"
_NAME = "text-align:left;font-family:monospace;white-space:pre"


def render(view: object) -> str:
    """A view as an HTML fragment."""
    parts = ["".join(_grid(grid)) for grid in grids(view)]
    basis = getattr(view, "basis", None)
    if basis is not None:
        lines = [*words.below(basis), words.quality(basis)]
        parts.extend(f"<p><small>{escape(line)}</small></p>" for line in lines)
    return "".join(parts)


def nothing(error: PyrometerError) -> str:
    """Why there is no view of a profile, as an HTML fragment."""
    return f"<p><small>{escape(': '.join(filter(None, (error.what, error.why))))}</small></p>"


def _grid(grid: Grid) -> Iterable[str]:
    yield f"<p><b>{escape(grid.heading)}</b></p>"
    longest = longest_bar(grid) or 1.0
    if grid.rows:
        titles = "".join(f"<th>{escape(column.title)}</th>" for column in grid.columns)
        yield f"<table><thead><tr>{titles}</tr></thead><tbody>"
        yield from (_row(row, grid.columns, longest) for row in grid.rows)
        yield "</tbody></table>"
    yield from (f"<p><small>{escape(note)}</small></p>" for note in grid.notes)


def _row(row: Row, columns: Iterable[Column], longest: float) -> str:
    cells = (_cell(row, cell, column, longest) for cell, column in zip(row.cells, columns, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _cell(row: Row, cell: Cell, column: Column, longest: float) -> str:
    if not isinstance(cell, str):
        bar = f"background:#e8731c;height:0.8em;width:{100 * cell / longest:.1f}%"
        return f'<td style="width:6em"><div style="{bar}"></div></td>'
    if column.kind in ("name", "code"):
        return f'<td style="{_NAME}">{escape(row.guide + cell)}</td>'
    return f'<td style="{_NUMBER}">{escape(cell)}</td>'
