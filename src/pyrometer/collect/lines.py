"""Lines that are counted: of files, of standard input, or of what a program prints on stderr."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal

from pyrometer import native
from pyrometer.collect.interrupt import passed_on
from pyrometer.collect.program import find_program
from pyrometer.errors import PyrometerError

Weights = Literal["unit", "integral", "fractional"]
Look = Callable[[native.Counting], None]
"""Called several times a second with what is being counted."""

STEP = 0.25
"""Seconds between two looks."""
PIPE = 1 << 20
"""Bytes that a program may print before it has to wait for us."""
STDIN = 0
"""Its number; Python has no ``sys.stdin`` where it was closed, and the null device stands there then."""


@dataclass(frozen=True)
class LineRules:
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
    counting: native.Counting, paths: Sequence[Path], *, others: int | None = None, look: Look | None = None
) -> bool:
    """Count the lines of files, or of standard input; whether it was interrupted: then what was read is counted.

    Lines that are not counted go to the open file ``others``.
    """
    source = None if paths else (STDIN, "standard input")
    running = _Running(counting, lambda: counting.run(list(paths), source, others))
    try:
        running.wait(look)
    except KeyboardInterrupt:
        running.stop()
        return True
    return False


def count_stderr(
    counting: native.Counting,
    command: Sequence[str],
    *,
    others: int,
    stdout: int | None = None,
    look: Look | None = None,
) -> tuple[int, bool]:
    """Run a program and count the lines that it, and what it starts, prints on stderr.

    Its exit status (or minus its signal), and whether it was interrupted. Ctrl-C is the program's; once it has ended,
    another one gives up waiting for what it left running. What cannot be counted is raised when the program has
    ended; what it prints after that goes to ``others``, too.
    """
    find_program(command[0])
    with (
        passed_on() as interrupted,
        _pipe() as (read, write),
        subprocess.Popen(command, stdout=stdout, stderr=write) as program,
    ):
        write.close()
        running = _Running(counting, lambda: counting.run([], (read.fileno(), command[0]), others))

        def given_up() -> bool:
            return interrupted() and program.poll() is not None

        def watch(counting: native.Counting) -> None:
            if look is not None:
                look(counting)
            if given_up():
                counting.stop()

        try:
            running.wait(watch)
        except (PyrometerError, BrokenPipeError):
            _pass_on(read, others, given_up)
            raise
        return program.wait(), interrupted()


def _pass_on(read: FileIO, others: int, given_up: Callable[[], bool]) -> None:
    """Let a program go on whose lines are counted no longer: into a pipe that nobody reads it could not.

    A reader that went away is one that the program would have met without us: its end of the pipe is closed then.
    """
    while not given_up():
        if not select.select([read], [], [], STEP)[0]:
            continue
        part = read.read(PIPE)
        if not part:
            return
        try:
            while part:
                part = part[os.write(others, part) :]
        except BrokenPipeError:
            read.close()
            return
        except OSError:
            # On a full disk it goes on as well, unread.
            continue


class _Running:
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


@contextmanager
def _pipe() -> Iterator[tuple[FileIO, FileIO]]:
    """A pipe, both ends of which are closed afterwards; a large one where that is possible."""
    read, write = (FileIO(end, mode) for end, mode in zip(os.pipe(), ("r", "w"), strict=True))
    with suppress(OSError, AttributeError, ImportError):
        import fcntl

        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE)
    with read, write:
        yield read, write
