"""Views as Markdown tables, for issues, pull requests and CI summaries. Names are whole."""

from __future__ import annotations

from collections.abc import Iterable

from pyrometer.show import words
from pyrometer.show.grid import Cell, Grid, Row
from pyrometer.show.grids import grids


def render(view: object) -> str:
    """A view as Markdown."""
    parts = [render_grids(grids(view))]
    basis = getattr(view, "basis", None)
    if basis is not None:
        parts.extend(escape(line) for line in words.below(basis))
        parts.append(words.quality(basis))
    return "\n\n".join(parts) + "\n"


def render_grids(parts: Iterable[Grid]) -> str:
    """Grids as Markdown, without a line break at the end."""
    return "\n\n".join("\n".join(_grid(grid)) for grid in parts)


def _grid(grid: Grid) -> Iterable[str]:
    yield f"**{escape(grid.heading)}**"
    shown = [at for at, column in enumerate(grid.columns) if column.kind != "bar"]
    if grid.rows:
        yield ""
        yield _row([escape(grid.columns[at].title) for at in shown])
        yield _row(["---:" if grid.columns[at].kind == "number" else "---" for at in shown])
    for row in grid.rows:
        yield _row([_cell(row, row.cells[at], grid.columns[at].kind in ("name", "code")) for at in shown])
    for note in grid.notes:
        yield ""
        yield escape(note)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: Row, cell: Cell, is_name: bool) -> str:
    text = str(cell)
    if not is_name:
        return escape(text)
    # Leading blanks vanish in a table, so the guide and the indentation of code stand inside the code.
    return f"{_code(row.guide + text)}" if (row.guide + text).strip() else ""


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text.replace('|', chr(92) + '|')}{pad}{fence}"


def escape(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> escape("a|b <T> *")
    'a\\|b \\<T> \\*'
    """
    return "".join(f"\\{letter}" if letter in r"\`*_[]<|" else letter for letter in text)
