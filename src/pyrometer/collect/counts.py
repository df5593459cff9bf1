"""Programs that count inside themselves, by the crate ``pyrometer-counts`` or ``pyrometer/counts.h``."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pyrometer import native
from pyrometer.collect.host import this_folder, this_host
from pyrometer.collect.interrupt import handed_on
from pyrometer.collect.program import find_program
from pyrometer.errors import EngineError
from pyrometer.frozen import frozen
from pyrometer.profile import Meta, ProfileData

VARIABLE: Final = "PYROMETER_COUNTS"
"""The environment variable that names the folder for the files; programs count nothing without."""


@frozen
class CountedInside:
    """A finished run."""

    profile: ProfileData
    """In memory: metric ``count``, and ``weight`` or ``weight-thousandths`` where events have weights."""
    status: int
    """The program's exit status, or minus the signal that ended it."""


def count_inside(command: Sequence[str]) -> CountedInside:
    """Run ``command``, its streams and signals its own, and read what it and all that it started have counted.

    Processes that outlive it are in the profile as far as they had come.

    Errors: of a program that is not there; an :class:`~pyrometer.EngineError` if nothing was counted.
    """
    find_program(command[0])
    with tempfile.TemporaryDirectory(prefix="pyrometer-", ignore_cleanup_errors=True) as folder:
        started, clock = time.time_ns(), time.monotonic_ns()
        with handed_on() as heard:
            status = heard.begin(subprocess.Popen(command, env=os.environ | {VARIABLE: folder})).wait()
        duration = time.monotonic_ns() - clock
        found = _read(Path(folder), status)
    times = {"start_wall": started, "start": clock, "duration": duration, "exit_status": status}
    return CountedInside(ProfileData(with_facts(found, command, **times)), status)


def with_facts(profile: native.Profile, command: Sequence[str], **facts: int) -> native.Profile:
    """A profile of counts with where they were counted, and other fields of its :class:`~pyrometer.Meta`."""
    meta = replace(
        Meta.from_json(profile.meta_json()),
        source="",
        command=list(command),
        directory=this_folder(),
        host=this_host(),
        **facts,  # type: ignore[arg-type]
    )
    return profile.with_meta(meta.to_json())


def _read(folder: Path, status: int) -> native.Profile:
    """All files of a folder as one profile. Empty ones are of threads that were killed before their first event."""
    files = sorted(path for path in folder.iterdir() if path.stat().st_size > 0)
    if not files:
        raise EngineError(
            "the program counted nothing",
            f"it ended with status {status}, and reached no macro of pyrometer-counts or pyrometer/counts.h",
            "see docs/counting-in-process.md",
        )
    return native.read_foreign(files, "counts", False, None)
