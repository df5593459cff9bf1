"""Other tools' files as profiles; recognised, unpacked and read by the Rust side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pyrometer import native
from pyrometer.errors import NotAProfileError
from pyrometer.formats import counts, dhat_names, pyro
from pyrometer.profile import ProfileData, symbol_options

PERF_DATA: Final = "perf-data"
"""The one format that has addresses: it is unwound and symbolized, which takes the binaries."""

Progress = Callable[[int, int], None]
"""Told the bytes read of a file, and its size."""


def read_foreign(
    paths: Sequence[str | os.PathLike[str]],
    format: str | None = None,
    lenient: bool = False,
    progress: Progress | None = None,
    symbols: native.SymbolOptions | None = None,
) -> ProfileData:
    """Read files of other tools into one profile: what they have in common is added up.

    ``format`` is recognised by content if none is given. ``symbols`` says where binaries and debug info lie; only
    files of ``perf record`` need them, and each of those is a profile of its own: it comes alone. A folder stands for
    the files of counts in it.

    Errors: :class:`~pyrometer.MalformedFileError` for the first thing that does not fit; with ``lenient`` it is left
    out, and a note of the profile says how much was. :class:`~pyrometer.AmbiguousFormatError`,
    :class:`~pyrometer.FileTooLargeError`, :class:`~pyrometer.NotAProfileError`, :class:`~pyrometer.FileAccessError`.
    """
    given = [Path(path) for path in paths]
    files = [file for path in given for file in counts.files_in(path) or [path]]
    for file in files:
        _check(file)
    if (format or native.recognise(files[0])) == PERF_DATA:
        [file] = files
        inner = native.read_perf_data(file, lenient, progress, symbols or symbol_options())
    else:
        inner = native.read_foreign(files, format, lenient, progress)
        if len(files) == 1 and _is_dhat(files[0], format):
            inner = dhat_names.with_names(files[0], inner, symbols or symbol_options())
    return ProfileData(inner, given[0] if len(given) == 1 else None, is_foreign=True)


def _is_dhat(file: Path, format: str | None) -> bool:
    return (format or native.recognise(file)) == dhat_names.NAME


def _check(file: Path) -> None:
    """Refuse what is no other tool's file, with the reason that there is for it."""
    head = pyro.read_head(file)
    if pyro.is_profile(head):
        raise NotAProfileError(
            f"{file} is a profile of Pyrometer already",
            "files of other tools are converted",
            f"open it: pyrometer show {file}",
        )
    pyro.refuse_what_is_none(file, head)
