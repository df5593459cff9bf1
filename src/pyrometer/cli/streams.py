"""The standard streams: they may be closed, broken, or unable to take every letter."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, suppress
from io import TextIOWrapper

_LAST = 2
"""The number of standard error."""


class ClosedPipe(Exception):  # noqa: N818  it is no error
    """Whoever reads what we print has had enough. Click would end the process at a BrokenPipeError."""


def prepare() -> None:
    """Make all three usable; what cannot be encoded is printed as ``?``.

    The null device takes the place of a closed one, so that no file of ours gets its number and
    somebody's words. It is not inherited: a program that we start finds the stream closed, as it was.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _nowhere() -> TextIOWrapper:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  pathlib would cost every command 2 ms


def not_vital() -> AbstractContextManager[None]:
    """For what is printed beside the program: a full disk or a closed pipe must not cost its exit status."""
    return suppress(OSError)
