"""The heaviest keys on a terminal while lines are counted, and the other lines above them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from pyrometer import native

SHOWN = 20
"""Keys that are shown, if the terminal is high enough."""
AROUND = 3
"""Lines of a terminal that are left free."""
Look = Callable[[native.Counting], None]


@contextmanager
def watching(live: bool, selects: bool, others: TextIO) -> Iterator[tuple[int, Look | None]]:
    """Where other lines go (an open file), and what looks at the counts.

    Without a terminal, or without ``live``, nothing is drawn and other lines go on to ``others`` as they are.
    """
    if not live or not sys.stderr.isatty():
        yield others.fileno(), None
        return
    from rich.console import Console
    from rich.live import Live

    screen = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Live(console=screen, auto_refresh=False, transient=True) as drawn:

        def look(counting: native.Counting) -> None:
            drawn.update(_table(counting, screen), refresh=True)

        if not selects or not others.isatty():
            yield others.fileno(), look
            return
        # On the same terminal other lines have to be printed by whoever draws there.
        with _printed_above(screen) as number:
            yield number, look


def _table(counting: native.Counting, screen: Any) -> Any:
    from rich.text import Text

    from pyrometer.show.grid import printable, shorten

    lines, left_out, total = counting.progress()
    rows = counting.heaviest(max(min(SHOWN, screen.height - AROUND), 1))
    text = Text(f"{lines:,} lines, {left_out:,} of them not counted\n", "dim")
    for key, value in rows:
        share = f"{100 * value / total:5.1f}%" if total else ""
        text.append(f"{value:>12,} {share:>6} ")
        text.append(shorten(printable(key), max(screen.width - 22, 10)) + "\n", "cyan")
    return text


@contextmanager
def _printed_above(screen: Any) -> Iterator[int]:
    read, write = os.pipe()

    def pass_on() -> None:
        with os.fdopen(read, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                screen.out(line.rstrip("\n"))

    printing = threading.Thread(target=pass_on, daemon=True)
    printing.start()
    try:
        yield write
    finally:
        os.close(write)
        printing.join()
