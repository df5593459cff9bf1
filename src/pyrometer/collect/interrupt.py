"""Signals while a program is recorded: they are the program's, and end the recording through it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pyrometer import native
from pyrometer.errors import NoRecorderError


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
        with _waited_for():
            yield heard.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _waited_for() -> Iterator[None]:
    """In this block programs leave their exit status also where whoever started us ignores how children end."""
    kind = getattr(signal, "SIGCHLD", None)
    if kind is None or signal.getsignal(kind) != signal.SIG_IGN:
        yield
        return
    signal.signal(kind, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(kind, signal.SIG_IGN)


def run(command: Sequence[str]) -> int:
    """Run a program to its end, and give its status; signals are its own, as of :func:`handed_on`."""
    with handed_on() as heard:
        return heard.begin(subprocess.Popen(command)).wait()


Program = subprocess.Popen[bytes]
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end."""


class Heard:
    """The signals of a :func:`handed_on` block."""

    def __init__(self) -> None:
        self._program: Program | None = None
        self._early: list[int] = []
        self._ending: int | None = None
        # One that is handled in the middle of another call is in the same thread.
        self._lock = threading.RLock()

    @property
    def interrupted(self) -> bool:
        """Whether one was Ctrl-C, or another SIGINT."""
        return self._ending == signal.SIGINT

    @property
    def told_to_end(self) -> bool:
        """Whether one asked us to end."""
        return self._ending is not None

    def begin(self, program: Program) -> Program:
        """From now on signals are those of this program; it has those that came before, too."""
        with self._lock:
            self._program = program
            while self._early:
                program.send_signal(self._early.pop(0))
        return program

    def take(self, number: int, to_us_alone: bool) -> None:
        """A signal has come: the program is to get it, if it has not got it by itself."""
        if number in _ENDING:
            self._ending = number
        if not to_us_alone:
            return
        with self._lock:
            if self._program is None:
                self._early.append(number)
            else:
                self._program.send_signal(number)


@contextmanager
def handed_on() -> Iterator[Heard]:
    """In this block signals do nothing to us: they are the program's, which is told of those that it does not hear.

    Those of a terminal are heard by all of its group, what somebody sends to us by us alone.
    """
    heard = Heard()
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    try:
        signals = native.Signals()
    except NoRecorderError:
        with _waited_for(), _handled(heard):
            yield heard
        return
    with _waited_for(), _watched(signals, heard):
        yield heard


@contextmanager
def _watched(signals: native.Signals, heard: Heard) -> Iterator[None]:
    """Take signals in a thread, for this one waits for the program."""
    done, end = os.pipe()

    def watch() -> None:
        while done not in select.select([signals.fileno(), done], [], [])[0]:
            while found := signals.next():
                heard.take(*found)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        os.close(end)
        watching.join()
        os.close(done)
        signals.close()


@contextmanager
def _handled(heard: Heard) -> Iterator[None]:
    """Take signals where it is not known who sent them: Ctrl-C is the terminal's, all else somebody's."""

    def take(number: int, _: object) -> None:
        heard.take(number, to_us_alone=number != signal.SIGINT)

    # Whoever has a signal ignored (nohup) keeps it ignored, and so does the program.
    own = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, take) for number in own}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
