"""Other tools' files as profiles; recognised, unpacked and read by the Rust side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pyrometer import native
from pyrometer.profile import ProfileData

Progress = Callable[[int, int], None]
"""Told the bytes read of a file, and its size."""


def readable() -> dict[str, str]:
    """Title by name of the formats that can be read."""
    return dict(native.readable_formats())


def read_foreign(
    paths: Sequence[str | os.PathLike[str]],
    format: str | None = None,
    lenient: bool = False,
    progress: Progress | None = None,
) -> ProfileData:
    """Read files of other tools into one profile: what they have in common is added up.

    ``format`` is recognised by content if none is given. Errors: :class:`~pyrometer.MalformedFileError` for the first
    thing that does not fit; with ``lenient`` it is left out, and a note of the profile says how much was.
    :class:`~pyrometer.AmbiguousFormatError`, :class:`~pyrometer.FileTooLargeError`,
    :class:`~pyrometer.NotAProfileError`, :class:`~pyrometer.FileAccessError`.
    """
    files = [Path(path) for path in paths]
    inner = native.read_foreign(files, format, lenient, progress)
    return ProfileData(inner, files[0] if len(files) == 1 else None)
