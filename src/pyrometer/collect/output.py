"""Where a recording goes: names that overwrite nothing, and folders that can be written to."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pyrometer.errors import OutputError

SUFFIX = ".pyro"
RECORDING = ".pyro.recording"
"""The suffix while the recording runs; one that is left over was interrupted, and opens too."""


def choose_output(output: str | None, command: Sequence[str], pids: Sequence[int]) -> Path:
    """The file to write: ``output``, or one named after the program that does not exist yet.

    An :class:`~pyrometer.OutputError` if it cannot be written: better before the program runs.
    """
    path = Path(output) if output is not None else free_name(_stem(command, pids), Path())
    try:
        _check(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _check(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist", cure=f"create it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {folder.absolute()} may not be written to", "its permissions forbid it")
    if path.is_dir():
        raise OutputError(f"{path} is a folder", "a profile is one file", f"name a file: -o {path}/NAME{SUFFIX}")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is a device or a pipe", "a profile would replace it by a file")


def free_name(stem: str, folder: Path, suffix: str = SUFFIX) -> Path:
    """``STEM.pyro``, or with the first number that is free: ``STEM-2.pyro``."""
    path = folder / f"{stem}{suffix}"
    number = 1
    while path.exists() or recording_of(path).exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def recording_of(path: Path) -> Path:
    """The journal beside a profile while it is recorded: ``NAME.pyro.recording``."""
    base = path.name.removesuffix(SUFFIX)
    return path.with_name(f"{base}{RECORDING}")


def _stem(command: Sequence[str], pids: Sequence[int]) -> str:
    """A name from the program's, with only letters that no shell minds."""
    if not command:
        return f"pid-{pids[0]}" if pids else "profile"
    return re.sub(r"[^\w.+-]", "_", Path(command[0]).name).lstrip("-.") or "profile"
