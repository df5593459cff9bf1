"""A sign of life on a terminal when something takes longer than half a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.5
"""Seconds before anything is shown."""


@contextmanager
def while_working(what: str) -> Iterator[None]:
    """Show a spinner on stderr, if that is a terminal, once :data:`PATIENCE` has passed."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_spin, args=(what, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _spin(what: str, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …"):
        done.wait()
