"""What `pyrometer record` prints at its end: at most forty lines."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from pyrometer.analyze import Lines, Summary, Top
from pyrometer.profile import Meta, ProfileData
from pyrometer.show import words
from pyrometer.show.grid import Grid, printable, shorten
from pyrometer.show.grids import grids
from pyrometer.show.headline import headline
from pyrometer.show.hints import next_command
from pyrometer.show.spans import print_lines
from pyrometer.show.text import layout

LINES = 40
"""Lines at most, with all that is around them."""
NOTE_LINES = 2
"""Lines of notes at most; the rest is in the profile."""


def show_summary(
    view: Summary,
    target: Console,
    every_note: bool = False,
    profile: ProfileData | None = None,
    chosen: Mapping[str, object] | None = None,
) -> None:
    """Print a summary that fits :data:`LINES` lines of the console's width.

    ``every_note``: the notes are printed whole, however many lines that takes.
    """
    facts = headline(view, target.width)
    notes = _notes(view, target.width, None if every_note else NOTE_LINES)
    for number, fact in enumerate(facts):
        target.print(Text(fact, _style(number, len(facts), view.meta)), no_wrap=True)
    used = len(facts) + len(notes) + 1
    for part in (view.by_self, view.by_total, _fit(view, LINES - used)):
        if part.rows and not _says_the_same(part):
            _section(replace(grids(part)[0], heading=_heading(part)), target)
    if not view.basis.samples:
        target.print(Text(words.nothing(view.basis), "yellow"))
    for note in notes:
        target.print(Text(note, "yellow"), no_wrap=True)
    if view.file is not None:
        target.print(Text(f"next: {next_command(view, view.file, profile, chosen)}", "bold"), no_wrap=True)


def _says_the_same(part: Top | Lines) -> bool:
    """Whether these are functions by a total that is their own cost: no callers are known."""
    return isinstance(part, Top) and part.by == "total" and all(row.self == row.total for row in part.rows)


def _heading(part: Top | Lines) -> str:
    if isinstance(part, Lines):
        return words.heading(part.basis, "source lines")
    together = ", the runtime's together" if part.by == "total" else ""
    return words.heading(part.basis, "functions", f"{part.by}{together}")


def _style(number: int, of: int, meta: Meta) -> str:
    """Of a line of the headline: the command, the size, what is missing, and the cost last."""
    if number == 0:
        return "bold"
    if number == of - 1:
        return "dim"
    missing = meta.quality.lost or meta.quality.throttled or meta.quality.truncated
    return "yellow" if missing and number > 1 else ""


def _fit(view: Summary, room: int) -> Lines:
    """As many source lines as there is room for below both lists of functions."""
    tables = (view.by_self, view.by_total)
    left = room - sum(_height(part) for part in tables) - 3
    return replace(view.lines, rows=view.lines.rows[: max(0, left)])


def _height(part: Top) -> int:
    return len(part.rows) + 3 if part.rows else 0


def _section(grid: Grid, target: Console) -> None:
    target.print()
    target.print(Text(shorten(printable(grid.heading), target.width), "bold"), no_wrap=True)
    print_lines(layout(grid, target.width), target)


def _notes(view: Summary, width: int, most: int | None) -> list[str]:
    notes = view.meta.notes
    lines = [line for note in notes for line in _wrapped(note, width)]
    if most is None or len(lines) <= most:
        return lines
    first = textwrap.shorten(f"note: {printable(notes[0])}", width, placeholder=" …")
    many = words.plural(len(notes), "note")
    file = f"{shlex.quote(view.file)} " if view.file is not None else ""
    return [first, f"      {many} in full: pyrometer show {file}--view summary"]


def _wrapped(note: str, width: int) -> list[str]:
    return textwrap.wrap(f"note: {printable(note)}", width, subsequent_indent="      ")
