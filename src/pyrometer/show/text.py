"""Views as text for a terminal: tables that fit its width, colours only where they are wanted."""

from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TextIO, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pyrometer.show import words
from pyrometer.show.grid import Column, Figure, Grid, Row, cut, longest_bar, printable, shorten
from pyrometer.show.grids import grids

BAR = 8
"""Characters of the longest bar."""
NARROWEST = 16
"""A name is never shortened below this."""
_FLEXIBLE = ("name", "code")
T = TypeVar("T")
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
    _print_lines(layout(fitting, target.width), target)
    if left_out:
        missing = f"no room for {', '.join(left_out)}: --format md or json has all"
        names = textwrap.wrap(missing, target.width, break_on_hyphens=False)
        for line in names:
            target.print(Text(printable(line), "dim"), no_wrap=True)
    for note in grid.notes:
        for line in textwrap.wrap(printable(note), target.width, subsequent_indent="  "):
            target.print(Text(line, "dim"), no_wrap=True)


def _print_lines(lines: Iterable[Text], target: Console) -> None:
    """Print the lines as they are; without colours at once, for rich takes long over each of thousands."""
    if target.color_system is not None:
        for line in lines:
            target.print(line, no_wrap=True, overflow="ignore")
    elif plain := [line.plain for line in lines]:
        target.out("\n".join(plain), highlight=False)


LEVELS = 3
"""Of :class:`~pyrometer.show.grid.Figure`: whole, brief, and without a share."""
ROOM = {"name": 24, "code": 36}
"""What a name or a line of code should have beside optional columns."""


def fit(grid: Grid, width: int) -> tuple[Grid, list[str]]:
    """A grid with briefer figures and, if that is not enough, without its last optional columns; their titles."""
    if not any(column.optional for column in grid.columns):
        return grid, []
    for level in range(LEVELS):
        brief = _brief(grid, level)
        if _fits(brief, width):
            return brief, []
    brief = _brief(grid, LEVELS - 1)
    left_out: list[str] = []
    optional = [at for at, column in enumerate(brief.columns) if column.optional]
    for at in reversed(optional[1:]):
        left_out.insert(0, brief.columns[at].title)
        brief = _without(brief, at)
        if _fits(brief, width):
            break
    # What is left may be said in more letters again.
    kept = grid
    for at in reversed(optional[len(optional) - len(left_out) :]):
        kept = _without(kept, at)
    return fit(kept, width)[0] if len(left_out) < len(optional) - 1 else brief, left_out


def _brief(grid: Grid, level: int) -> Grid:
    rows = [
        replace(row, cells=[cell.at(level) if isinstance(cell, Figure) else cell for cell in row.cells])
        for row in grid.rows
    ]
    return replace(grid, rows=rows)


def _without(grid: Grid, at: int) -> Grid:
    def rest(cells: Sequence[T]) -> list[T]:
        return [*cells[:at], *cells[at + 1 :]]

    return replace(grid, columns=rest(grid.columns), rows=[replace(row, cells=rest(row.cells)) for row in grid.rows])


def _fits(grid: Grid, width: int) -> bool:
    flexible = next((column.kind for column in grid.columns if column.kind in _FLEXIBLE), "name")
    others = [_natural(at, column, grid.rows) for at, column in enumerate(grid.columns) if column.kind not in _FLEXIBLE]
    return sum(others) + len(others) + ROOM[flexible] <= width


def layout(grid: Grid, width: int) -> Iterable[Text]:
    """The lines of a table, its titles first."""
    if not grid.rows:
        return
    widths = _widths(grid, width)
    longest = longest_bar(grid) or 1.0
    broken = [_title(column) for column in grid.columns]
    height = max(len(lines) for lines in broken)
    for at in range(-height, 0):
        titles = [Text(lines[at] if -at <= len(lines) else "", "dim") for lines in broken]
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


def _title(column: Column) -> list[str]:
    """The lines of a title."""
    return re.split(r"(?<=-)(?=.)", column.title) if column.optional else [column.title]


def _natural(at: int, column: Column, rows: Sequence[Row]) -> int:
    if column.kind == "bar":
        return BAR
    if column.kind in _FLEXIBLE:
        return NARROWEST
    return max(*(cell_len(line) for line in _title(column)), 0, *(cell_len(str(row.cells[at])) for row in rows))


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
