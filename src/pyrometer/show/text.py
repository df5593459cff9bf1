"""Views as text for a terminal: tables that fit its width, colours only where they are wanted."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pyrometer.show import words
from pyrometer.show.grid import Column, Grid, Row, cut, longest_bar, printable, shorten
from pyrometer.show.grids import grids

BAR = 8
"""Characters of the longest bar."""
NARROWEST = 16
"""A name is never shortened below this."""
_FLEXIBLE = ("name", "code")
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Paper(Console):
    """A console that reports a closed pipe as what it is, where rich ends the process."""

    def on_broken_pipe(self) -> None:
        """Called while the error is handled: it goes on."""
        raise  # noqa: PLE0704


def console(stream: TextIO | None = None, width: int | None = None) -> Console:
    """A console that colours only a terminal, honours NO_COLOR, and never wraps or guesses.

    Without a terminal it is 80 columns wide, or ``COLUMNS``.
    """
    target = stream or sys.stdout
    return Paper(file=target, width=width, highlight=False, emoji=False, markup=False, soft_wrap=True)


def render(view: object, width: int = 80) -> str:
    """A view as plain text, ``width`` columns wide."""
    stream = io.StringIO()
    plain = Console(file=stream, width=width, color_system=None, soft_wrap=True)
    show(view, plain)
    return stream.getvalue()


def show(view: object, target: Console) -> None:
    """Print a view, and what is missing from it."""
    for at, grid in enumerate(grids(view)):
        if at:
            target.print()
        show_grid(grid, target)
    basis = getattr(view, "basis", None)
    if basis is not None:
        if not basis.samples:
            target.print(Text(words.nothing(basis), "yellow"))
        if basis.excluded:
            target.print(Text(f"{words.plural(basis.excluded, 'sample')} left out by the filters", "dim"))
        target.print(Text(words.quality(basis.quality), "dim"))


def show_grid(grid: Grid, target: Console) -> None:
    """Print one grid."""
    target.print(Text(shorten(printable(grid.heading), target.width), "bold"), no_wrap=True)
    for line in layout(grid, target.width):
        target.print(line, no_wrap=True, overflow="ignore")
    for note in grid.notes:
        target.print(Text(printable(note), "dim"))


def layout(grid: Grid, width: int) -> Iterable[Text]:
    """The lines of a table, its titles first."""
    if not grid.rows:
        return
    widths = _widths(grid, width)
    longest = longest_bar(grid) or 1.0
    titles = [Text(column.title, "dim") for column in grid.columns]
    yield _line(titles, grid.columns, widths)
    for row in grid.rows:
        yield _line(list(_cells(row, grid.columns, widths, longest)), grid.columns, widths)


def _widths(grid: Grid, width: int) -> list[int]:
    """The columns' widths: as wide as their cells, and the name as wide as is left."""
    widths = [_natural(at, column, grid.rows) for at, column in enumerate(grid.columns)]
    for at, column in enumerate(grid.columns):
        if column.kind == "text":
            widths[at] = min(widths[at], max(width * 3 // 8, NARROWEST))
    for at, column in enumerate(grid.columns):
        if column.kind in _FLEXIBLE:
            others = sum(widths) - widths[at] + len(widths) - 1
            widths[at] = max(NARROWEST, width - others)
    return widths


def _natural(at: int, column: Column, rows: Sequence[Row]) -> int:
    if column.kind == "bar":
        return BAR
    if column.kind in _FLEXIBLE:
        return NARROWEST
    return max(cell_len(column.title), *(cell_len(str(row.cells[at])) for row in rows))


def _cells(row: Row, columns: Sequence[Column], widths: Sequence[int], longest: float) -> Iterable[Text]:
    for cell, column, width in zip(row.cells, columns, widths, strict=True):
        yield _cell(cell, column, width, row) if isinstance(cell, str) else Text(bar(cell / longest), "yellow")


def _cell(cell: str, column: Column, width: int, row: Row) -> Text:
    if column.kind not in _FLEXIBLE:
        return Text(shorten(printable(cell), width), "dim" if row.quiet else "")
    room = max(NARROWEST, width - cell_len(row.guide))
    fit = cut if column.kind == "code" else shorten
    name = Text(fit(printable(cell), room), "dim" if row.quiet else "cyan")
    return Text().append(row.guide, "dim").append_text(name)


def _line(cells: Sequence[Text], columns: Sequence[Column], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, column, width in zip(cells, columns, widths, strict=True):
        gap = " " * max(0, width - cell_len(cell.plain))
        line.append(gap if column.kind == "number" else "")
        line.append_text(cell)
        line.append(" " if column.kind == "number" else f"{gap} ")
    line.rstrip()
    return line


def bar(share: float, width: int = BAR) -> str:
    """A share as a bar of eighths of characters; what is not zero is never empty.

    >>> bar(0.5, 4), bar(0.001, 4), bar(0, 4)
    ('██', '▏', '')
    """
    eighths = round(min(max(share, 0.0), 1.0) * width * 8) or (1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return "█" * full + _EIGHTHS[rest].strip()
