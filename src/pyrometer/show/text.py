"""Views as text for a terminal: tables that fit its width, colours only where they are wanted."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from pyrometer.show import words
from pyrometer.show.fitting import BAR, FLEXIBLE, NARROWEST, fit, natural, title_lines, wide
from pyrometer.show.grid import Column, Grid, Row, cut, longest_bar, printable, shorten, shorten_halves
from pyrometer.show.grids import grids
from pyrometer.show.headline import fold
from pyrometer.show.spans import Line, print_lines, stripped

_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Paper(Console):
    """A console that reports a closed pipe as what it is, where rich ends the process."""

    def on_broken_pipe(self) -> None:
        """Called while the error is handled: it goes on."""
        raise  # noqa: PLE0704


def console(stream: TextIO | None = None, width: int | None = None) -> Console:
    """A console that colours only a terminal, honours NO_COLOR, and never wraps or guesses.

    Without a terminal it is 80 columns wide, or ``COLUMNS``. A width of 0 is one that nobody knows.
    """
    target = stream or sys.stdout
    known = {name: value for name, value in os.environ.items() if name != "COLUMNS" or value.strip("0")}
    return Paper(file=target, width=width, highlight=False, emoji=False, markup=False, soft_wrap=True, _environ=known)


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
        if not basis.total:
            why = words.no_shares(basis) if basis.samples else words.nothing(basis)
            target.print(Text(shorten(why, target.width), "yellow"))
        for remark in words.remarks(basis):
            for line in textwrap.wrap(printable(remark), target.width, subsequent_indent="  "):
                target.print(Text(line, "dim"), no_wrap=True)
        if basis.excluded:
            target.print(Text(f"{words.rows(basis, basis.excluded)} left out by the filters", "dim"))
        for line in fold(words.quality(basis), target.width):
            target.print(Text(line, "dim"))


def show_grid(grid: Grid, target: Console) -> None:
    """Print one grid."""
    heading = shorten_halves(printable(grid.heading), grid.joint, target.width)
    target.print(Text(heading, "bold"), no_wrap=True)
    fitting, left_out = fit(grid, target.width)
    print_lines(layout(fitting, target.width), target)
    if left_out:
        missing = f"no room for {', '.join(left_out)}: --format md or json has all"
        names = textwrap.wrap(missing, target.width, break_on_hyphens=False)
        for line in names:
            target.print(Text(printable(line), "dim"), no_wrap=True)
    for note in grid.notes:
        for line in textwrap.wrap(printable(note), target.width, subsequent_indent="  "):
            target.print(Text(line, "dim"), no_wrap=True)


def layout(grid: Grid, width: int) -> Iterable[Line]:
    """The lines of a table, its titles first."""
    if not grid.rows:
        return
    widths = _widths(grid, width)
    longest = longest_bar(grid) or 1.0
    broken = [title_lines(column) for column in grid.columns]
    height = max(len(lines) for lines in broken)
    for at in range(-height, 0):
        titles = (lines[at] if -at <= len(lines) else "" for lines in broken)
        places = zip(titles, grid.columns, widths, strict=True)
        yield _line(_padded(title, "dim", column, width) for title, column, width in places)
    cells = [
        _column(at, column, width, grid.rows, longest)
        for at, (column, width) in enumerate(zip(grid.columns, widths, strict=True))
    ]
    yield from map(_line, zip(*cells, strict=True))


def _widths(grid: Grid, width: int) -> list[int]:
    """The columns' widths: as wide as their cells, and the name as wide as is left."""
    widths = [natural(at, column, grid.rows) for at, column in enumerate(grid.columns)]
    for at, column in enumerate(grid.columns):
        if column.kind == "text":
            widths[at] = min(widths[at], max(width * 3 // 8, NARROWEST))
            # Until here a name is as narrow as it can be.
            over = sum(widths) + len(widths) - 1 - width
            widths[at] = min(widths[at], max(NARROWEST, widths[at] - max(over, 0)))
    for at, column in enumerate(grid.columns):
        if column.kind in FLEXIBLE:
            others = sum(widths) - widths[at] + len(widths) - 1
            widths[at] = max(NARROWEST, width - others)
    return widths


def _column(at: int, column: Column, width: int, rows: Sequence[Row], longest: float) -> Iterator[Line]:
    """The cells of a column, as wide as it and a blank."""
    for row in rows:
        cell = row.cells[at]
        if not isinstance(cell, str):
            yield _padded(bar(cell / longest), "yellow", column, width)
        elif column.kind in FLEXIBLE:
            yield _name(cell, column, width, row)
        else:
            text = (
                cell
                if cell.isascii() and len(cell) <= width and cell.isprintable()
                else shorten(printable(cell), width)
            )
            yield _padded(text, "dim" if row.quiet else "", column, width)


def _padded(text: str, style: str, column: Column, width: int) -> Line:
    gap = " " * (width - wide(text))
    if column.kind == "number":
        return ((gap, ""), (text, style), (" ", "")) if style else ((f"{gap}{text} ", ""),)
    return (text, style), (f"{gap} ", "")


def _name(cell: str, column: Column, width: int, row: Row) -> Line:
    room = width - wide(row.guide)
    fit = cut if column.kind == "code" else shorten
    text = fit(printable(cell), max(NARROWEST, room))
    return (row.guide, "dim"), (text, "dim" if row.quiet else "cyan"), (" " * (room - wide(text) + 1), "")


def _line(cells: Iterable[Line]) -> Line:
    return stripped([span for cell in cells for span in cell])


def bar(share: float, width: int = BAR) -> str:
    """A share as a bar of eighths of characters; what is not zero is never empty.

    >>> bar(0.5, 4), bar(0.001, 4), bar(0, 4)
    ('██', '▏', '')
    """
    eighths = round(min(max(share, 0.0), 1.0) * width * 8) or (1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return "█" * full + _EIGHTHS[rest].strip()
