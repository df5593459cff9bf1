"""Files of profiles, ours and other tools', one file a format, recognised by content.

Adding a format is adding a file and naming it in :data:`FORMATS`.
"""

from __future__ import annotations

import os
from pathlib import Path

from pyrometer import native
from pyrometer.errors import NotAProfileError, SelectionError
from pyrometer.formats import (
    cachegrind,
    callgrind,
    chrome,
    counts,
    csv,
    dhat,
    firefox,
    flamegraph,
    folded,
    inferno,
    otlp,
    otlp_json,
    parquet,
    pprof,
    pyro,
    speedscope,
)
from pyrometer.formats.foreign import Progress, read_foreign
from pyrometer.formats.format import Format
from pyrometer.formats.joined import read_files
from pyrometer.profile import ProfileData

FORMATS: tuple[Format, ...] = (
    folded.FORMAT,
    inferno.FORMAT,
    speedscope.FORMAT,
    pprof.FORMAT,
    firefox.FORMAT,
    chrome.FORMAT,
    otlp.FORMAT,
    otlp_json.FORMAT,
    callgrind.FORMAT,
    cachegrind.FORMAT,
    dhat.FORMAT,
    csv.FORMAT,
    parquet.FORMAT,
    flamegraph.FORMAT,
)
"""Every format that can be written."""


def by_name(name: str) -> Format:
    """The format of this name; a :class:`~pyrometer.SelectionError` if there is none."""
    known = {each.name: each for each in FORMATS}
    if name not in known:
        raise SelectionError(f"there is no format {name!r}", cure=f"choose one of: {', '.join(known)}")
    return known[name]


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes, if it is one that we write but do not read."""
    return next((each for each in FORMATS if each.recognise(head)), None)


def open_profile(path: str | os.PathLike[str], progress: Progress | None = None) -> ProfileData:
    """Open a profile of any format, whatever its name, or the files of counts in a folder.

    The errors name what is wrong: :class:`~pyrometer.ProfileNotFoundError`,
    :class:`~pyrometer.NotAProfileError`, :class:`~pyrometer.CorruptProfileError`,
    :class:`~pyrometer.FutureProfileError`; of foreign files those of :func:`read_foreign`.
    """
    where = Path(path)
    if counts.files_in(where):
        return read_foreign([where], progress=progress)
    head = pyro.read_head(where)
    pyro.refuse_what_is_none(where, head)
    if pyro.is_profile(head):
        return pyro.open_finished(where, head)
    if native.recognise(where) is not None:
        return read_foreign([where], progress=progress)
    only_written = recognise(head)
    if only_written is not None:
        raise NotAProfileError(
            f"{where} is a file for {only_written.title}",
            "Pyrometer writes this format, but does not read it",
            "give the .pyro file that it was exported from",
        )
    return pyro.open_finished(where, head)


__all__ = ["FORMATS", "Format", "Progress", "by_name", "open_profile", "read_files", "recognise"]
