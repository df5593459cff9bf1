"""A sign of life on a terminal when something takes longer than half a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.5
"""Seconds before anything is shown."""
REDRAW = 0.1
"""Seconds between two looks at the meter."""


class Meter:
    """How far something has come: called with what is done and what there is to do, in any unit."""

    share: float | None = None
    """From 0 to 1, or None if nobody has said."""

    def __call__(self, done: int, total: int) -> None:
        """Take note."""
        self.share = min(done / total, 1.0) if total else None


@contextmanager
def while_working(what: str) -> Iterator[Meter]:
    """Show a spinner, or a bar once the meter knows, on stderr, if that is a terminal.

    Nothing is shown before :data:`PATIENCE` has passed.
    """
    meter = Meter()
    if not sys.stderr.isatty():
        yield meter
        return
    done = threading.Event()
    watcher = threading.Thread(target=_show, args=(what, meter, done), daemon=True)
    watcher.start()
    try:
        yield meter
    finally:
        done.set()
        watcher.join()


def _show(what: str, meter: Meter, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[percent]}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(f"{what} …", total=None, percent="")
        while not done.wait(REDRAW):
            if meter.share is not None:
                bars.update(task, total=1.0, completed=meter.share, percent=f"{meter.share:.0%}")
