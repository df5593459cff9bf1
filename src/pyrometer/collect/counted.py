"""Running a program under an engine, and keeping what it counted as a profile."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from pyrometer import native
from pyrometer.collect.debugfiles import DebugFiles
from pyrometer.collect.engines import HEAP_MODES, Engine, Finished, Request
from pyrometer.collect.host import this_folder, this_host
from pyrometer.collect.output import choose_output, give_back
from pyrometer.collect.program import find_program
from pyrometer.errors import MalformedFileError
from pyrometer.frozen import frozen
from pyrometer.profile import Filters, Meta, ProfileData, units


@frozen
class Counted:
    """A finished run."""

    profile: ProfileData
    path: Path
    status: int
    """The program's exit status, or minus the signal that ended it."""


def run_counted(  # noqa: PLR0913  one keyword an option
    command: Sequence[str],
    engine: Engine,
    request: Request,
    *,
    output: str | os.PathLike[str] | None = None,
    files: DebugFiles | None = None,
    finishing: AbstractContextManager[object] | None = None,
) -> Counted:
    """Run ``command`` under an engine, and write the profile to ``output``, or to a name of the program's own.

    Where addresses are known names and inlined calls are looked up, with ``files``. The context manager
    ``finishing`` is open while the counts are read.

    Errors: those of the engine, of a program that is not there, of an output that cannot be written.
    """
    find_program(command[0])
    path = choose_output(None if output is None else os.fspath(output), command, [])
    try:
        with tempfile.TemporaryDirectory(prefix="pyrometer-", ignore_cleanup_errors=True) as folder:
            started, clock = time.time_ns(), time.monotonic_ns()
            finished = engine.run(command, request, Path(folder))
            about = _About(command, request, started, clock, time.monotonic_ns() - clock)
            with finishing or nullcontext():
                inner = _keep(finished, about, path, files)
    finally:
        if output is None:
            give_back(path)
    return Counted(ProfileData(inner, path), path, finished.status)


@frozen
class _About:
    command: Sequence[str]
    request: Request
    started: int
    clock: int
    duration: int


def _keep(finished: Finished, about: _About, path: Path, files: DebugFiles | None) -> native.Profile:
    read = _read(finished)
    profile = read.with_meta(_meta(read, finished, about).to_json())
    if about.request.addresses or about.request.what in HEAP_MODES:
        # The files do not say which build ran; without that no debug info elsewhere and no machine code is believed.
        profile = profile.without_calls().identified(about.started)
        options = (files or DebugFiles()).options(lambda options: native.wanted(profile, options))
        return native.resymbolize(profile, path, options)
    profile.save(os.fspath(path))
    return native.Profile.open(os.fspath(path))


def _read(finished: Finished) -> native.Profile:
    """What was counted. The files go with the run: of one with a fault what fits is kept, and a note says what not."""
    try:
        return native.read_foreign(list(finished.files), finished.format, False, None)
    except MalformedFileError:
        return native.read_foreign(list(finished.files), finished.format, True, None)


def _why_nothing(read: native.Profile, request: Request) -> list[str]:
    """Why a count has nothing."""
    if any(value for value, _ in read.totals()):
        return []
    if request.what in HEAP_MODES:
        return [f"nothing was counted: {_NO_HEAP[request.what]}"]
    return _nothing_inside(request) if request.inside else []


_STATIC = (
    "Valgrind can only take their place in programs that are linked dynamically (of Rust: not for a target with musl, "
    "of C and C++: without -static)"
)
_NO_HEAP = {
    "heap": f"the program allocated nothing by malloc and the like, or is linked statically. {_STATIC}. Nor does it "
    "see what a program takes from the kernel by itself, as Go's do",
    "copies": f"the program copied nothing by memcpy and the like, or is linked statically. {_STATIC}",
    "ad-hoc": "events are what the program reports by DHAT_AD_HOC_EVENT(weight) of valgrind/dhat.h, and it never did",
}
"""Why there is nothing, by what was to be counted."""


def _nothing_inside(request: Request) -> list[str]:
    names = " or ".join(request.inside)
    return [
        f"nothing was counted: the program never called a function {names}. Functions have the names of their symbols "
        "(C++: with what they take, of templates also with what they return, so that a * behind the name helps, or one "
        "before it too), and one that was inlined is none: give --from its caller, or build with -fno-inline. A "
        "handler of signals is called by none that Callgrind sees: give --from what it calls"
    ]


_NAMELESS = "???"
"""What the engine calls a function that it knows no name of."""
_NOTED = 0.01
"""The share from which on it is noted."""


def _nameless(read: native.Profile, request: Request) -> list[str]:
    """What is to be done about code without names; they are those of the engine, which looks into few places."""
    if request.addresses or request.what in HEAP_MODES:
        return []
    data, filters = ProfileData(read, None), Filters()
    weights = read.weigh(filters.selection(data))
    rows = [row for row in weights.functions(filters.grouping()) if row.self_value and _is_nameless(row.name)]
    part = sum(row.self_value for row in rows)
    if part < _NOTED * weights.value or not part:
        return []
    heaviest = Counter[str]()
    for row in rows:
        heaviest[row.binary or ""] += row.self_value
    binaries = [name for name, _ in heaviest.most_common(_SHOWN) if name]
    which = f"{', '.join(binaries)} {'are' if len(binaries) > 1 else 'is'} stripped" if binaries else _UNKNOWN
    return [
        f"{units.percent(part / weights.value)} % of {data.metric_list[0].name} is of code without a name, shown "
        f"{_ADDRESSES if request.calls else f'as {_NAMELESS}'}: {which}. Install debug symbols, or "
        f"build with -g and do not strip{'' if request.calls else _APART}"
    ]


_SHOWN = 3
"""Binaries that are named."""
_UNKNOWN = "a binary is stripped, or the program generated the code while it ran"
_APART = "; --inlined at least tells its functions apart, by where they begin"
_ADDRESSES = "by where it begins, or counted as the function that jumped there (a tail call)"
"""Callgrind's names: it sees no beginning of a function without a symbol that is not called."""


def _is_nameless(name: str) -> bool:
    return name == _NAMELESS or _ADDRESS.search(name) is not None


_ADDRESS = re.compile(r"\+0x[0-9a-f]+('|$)")


def _peaks(read: native.Profile, request: Request) -> list[str]:
    """That sums of several processes are of no moment, where there are several."""
    processes = len(list(ProfileData(read, None).processes.rows()))
    if request.what != "heap" or processes < 2:
        return []
    return [
        f"peak-bytes and peak-blocks are sums of {processes} processes, each when it had most itself, exit-bytes and "
        "exit-blocks of their ends: together they may never have had as much. --process PID shows one"
    ]


_OF_SUMMARIES = ("A summary in the file says", "Summaries of ")
"""Callgrind leaves what signal handlers cost out of the sums that it writes before the lines: nothing is missing."""


def _meta(read: native.Profile, finished: Finished, about: _About) -> Meta:
    found = Meta.from_json(read.meta_json())
    return replace(
        found,
        instrument=about.request.what,
        source="",
        command=list(about.command),
        directory=this_folder(),
        start_wall=about.started,
        start=about.clock,
        duration=about.duration,
        exit_status=finished.status,
        host=this_host(),
        # What the user can do something about comes first.
        notes=[
            *_why_nothing(read, about.request),
            *finished.notes,
            *_nameless(read, about.request),
            *_peaks(read, about.request),
            *(note for note in found.notes if not note.startswith(_OF_SUMMARIES)),
        ],
        extra={**found.extra, "engine": dict(finished.facts)},
    )
