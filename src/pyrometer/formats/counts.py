"""Folders of files that programs have counted in, one a thread: they are one profile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_MAGIC = b"PYRCOUNT"


def files_in(folder: Path) -> list[Path]:
    """The files of counts in a folder, sorted; none if it is no folder, or has none that can be read."""
    return sorted(_files(folder))


def _files(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and _is_of_counts(Path(entry.path)):
                    yield Path(entry.path)
    except OSError:
        return


def _is_of_counts(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False
