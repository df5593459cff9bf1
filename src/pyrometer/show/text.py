"""Views as text for a terminal: tables that fit its width, colours only where they are wanted."""

from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pyrometer.show import words
from pyrometer.show.grid import Cell, Column, Figure, Grid, Row, cut, longest_bar, printable, shorten
from pyrometer.show.grids import grids
from pyrometer.show.spans import Line, print_lines, stripped

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
        for remark in words.remarks(basis):
            for line in textwrap.wrap(printable(remark), target.width, subsequent_indent="  "):
                target.print(Text(line, "dim"), no_wrap=True)
        if basis.excluded:
            target.print(Text(f"{words.plural(basis.excluded, 'sample')} left out by the filters", "dim"))
        target.print(Text(words.quality(basis.quality), "dim"))


def show_grid(grid: Grid, target: Console) -> None:
    """Print one grid."""
    target.print(Text(shorten(printable(grid.heading), target.width), "bold"), no_wrap=True)
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


LEVELS = 3
"""Of :class:`~pyrometer.show.grid.Figure`: whole, brief, and without a share."""
ROOM = {"name": 24, "code": 36}
"""What a name or a line of code should have beside optional columns."""


def fit(grid: Grid, width: int) -> tuple[Grid, list[str]]:
    """A grid with briefer figures and, if that is not enough, without its last optional columns; their titles."""
    optional = [at for at, column in enumerate(grid.columns) if column.optional]
    if not optional:
        return grid, []
    room = _Room(grid, width)
    kept = list(range(len(grid.columns)))
    level = room.level(kept)
    if level is not None:
        return _only(grid, kept, level), []
    left_out: list[str] = []
    for at in reversed(optional[1:]):
        left_out.insert(0, grid.columns[at].title)
        kept.remove(at)
        # What is left may be said in more letters again.
        level = room.level(kept)
        if level is not None:
            break
    is_last = len(left_out) == len(optional) - 1
    return _only(grid, kept, LEVELS - 1 if is_last or level is None else level), left_out


class _Room:
    """Which columns fit into a width, and at which level of their figures."""

    def __init__(self, grid: Grid, width: int) -> None:
        self._grid = grid
        self._width = width
        self._natural: dict[tuple[int, int], int] = {}

    def level(self, kept: Sequence[int]) -> int | None:
        """The wordiest level at which these columns fit."""
        return next((level for level in range(LEVELS) if self._fits(kept, level)), None)

    def _fits(self, kept: Sequence[int], level: int) -> bool:
        kinds = [self._grid.columns[at].kind for at in kept]
        flexible = next((kind for kind in kinds if kind in _FLEXIBLE), "name")
        others = [self._width_of(at, level) for at, kind in zip(kept, kinds, strict=True) if kind not in _FLEXIBLE]
        return sum(others) + len(others) + ROOM[flexible] <= self._width

    def _width_of(self, at: int, level: int) -> int:
        key = at, level
        if key not in self._natural:
            self._natural[key] = _natural(at, self._grid.columns[at], self._grid.rows, level)
        return self._natural[key]


def _only(grid: Grid, kept: Sequence[int], level: int) -> Grid:
    """These columns of a grid, their figures at a level."""
    rows = [Row([_at(row.cells[at], level) for at in kept], row.guide, row.quiet) for row in grid.rows]
    return replace(grid, columns=[grid.columns[at] for at in kept], rows=rows)


def _at(cell: Cell, level: int) -> Cell:
    return cell.at(level) if isinstance(cell, Figure) else cell


def layout(grid: Grid, width: int) -> Iterable[Line]:
    """The lines of a table, its titles first."""
    if not grid.rows:
        return
    widths = _widths(grid, width)
    longest = longest_bar(grid) or 1.0
    broken = [_title(column) for column in grid.columns]
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
    widths = [_natural(at, column, grid.rows) for at, column in enumerate(grid.columns)]
    for at, column in enumerate(grid.columns):
        if column.kind == "text":
            widths[at] = min(widths[at], max(width * 3 // 8, NARROWEST))
    for at, column in enumerate(grid.columns):
        if column.kind in _FLEXIBLE:
            others = sum(widths) - widths[at] + len(widths) - 1
            widths[at] = max(NARROWEST, width - others)
    return widths


def _title(column: Column) -> list[str]:
    """The lines of a title."""
    return re.split(r"(?<=-)(?=.)", column.title) if column.optional else [column.title]


def _natural(at: int, column: Column, rows: Sequence[Row], level: int | None = None) -> int:
    """How wide a column is that is not shortened, its figures at a level."""
    if column.kind == "bar":
        return BAR
    if column.kind in _FLEXIBLE:
        return NARROWEST
    cells = (row.cells[at] for row in rows)
    texts = cells if level is None else (_at(cell, level) for cell in cells)
    return max(*(_wide(line) for line in _title(column)), 0, *(_wide(str(text)) for text in texts))


def _wide(text: str) -> int:
    """The columns that a text takes."""
    return len(text) if text.isascii() and text.isprintable() else cell_len(text)


def _column(at: int, column: Column, width: int, rows: Sequence[Row], longest: float) -> Iterator[Line]:
    """The cells of a column, as wide as it and a blank."""
    for row in rows:
        cell = row.cells[at]
        if not isinstance(cell, str):
            yield _padded(bar(cell / longest), "yellow", column, width)
        elif column.kind in _FLEXIBLE:
            yield _name(cell, column, width, row)
        else:
            text = cell if len(cell) <= width and cell.isprintable() else shorten(printable(cell), width)
            yield _padded(text, "dim" if row.quiet else "", column, width)


def _padded(text: str, style: str, column: Column, width: int) -> Line:
    gap = " " * (width - _wide(text))
    if column.kind == "number":
        return ((gap, ""), (text, style), (" ", "")) if style else ((f"{gap}{text} ", ""),)
    return (text, style), (f"{gap} ", "")


def _name(cell: str, column: Column, width: int, row: Row) -> Line:
    room = width - _wide(row.guide)
    fit = cut if column.kind == "code" else shorten
    text = fit(printable(cell), max(NARROWEST, room))
    return (row.guide, "dim"), (text, "dim" if row.quiet else "cyan"), (" " * (room - _wide(text) + 1), "")


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
