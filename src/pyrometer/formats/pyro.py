"""Pyrometer's own files: a finished ``.pyro``, and the ``.pyro.recording`` of an interrupted one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pyrometer import native
from pyrometer.errors import FileAccessError, NotAProfileError, ProfileNotFoundError
from pyrometer.profile import ProfileData, symbol_options

HEAD = 4096
"""Bytes that a format is recognised by."""
_ZIP = b"PK"


def read_head(path: Path) -> bytes:
    """The first bytes of a file; each way of not having any is an error of its own."""
    try:
        # Opening a pipe waits for somebody to write into it.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise NotAProfileError(f"{path} is a device or a pipe", "a profile is read more than once, in any order")
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError as error:
        raise ProfileNotFoundError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise NotAProfileError(f"{path} is a folder", cure=f"name a file in it: ls {path}/*.pyro") from error
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror}") from error


def open_finished(path: Path, head: bytes) -> ProfileData:
    """Open either kind of file; a recording is symbolized first, its file stays as it is."""
    if not head:
        raise NotAProfileError(f"{path} is empty", "a recorder that was killed at once leaves such a file")
    if head.startswith(_ZIP):
        return ProfileData(native.Profile.open(os.fspath(path)), path)
    return ProfileData(_symbolized(path), path)


def _symbolized(path: Path) -> native.Profile:
    """The profile of a journal. The temporary file is unlinked as soon as it is mapped."""
    with tempfile.TemporaryDirectory(prefix="pyrometer-") as folder:
        return native.recover(path, Path(folder) / "finished.pyro", symbol_options())
