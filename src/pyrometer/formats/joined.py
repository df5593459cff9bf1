"""Several files as one profile, each of which is a profile of its own: recordings, and what perf has written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pyrometer import native
from pyrometer.errors import SelectionError
from pyrometer.formats import counts, pyro
from pyrometer.formats.foreign import PERF_DATA, Progress, read_foreign
from pyrometer.profile import ProfileData

_STAT = "stat"
"""The instrument whose profiles are of several runs already, each of which is told apart."""


def read_files(
    paths: Sequence[str | os.PathLike[str]],
    format: str | None = None,
    lenient: bool = False,
    progress: Progress | None = None,
    symbols: native.SymbolOptions | None = None,
) -> ProfileData:
    """Read files into one profile: other tools' as by :func:`read_foreign`, and recordings if there are several files.

    Of recordings what is alike is one row, and processes and threads stay apart. Those that overlapped in time stay so,
    others begin together.

    Errors: those of :func:`read_foreign` and of opening a recording; :class:`~pyrometer.SelectionError` of profiles
    that cannot be one.
    """
    given = [Path(path) for path in paths]
    parts = _parts(given, format)
    if len(parts) == 1:
        return read_foreign(given, format, lenient, progress, symbols)
    read = [
        _opened(part[0])
        if format is None and _is_own(part[0])
        else read_foreign(part, format, lenient, progress, symbols)
        for part in parts
    ]
    return ProfileData(native.Profile.joined([profile.native for profile in read]), is_foreign=True)


def _parts(given: list[Path], format: str | None) -> list[list[Path]]:
    """The files that are one profile each: those alone that are profiles already, all others together."""
    parts: list[list[Path]] = []
    together: list[Path] = []
    for path in given:
        if len(given) > 1 and _is_alone(path, format):
            parts.append([path])
            continue
        if not together:
            parts.append(together)
        together.append(path)
    return parts


def _is_alone(path: Path, format: str | None) -> bool:
    if format is not None:
        return format == PERF_DATA
    return not counts.files_in(path) and (_is_own(path) or native.recognise(path) == PERF_DATA)


def _is_own(path: Path) -> bool:
    return pyro.is_profile(pyro.read_head(path))


def _opened(path: Path) -> ProfileData:
    profile = pyro.open_finished(path, pyro.read_head(path))
    if profile.meta.instrument == _STAT:
        raise SelectionError(
            f"{path} cannot be a part of another profile",
            "pyrometer stat tells its runs apart",
            "compare runs with pyrometer diff, or count them together: pyrometer stat -r N",
        )
    return profile
