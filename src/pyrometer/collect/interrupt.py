"""Signals while a program is recorded: they are the program's, and end the recording through it."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
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


_ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end. Ctrl-C is not among them: the terminal tells the program itself."""


def run(command: Sequence[str]) -> int:
    """Run a program to its end, and give its status; what asks us to end is passed on to it, Ctrl-C ends it alone."""
    with passed_on(), _told_to_end() as begin:
        return begin(subprocess.Popen(command)).wait()


Program = subprocess.Popen[bytes]


@contextmanager
def _told_to_end() -> Iterator[Callable[[Program], Program]]:
    """In this block the program that the function is given is told to end in our place."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda program: program
        return
    programs: list[Program] = []
    early: list[int] = []

    def pass_on(number: int, _: object) -> None:
        for program in programs:
            program.send_signal(number)
        if not programs:
            early.append(number)

    def begin(program: Program) -> Program:
        programs.append(program)
        for number in early:
            program.send_signal(number)
        return program

    # Whoever has a signal ignored (nohup) keeps it ignored, and so does the program.
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in heard}
    try:
        yield begin
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
