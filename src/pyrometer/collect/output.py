"""Where a recording goes: names that overwrite nothing, and folders that can be written to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from pyrometer.errors import OutputError
from pyrometer.profile import ProfileData
from pyrometer.profile.target import check_folder, check_name, not_written

SUFFIX = ".pyro"
RECORDING = ".pyro.recording"
"""The suffix while the recording runs; one that is left over was interrupted, and opens too."""

_NAME: ContextVar[Path | None] = ContextVar("name", default=None)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """In this block a recording without a name of its own is ``PATH.pyro``, or numbered, instead of the program's.

    For programs whose file has another name than what the user calls them, or that start in another folder.
    """
    token = _NAME.set(path)
    try:
        yield
    finally:
        _NAME.reset(token)


def choose_output(output: str | None, command: Sequence[str], pids: Sequence[int]) -> Path:
    """The file to write: ``output``, or one named after the program.

    An :class:`~pyrometer.OutputError` if it cannot be written: better before the program runs. A
    name of our own is taken by an empty recording, for which :func:`give_back` is there.
    """
    if output == "":
        raise OutputError("the name of the file to write is empty")
    try:
        return _checked(Path(output)) if output is not None else _take_name(*_default_name(command, pids))
    except OSError as error:
        raise not_written(output or "a file in the current folder", error) from error


def _take_name(stem: str, folder: Path) -> Path:
    """A free name that no other recorder, started at the same moment, gets as well."""
    check_folder(folder)
    while True:
        path = free_name(stem, folder)
        with suppress(FileExistsError):
            recording_of(path).touch(exist_ok=False)
            return path


def give_back(path: Path) -> None:
    """Give up a name that nothing was recorded under."""
    recording = recording_of(path)
    with suppress(OSError):
        if recording.stat().st_size == 0:
            recording.unlink()


def _checked(path: Path) -> Path:
    """The path; of a symbolic link what it leads to, for the link shall stay one."""
    check_name(path)
    check_name(recording_of(path))
    # Asked of the link: what one to a pipe leads to (/dev/stdout) has no path.
    if path.is_dir():
        raise OutputError(f"{path} is a folder", "a profile is one file", f"name a file: -o {path}/NAME{SUFFIX}")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is a device or a pipe", "a profile would replace it by a file")
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    check_folder(target.parent)
    return target


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


def finished_name(profile: ProfileData) -> Path | None:
    """The ``.pyro`` that a profile is written to: its own file, or what a recording or another tool's file becomes."""
    path = profile.path
    if path is None:
        return None
    if profile.is_foreign:
        return imported_name(path)
    if not path.name.endswith(RECORDING):
        return path
    return path.with_name(path.name.removesuffix(RECORDING) + SUFFIX)


def imported_name(path: Path) -> Path:
    """A free name in the current folder, after another tool's file: without how that is packed and what it is."""
    name = path.name or path.absolute().name
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    return free_name(Path(name).stem, Path())


def _default_name(command: Sequence[str], pids: Sequence[int]) -> tuple[str, Path]:
    name = _NAME.get()
    return (_stem(command, pids), Path()) if name is None else (_stem([name.name], ()), name.parent)


def _stem(command: Sequence[str], pids: Sequence[int]) -> str:
    """A name from the program's, with only letters that no shell minds."""
    if not command:
        return f"pid-{pids[0]}" if pids else "profile"
    return re.sub(r"[^\w.+-]", "_", Path(command[0]).name).lstrip("-.") or "profile"
