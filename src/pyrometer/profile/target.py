"""Where results are written: what can be known of it before any work is done for them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from pyrometer.errors import NoSpaceError, OutputError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The numbers of errors of a file system, or a quota, that is full."""
_SHOWN = 40
"""Letters of a name that is too long."""


def check_target(path: Path, is_folder: bool = False) -> None:
    """An :class:`~pyrometer.OutputError` if nothing can be written there: better before any work is done for it."""
    check_name(path)
    if path.exists() and path.is_dir() != is_folder:
        raise OutputError(f"{path} cannot be written", "it is no folder" if is_folder else "it is a folder")
    if path.exists() and not (path.is_file() or path.is_dir()):
        return
    # What replaces a file stands beside it until it is whole; a link stays one.
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    try:
        check_folder(folder)
    except OutputError as error:
        why = ": ".join(part for part in (error.what, error.why) if part)
        raise OutputError(f"{path} cannot be written", why, error.cure) from None


def check_folder(folder: Path) -> None:
    """An :class:`~pyrometer.OutputError` if no file can be made in it."""
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist", cure=f"create it: mkdir -p {folder}")
    # One that somebody has removed stays a folder, with all permissions, for those who are in it.
    if folder.stat().st_nlink == 0:
        raise OutputError("the current folder has been removed", cure="go to another one, or name a file elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        why = "its file system is mounted read-only" if _is_read_only(folder) else "its permissions forbid it"
        raise OutputError(f"the folder {folder.absolute()} may not be written to", why)


def check_name(path: Path) -> None:
    """An :class:`~pyrometer.OutputError` if no file can have this name, or be told by it."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        raise not_written(path, error) from error
    except OSError as error:
        shown = path.name if len(path.name) <= _SHOWN else f"{path.name[:_SHOWN]}…"
        raise OutputError(f"{shown} cannot be written: {error.strerror}", *_why(path, error)) from error


def check_apart(target: Path, sources: Iterable[Path | None]) -> None:
    """An :class:`~pyrometer.OutputError` if it is one of the files that are read, whatever it is called here."""
    for source in sources:
        if source is not None and _is_same_file(target, source):
            raise OutputError(f"{target} cannot be written", "it is the file that is read, which would be lost")


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _why(path: Path, error: OSError) -> tuple[str, ...]:
    if error.errno != errno.ENAMETOOLONG:
        return ()
    return (
        f"the name has {len(os.fsencode(path.name))} bytes, the whole path {len(os.fsencode(path))}: file systems "
        "take names of 255 bytes, and a path of 4,095",
    )


def not_written(path: Path | str, error: OSError) -> OutputError | NoSpaceError:
    """The error of a file that could not be written."""
    kind = NoSpaceError if error.errno in FULL else OutputError
    return kind(f"{path} cannot be written: {error.strerror or error}")


def _is_read_only(folder: Path) -> bool:
    # Not on Windows.
    flags = getattr(os, "statvfs", None)
    return flags is not None and bool(flags(folder).f_flag & os.ST_RDONLY)
