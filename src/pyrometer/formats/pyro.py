"""Pyrometer's own files: a finished ``.pyro``, and the ``.pyro.recording`` of an interrupted one."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where nothing is recorded
    fcntl = None

from pyrometer import native
from pyrometer.errors import FileAccessError, NotAProfileError, ProfileNotFoundError
from pyrometer.profile import ProfileData, symbol_options

HEAD = 4096
"""Bytes that a format is recognised by."""
_JOURNAL = b"PYRJOURN"
_ARCHIVE = b"PK\x03\x04"
_STANDARD_INPUT = Path("-")
_ONLY_ONCE = (
    "a profile is read more than once, in any order",
    "write what comes out of it to a file, and give that",
)
"""Why a pipe is no profile, and the cure."""
_ELF = b"\x7fELF"
_OF_PERF = b"PERFILE2", b"2ELIFREP"
_UTF_16 = b"\xff\xfe", b"\xfe\xff"


def read_head(path: Path) -> bytes:
    """The first bytes of a file; each way of not having any is an error of its own."""
    try:
        # Opening a pipe waits for somebody to write into it.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise NotAProfileError(f"{path} is a device or a pipe", *_ONLY_ONCE)
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError as error:
        if path == _STANDARD_INPUT:
            raise NotAProfileError("standard input is no file", *_ONLY_ONCE) from error
        raise ProfileNotFoundError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        return _head_in_folder(path, error)
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror}") from error


def _head_in_folder(path: Path, error: OSError) -> bytes:
    """The first bytes of what perf has left in a folder, with a file for each of its threads."""
    main = path / "data"
    if main.is_file() and (head := read_head(main)).startswith(_OF_PERF):
        return head
    raise NotAProfileError(f"{path} is a folder", cure=f"name a file in it: ls {path}/*.pyro") from error


def is_profile(head: bytes) -> bool:
    """Whether a file that begins with these bytes is, or was meant to be, one of ours."""
    return head.startswith((_JOURNAL, _ARCHIVE))


def refuse_what_is_none(path: Path, head: bytes) -> None:
    """A :class:`~pyrometer.NotAProfileError` for what is often given in place of a profile."""
    if not head:
        raise NotAProfileError(f"{path} is empty", "a recorder that was killed at once leaves such a file")
    if head.startswith(_ELF):
        program = path if path.is_absolute() else f"./{path}"
        raise NotAProfileError(
            f"{path} is not a profile, but a program or a library", cure=f"record it: pyrometer record -- {program}"
        )
    if head.startswith(_UTF_16):
        raise NotAProfileError(
            f"{path} is text in UTF-16",
            "profiles as text are in UTF-8; PowerShell's `>` writes UTF-16",
            f"convert it: iconv -f UTF-16 -t UTF-8 {shlex.quote(str(path))} > converted",
        )


def open_finished(path: Path, head: bytes) -> ProfileData:
    """Open either kind of file; a recording is symbolized first, its file stays as it is."""
    if head.startswith(_JOURNAL):
        return ProfileData(_symbolized(path), path)
    return ProfileData(native.Profile.open(os.fspath(path)), path)


def is_being_recorded(path: Path) -> bool:
    """Whether a recorder still writes this recording: it holds a lock on it as long as it lives."""
    if fcntl is None:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _symbolized(path: Path) -> native.Profile:
    """The profile of a journal. The temporary file is unlinked while it is open, where the system can do that."""
    with tempfile.TemporaryDirectory(prefix="pyrometer-", ignore_cleanup_errors=True) as folder:
        return native.recover(path, Path(folder) / "finished.pyro", symbol_options())
