"""Sampling CPU time: launch or attach, then symbolize and keep.

While it runs, the recording is ``NAME.pyro.recording``. When the program has ended, that is
symbolized into ``NAME.pyro`` and removed; whatever goes wrong then, it stays.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import index
from pathlib import Path

from pyrometer import native
from pyrometer.collect.debugfiles import DebugFiles
from pyrometer.collect.events import parse
from pyrometer.collect.interrupt import passed_on
from pyrometer.collect.output import choose_output, give_back, recording_of
from pyrometer.collect.pids import check_pids
from pyrometer.collect.program import find_program
from pyrometer.collect.rate import DEFAULT_RATE
from pyrometer.errors import PyrometerError, RateError, UnknownEventError
from pyrometer.frozen import frozen
from pyrometer.profile import ProfileData


@frozen
class Recorded:
    """A finished recording."""

    profile: ProfileData
    path: Path
    failure: PyrometerError | None
    """Why the recording ends before the program did, if it does: a full disk, say."""
    recording: native.Recording

    def wait(self) -> int | None:
        """Wait for the program, which may outlive the recording; None if none was launched.

        Its exit status, or minus the signal that ended it.
        """
        with passed_on():
            return self.recording.wait()


def record(  # noqa: PLR0913  one keyword an option
    command: Sequence[str] = (),
    *,
    pids: Sequence[int] = (),
    rate: int = DEFAULT_RATE,
    events: Sequence[str] = (),
    duration: float | None = None,
    delay: float | None = None,
    output: str | os.PathLike[str] | None = None,
    files: DebugFiles | None = None,
    finishing: AbstractContextManager[object] | None = None,
) -> Recorded:
    """Record a program from its start, or processes that run already.

    ``rate`` is in samples a second, ``duration`` and ``delay`` in seconds. Names are looked up with
    ``files``; the context manager ``finishing`` is open meanwhile. An error that ends the recording is raised
    when the program has ended: it is never left behind. A machine that nothing can be recorded on
    is a :class:`~pyrometer.NoRecorderError`, whatever else is asked.
    """
    native.require_recording()
    for name, seconds in (("duration", duration), ("delay", delay)):
        if seconds is not None and not 0 <= seconds < math.inf:
            raise ValueError(f"{name} is a number of seconds from 0, not {seconds}")
    _check_numbers(rate, pids)
    named = [name for text in events for name in _names(text)]
    if command:
        find_program(command[0])
    path = choose_output(None if output is None else os.fspath(output), command, pids)
    config: native.Config = {
        "command": list(command),
        "pids": list(pids),
        "rate": rate,
        "events": named,
        "duration": duration,
        "delay": delay,
        "journal": recording_of(path),
    }
    with passed_on():
        try:
            recording = native.record(config)
        except BaseException:
            if output is None:
                give_back(path)
            raise
        try:
            inner = _finish(recording, path, files or DebugFiles(), finishing or nullcontext())
        except PyrometerError:
            recording.wait()
            raise
    return Recorded(ProfileData(inner, path), path, recording.failure, recording)


_LARGEST_RATE = 2**32
"""Above every kernel's limit."""


def _names(text: str) -> list[str]:
    """The events of a list: commas separate them, as for ``perf record -e``."""
    if "{" in text:
        cure = "name them by themselves: -e a -e b; pyrometer stat counts groups"
        raise UnknownEventError(f"{text!r}: events are not sampled as a group", cure=cure)
    return [name for group in parse(text) for name in group]


def _check_numbers(rate: int, pids: Sequence[int]) -> None:
    if not 1 <= index(rate) <= _LARGEST_RATE:
        raise RateError(
            f"a rate of {rate} samples a second", "a rate is a whole number from 1, and has a limit", "leave out --rate"
        )
    check_pids(pids)


def _finish(
    recording: native.Recording, path: Path, files: DebugFiles, finishing: AbstractContextManager[object]
) -> native.Profile:
    try:
        options = files.options(recording.wanted)
        with finishing:
            return native.finish(recording, path, options)
    except PyrometerError as error:
        kept = f"the recording is kept; open it with: pyrometer show {recording.journal}"
        raise type(error)(error.what, error.why, f"{error.cure}; {kept}") from error
