"""The heaviest keys on a terminal while lines are counted, and the other lines above them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from typing import Any, NamedTuple, TextIO

from pyrometer import native

SHOWN = 20
"""Keys that are shown, if the terminal is high enough."""
AROUND = 4
"""Lines of a terminal that are left free."""
PART = 1 << 16
"""Bytes that are read at once of what is printed above."""
LEFT_OPEN = 1.0
"""Seconds to wait for what a program leaves running, which may have its terminal open."""
Look = Callable[[native.Counting], None]


class Watching(NamedTuple):
    """What goes where while lines are counted; open files by their numbers."""

    others: int
    """For lines that are not counted."""
    stdout: int | None = None
    """For a program's own output; None: ours."""
    look: Look | None = None
    """Looks at the counts."""


@contextmanager
def watching(live: bool, selects: bool, others: TextIO, program: bool) -> Iterator[Watching]:
    """Draw the heaviest keys on a terminal, and what else is printed there above them.

    Without a terminal, or without ``live``, nothing is drawn and other lines go on to ``others`` as they are.
    """
    if not live or not sys.stderr.isatty():
        yield Watching(others.fileno())
        return
    from rich.console import Console
    from rich.live import Live

    screen = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Live(console=screen, auto_refresh=False, transient=True) as drawn, ExitStack() as above:
        printed: list[_Printed] = []

        def look(counting: native.Counting) -> None:
            begun = "".join(_begun(each, screen) for each in printed)
            drawn.update(_table(counting, screen, begun), refresh=True)

        # On the same terminal it has to be printed by whoever draws there, who would draw over it.
        shown = others.fileno()
        if selects and others.isatty():
            read, shown = os.pipe()
            above.enter_context(_closed_after(_Printed(screen, read), shown))
        stdout = None
        if program and sys.stdout.isatty():
            read, stdout = _terminal_like(sys.stdout.fileno())
            printed.append(_Printed(screen, read))
            above.enter_context(_closed_after(printed[0], stdout, LEFT_OPEN))
        yield Watching(shown, stdout, look)


def _begun(printed: _Printed, screen: Any) -> str:
    """A line that was begun, such as a question that the program asks, as its terminal would have it."""
    from pyrometer.show.grid import cut, printable

    line = printed.begun.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
    return f"{cut(printable(line), max(screen.width - 1, 1))}\n" if line else ""


def _table(counting: native.Counting, screen: Any, begun: str) -> Any:
    from rich.text import Text

    from pyrometer.show.grid import printable, shorten

    lines, left_out, total = counting.progress()
    rows = counting.heaviest(max(min(SHOWN, screen.height - AROUND), 1))
    text = Text(begun)
    text.append(f"{lines:,} lines, {left_out:,} of them not counted\n", "dim")
    for key, value in rows:
        share = f"{100 * value / total:5.1f}%" if total else ""
        text.append(f"{value:>12,} {share:>6} ")
        text.append(shorten(printable(key), max(screen.width - 22, 10)) + "\n", "cyan")
    return text


class _Printed:
    """The lines that arrive at the end of a pipe or terminal, printed as they do."""

    def __init__(self, screen: Any, read: int) -> None:
        self.begun = b""
        """What arrived of a line whose end did not."""
        self._screen = screen
        self._read = read

    def run(self) -> None:
        """Until nobody has the other end open."""
        with FileIO(self._read) as stream:
            while part := _part(stream):
                *lines, rest = (self.begun + part).split(b"\n")
                # Not both in the line that is begun and above it.
                self.begun = b"" if lines else rest
                for line in lines:
                    self._print(line)
                self.begun = rest
        if self.begun:
            self._print(self.begun)

    def _print(self, line: bytes) -> None:
        self._screen.out(line.removesuffix(b"\r").decode(errors="replace"))


@contextmanager
def _closed_after(printed: _Printed, write: int, patience: float | None = None) -> Iterator[None]:
    """Print in a thread what is written to ``write``, which is closed afterwards.

    Whoever else has it open is waited for so many seconds.
    """
    printing = threading.Thread(target=printed.run, daemon=True)
    printing.start()
    try:
        yield
    finally:
        os.close(write)
        printing.join(patience)


def _part(stream: FileIO) -> bytes | None:
    try:
        return stream.read(PART)
    except OSError:
        # So ends a terminal that nobody has open any more.
        return None


def _terminal_like(number: int) -> tuple[int, int]:
    """A terminal of the size of another one, its reading end first: the program prints as it does on that."""
    import fcntl
    import pty
    import termios

    read, write = pty.openpty()
    size = fcntl.ioctl(number, termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(write, termios.TIOCSWINSZ, size)
    return read, write
