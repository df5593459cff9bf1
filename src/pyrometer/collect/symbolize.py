"""Looking names up again: on another machine, or when the debug info has come."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

from pyrometer import native
from pyrometer.collect.debugfiles import DebugFiles
from pyrometer.collect.output import choose_output
from pyrometer.errors import OutputError
from pyrometer.profile import ProfileData


def symbolize(
    profile: ProfileData,
    files: DebugFiles,
    output: str | os.PathLike[str] | None = None,
    finishing: AbstractContextManager[object] | None = None,
) -> ProfileData:
    """Look the names of a profile up with ``files``, and write it to ``output``; by default to its own file.

    A binary for which less is found than before keeps its names. The context manager ``finishing``
    is open while names are looked up, not while files are fetched.
    """
    asked = profile.path if output is None else output
    if asked is None:
        raise OutputError("a profile in memory has no file", cure="name one: output=FILE.pyro")
    target = choose_output(os.fspath(asked), (), ())
    options = files.options(lambda options: native.wanted(profile.native, options))
    with finishing or nullcontext():
        inner = native.resymbolize(profile.native, target, options)
    return ProfileData(inner, target)
