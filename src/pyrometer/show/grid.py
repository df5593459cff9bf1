"""A table on its way to a reader: columns, cells and the lines around them.

Each view becomes a grid once; text, Markdown and HTML each draw any grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pyrometer.frozen import frozen

Kind = Literal["number", "bar", "name", "code", "text"]
Cell = str | float


class Figure(str):
    """A cell that a terminal has in fewer letters: as one of ``levels``, each shorter than the one before."""

    __slots__ = ("levels",)
    levels: tuple[str, ...]

    def __new__(cls, whole: str, *levels: str) -> Figure:
        """The cell as it is whole, then as it stands in a terminal."""
        made = super().__new__(cls, whole)
        made.levels = levels
        return made

    def at(self, level: int) -> str:
        """In a terminal: 0 is the longest, the last as short as it can be."""
        return self.levels[min(level, len(self.levels) - 1)] if self.levels else str(self)


@frozen
class Column:
    """A column. The cells of a ``bar`` are shares (0 to 1), drawn relative to the largest; all others are texts.

    One column may be a ``name`` or ``code``: it takes the room that is left. A name is shortened
    in the middle, code at its end.
    """

    title: str
    kind: Kind = "text"
    optional: bool = False
    """May be left out where there is no room for it; its title may be broken after a hyphen."""
    rank: int = 0
    """Optional columns of the highest rank are left out first, of one rank the last."""


class Row(NamedTuple):
    """The cells of a row, with guides (the branches of a tree) that stand before its name."""

    cells: Sequence[Cell]
    guide: str = ""
    quiet: bool = False
    """Less important: drawn dim where that is possible."""


@frozen
class Grid:
    """A heading, a table, and lines that follow it."""

    heading: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    joint: str = ""
    """What stands between the two halves of a heading, each of which is cut by itself."""


def longest_bar(grid: Grid) -> float:
    """The share that the longest bar of a grid stands for."""
    return max((cell for row in grid.rows for cell in row.cells if not isinstance(cell, str)), default=0.0)


def shorten(name: str, width: int) -> str:
    """A name in at most ``width`` columns of a terminal, without its middle: both ends tell names apart.

    What a C++ function takes goes first.

    >>> shorten("alloc::collections::vec_deque::push_back", 24)
    'alloc::col…ue::push_back'
    >>> shorten("app::Parser::parse(std::istream&, app::Options const&) const", 24)
    'app::Parser::parse(…)'
    >>> shorten("名前空間::関数名前", 12)
    '名前…数名前'
    """
    if _wide(name) <= width:
        return name
    name = without_parameters(name)
    if _wide(name) <= width:
        return name
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) * 3 // 5
    return f"{_begin(name, width - 1 - tail)}…{_begin(name[::-1], tail)[::-1]}"


def _wide(text: str) -> int:
    """Columns of a terminal: some letters take two, some none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _begin(text: str, width: int) -> str:
    """As many letters of a text as ``width`` columns hold."""
    if text[:width].isascii():
        return text[: max(0, width)]
    end = used = 0
    while end < len(text) and used + _wide(text[end]) <= width:
        used += _wide(text[end])
        end += 1
    return text[:end]


def shorten_halves(text: str, joint: str, width: int) -> str:
    """A text in at most ``width`` characters; what joins its halves stays, and one that is short leaves its room.

    >>> shorten_halves("./new --with-much against ./old --with-much", " against ", 28)
    './ne…-much against ./ol…much'
    """
    left, _, right = text.partition(joint) if joint else (text, "", "")
    if not right or _wide(text) <= width:
        return shorten(text, width)
    room = width - _wide(joint)
    of_left = max(room - room // 2, room - _wide(right)) if _wide(left) > room // 2 else _wide(left)
    return f"{shorten(left, of_left)}{joint}{shorten(right, room - min(of_left, _wide(left)))}"


def without_parameters(name: str) -> str:
    """A C++ name with ``(…)`` for what it takes; any other as it is.

    >>> without_parameters("f(int (*)(char), long) const"), without_parameters("<(A, B) as T>::f")
    ('f(…)', '<(A, B) as T>::f')
    """
    bare = name.removesuffix(" const")
    if not bare.endswith(")"):
        return name
    open_brackets = 0
    for at in range(len(bare) - 1, -1, -1):
        open_brackets += {")": 1, "(": -1}.get(bare[at], 0)
        if open_brackets == 0:
            return f"{bare[:at]}(…)" if at else name
    return name


def cut(text: str, width: int) -> str:
    """A line of code in at most ``width`` columns of a terminal, without its end.

    >>> cut("    let x = 1;", 10)
    '    let x…'
    """
    return text if _wide(text) <= width else _begin(text, width - 1) + "…"


def printable(text: str) -> str:
    r"""A text without control characters: a name in a file must not steer the reader's terminal.

    >>> printable("evil\x1b[2Jname")
    'evil�[2Jname'
    """
    if text.isprintable():
        return text
    return "".join(x if x.isprintable() else " " if x.isspace() else "\ufffd" for x in text)
