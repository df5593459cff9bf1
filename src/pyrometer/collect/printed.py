"""Lines that are counted of what a program prints on stderr."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO

from pyrometer import native
from pyrometer.collect.interrupt import handed_on
from pyrometer.collect.lines import STEP, Look, Running
from pyrometer.collect.program import find_program
from pyrometer.errors import PyrometerError

INTERRUPTED = 130
"""As a shell reports SIGINT."""
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

    Its exit status (or minus its signal), 130 if it ended well in spite of a Ctrl-C; and whether a signal asked to end.
    Signals are the program's (:func:`~pyrometer.collect.interrupt.handed_on`); once it has ended after one that asked
    to, nobody waits for what it left running. What cannot be counted is raised when the program has
    ended, with how it did; what it prints after that goes to ``others``, too. Nobody reading these is no error.
    """
    find_program(command[0])
    with (
        handed_on() as heard,
        _pipe() as (read, write),
        subprocess.Popen(command, stdout=stdout, stderr=write) as program,
    ):
        heard.begin(program)
        write.close()
        running = Running(counting, lambda: counting.run([], (read.fileno(), command[0]), others))

        def given_up() -> bool:
            return heard.told_to_end and program.poll() is not None

        def watch(counting: native.Counting) -> None:
            if look is not None:
                look(counting)
            if given_up():
                counting.stop()

        try:
            running.wait(watch)
        except PyrometerError as error:
            _pass_on(read, others, given_up)
            raise with_status(error, program.wait()) from None
        except BrokenPipeError:
            _pass_on(read, others, given_up)
        status = program.wait()
        return status or (INTERRUPTED if heard.interrupted else 0), heard.told_to_end


def with_status(error: PyrometerError, status: int) -> PyrometerError:
    """An error that ends us in place of a program's status says what that was."""
    if status:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        error.why = "; ".join(part for part in (error.why, f"the program itself ended with {how}") if part)
    return error


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
