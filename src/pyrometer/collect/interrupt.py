"""Ctrl-C while a program is recorded: it is the program's, and ends the recording through it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def passed_on() -> Iterator[Callable[[], bool]]:
    """No KeyboardInterrupt inside this block, which is given a question: whether there would have been one.

    A handler of our own, not SIG_IGN: the program that we start would inherit an ignored signal.
    Python only lets the main thread set handlers; elsewhere there is nothing to shield.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    heard = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: heard.set())
    try:
        yield heard.is_set
    finally:
        signal.signal(signal.SIGINT, before)
