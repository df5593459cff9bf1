"""Lines that are counted: of files, and of standard input."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from pyrometer import native

if TYPE_CHECKING:
    from pathlib import Path

Weights = Literal["unit", "integral", "fractional"]
Look = Callable[[native.Counting], None]
"""Called several times a second with what is being counted."""

STEP = 0.25
"""Seconds between two looks."""
STDIN = 0
"""Its number; Python has no ``sys.stdin`` where it was closed, and the null device stands there then."""


class LineRules(NamedTuple):
    """What of a line is counted, and with which weight."""

    weights: Weights = "unit"
    """1, the last whole number on the line, or the last number with its fraction."""
    erase: bool = False
    """Whether the weight is replaced by ``NNN`` in the key."""
    prefix: str | None = None
    """Only lines that begin so are counted, without it and a space after it."""
    pattern: str | None = None
    """Only lines that match. The groups make the key, one named ``weight`` the weight."""
    by: tuple[str, ...] = ()
    """Fields that make the key: numbers of words, or names."""
    detailed: bool = False
    """Whether each weight of a key is counted by itself."""

    def counting(self, live: bool) -> native.Counting:
        """A new count. A :class:`~pyrometer.SelectionError` for what is no regular expression."""
        rules: native.LineRules = {
            "weights": self.weights,
            "erase": self.erase,
            "prefix": None if self.prefix is None else os.fsencode(self.prefix),
            "pattern": self.pattern,
            "by": list(self.by),
            "detailed": self.detailed,
        }
        return native.Counting(rules, live)


def count_files(
    counting: native.Counting,
    paths: Sequence[str | Path],
    *,
    others: int | None = None,
    look: Look | None = None,
) -> bool:
    """Count the lines of files, or of standard input; whether it was interrupted: then what was read is counted.

    Lines that are not counted go to the open file ``others``.
    """
    source = None if paths else (STDIN, "standard input")
    running = Running(counting, lambda: counting.run(list(paths), source, others))
    try:
        running.wait(look)
    except KeyboardInterrupt:
        running.stop()
        return True
    return False


class Running:
    """A count in a thread of its own, so that this one hears Ctrl-C."""

    def __init__(self, counting: native.Counting, run: Callable[[], None]) -> None:
        self._counting = counting
        self._run = run
        self._error: BaseException | None = None
        # Not the thread's own `join`: interrupted, it may take the thread for ended (Python 3.11).
        self._done = threading.Event()
        # It ends with the process where nobody waits for it any more.
        threading.Thread(target=self._guarded, daemon=True).start()

    def wait(self, look: Look | None) -> None:
        """Until it is done; its error is raised."""
        while not self._done.wait(STEP):
            if look is not None:
                look(self._counting)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Have it end with what was read."""
        self._counting.stop()
        self.wait(None)

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()
