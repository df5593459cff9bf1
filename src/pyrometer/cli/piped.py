"""Profiles that come through a pipe: ``perf script | pyrometer show -``, or ``<(…)`` of a shell."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import click

from pyrometer.errors import NotAProfileError, PyrometerError
from pyrometer.profile.reach import is_there

STANDARD_INPUT = Path("-")
CHUNK = 1 << 20
"""Bytes that are copied at once."""


def is_piped(path: Path) -> bool:
    """Whether all that there is of a file comes once, and in order."""
    return path == STANDARD_INPUT or (is_there(path) and path.is_fifo())


@contextmanager
def as_file(path: Path) -> Iterator[Path]:
    """The path itself; of a pipe a file with all that comes out of it, for formats are read in any order.

    That file goes when the context does. Errors name the pipe.
    """
    if not is_piped(path):
        yield path
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="pyrometer-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "stdin"
        with _removed_at_the_end(folder):
            with _source(path) as source, copy.open("wb") as target, _interrupts_the_writer():
                # What has come already, not whole chunks: between two of them Ctrl-C is heard.
                while chunk := source.read1(CHUNK):
                    target.write(chunk)
            try:
                yield copy
            except PyrometerError as error:
                named = [text.replace(str(copy), str(path)) for text in (error.what, error.why, error.cure)]
                raise type(error)(*named) from error


@contextmanager
def _removed_at_the_end(folder: str) -> Iterator[None]:
    """The folder goes also where a signal ends us: the copy in it may be a large one."""

    def end(number: int, _: object) -> None:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    handled = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        handled = []
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""


@contextmanager
def _interrupts_the_writer() -> Iterator[None]:
    """Ctrl-C goes to the writer as well, and what that writes at its end is wanted. A second one ends us."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        click.echo("reading on until the pipe's writer ends; Ctrl-C again: end at once", err=True)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _source(path: Path) -> BufferedReader:
    if path != STANDARD_INPUT:
        return path.open("rb")
    if sys.stdin is None or sys.stdin.isatty():
        raise NotAProfileError(
            "nothing comes through standard input",
            "- stands for what another command prints",
            "name a file, or print one into it: perf script | pyrometer show -",
        )
    return open(sys.stdin.fileno(), "rb", closefd=False)
