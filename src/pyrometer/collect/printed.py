"""Lines that are counted of what a program prints on stderr."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO

from pyrometer import native
from pyrometer.collect.interrupt import passed_on
from pyrometer.collect.lines import STEP, Look, Running
from pyrometer.collect.program import find_program
from pyrometer.errors import PyrometerError

PIPE = 1 << 20
"""Bytes that a program may print before it has to wait for us."""


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
        running = Running(counting, lambda: counting.run([], (read.fileno(), command[0]), others))

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


@contextmanager
def _pipe() -> Iterator[tuple[FileIO, FileIO]]:
    """A pipe, both ends of which are closed afterwards; a large one where that is possible."""
    read, write = (FileIO(end, mode) for end, mode in zip(os.pipe(), ("r", "w"), strict=True))
    with suppress(OSError, AttributeError, ImportError):
        import fcntl

        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE)
    with read, write:
        yield read, write
