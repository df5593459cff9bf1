"""Looking names up again: on another machine, or when the debug info has come."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

from pyrometer import native
from pyrometer.collect.debugfiles import DebugFiles
from pyrometer.collect.output import choose_output, finished_name
from pyrometer.errors import OutputError
from pyrometer.profile import ProfileData
from pyrometer.profile.target import check_apart


def symbolize(
    profile: ProfileData,
    files: DebugFiles,
    output: str | os.PathLike[str] | None = None,
    finishing: AbstractContextManager[object] | None = None,
) -> ProfileData:
    """Look the names of a profile up with ``files``, and write it to ``output``; by default to its own file.

    Another tool's file stays as it is, and so does an interrupted recording: a profile of that name is written. A
    binary for which less is found than before keeps its names. The context manager ``finishing`` is open while names
    are looked up, not while files are fetched.
    """
    asked = finished_name(profile) if output is None else output
    if asked is None:
        raise OutputError(
            "this profile was read from no file", cure="name one to write: -o FILE.pyro, in Python output=FILE.pyro"
        )
    target = choose_output(os.fspath(asked), (), ())
    if profile.is_foreign:
        check_apart(target, [profile.path])
    options = files.options(lambda options: native.wanted(profile.native, options))
    with finishing or nullcontext():
        inner = native.resymbolize(profile.native, target, options)
    return ProfileData(inner, target)
