"""Which columns of a grid a terminal has room for, in how many letters, and how wide each is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len

from pyrometer.show.grid import Cell, Column, Figure, Grid, Row

BAR = 8
"""Characters of the longest bar."""
NARROWEST = 16
"""A name is never shortened below this."""
FLEXIBLE = ("name", "code")
"""Kinds of columns that take the room that is left."""
LEVELS = 3
"""Of :class:`~pyrometer.show.grid.Figure`: whole, brief, and without a share."""
ROOM = {"name": 24, "code": 36}
"""What a name or a line of code should have beside optional columns."""


def fit(grid: Grid, width: int) -> tuple[Grid, list[str]]:
    """A grid with briefer figures and, if that is not enough, without some optional columns; their titles."""
    optional = sorted(
        (at for at, column in enumerate(grid.columns) if column.optional), key=lambda at: grid.columns[at].rank
    )
    if not optional:
        return grid, []
    room = _Room(grid, width)
    kept = list(range(len(grid.columns)))
    level = room.level(kept)
    if level is not None:
        return _only(grid, kept, level), []
    left_out: list[int] = []
    for at in reversed(optional[1:]):
        left_out.append(at)
        kept.remove(at)
        # What is left may be said in more letters again.
        level = room.level(kept)
        if level is not None:
            break
    is_last = len(left_out) == len(optional) - 1
    titles = [grid.columns[at].title for at in sorted(left_out)]
    return _only(grid, kept, LEVELS - 1 if is_last or level is None else level), titles


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
        flexible = next((kind for kind in kinds if kind in FLEXIBLE), "name")
        others = [self._width_of(at, level) for at, kind in zip(kept, kinds, strict=True) if kind not in FLEXIBLE]
        return sum(others) + len(others) + ROOM[flexible] <= self._width

    def _width_of(self, at: int, level: int) -> int:
        key = at, level
        if key not in self._natural:
            self._natural[key] = natural(at, self._grid.columns[at], self._grid.rows, level)
        return self._natural[key]


def _only(grid: Grid, kept: Sequence[int], level: int) -> Grid:
    """These columns of a grid, their figures at a level."""
    rows = [Row([_at(row.cells[at], level) for at in kept], row.guide, row.quiet) for row in grid.rows]
    return replace(grid, columns=[grid.columns[at] for at in kept], rows=rows)


def _at(cell: Cell, level: int) -> Cell:
    return cell.at(level) if isinstance(cell, Figure) else cell


def title_lines(column: Column) -> list[str]:
    """The lines of a title."""
    return re.split(r"(?<=-)(?=.)", column.title) if column.optional else [column.title]


def natural(at: int, column: Column, rows: Sequence[Row], level: int | None = None) -> int:
    """How wide a column is that is not shortened, its figures at a level."""
    if column.kind == "bar":
        return BAR
    if column.kind in FLEXIBLE:
        return NARROWEST
    cells = (row.cells[at] for row in rows)
    texts = cells if level is None else (_at(cell, level) for cell in cells)
    return max(*(wide(line) for line in title_lines(column)), 0, *(wide(str(text)) for text in texts))


def wide(text: str) -> int:
    """The columns that a text takes."""
    return len(text) if text.isascii() and text.isprintable() else cell_len(text)
