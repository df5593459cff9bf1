"""The text of source files, as the machine has them now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePath

from pyrometer import native
from pyrometer.frozen import frozen
from pyrometer.profile import symbol_options
from pyrometer.profile.reach import is_file


@frozen
class SourceText:
    """The lines of a file, or why there are none."""

    lines: tuple[str, ...]
    missing: str | None
    modified: int = 0
    """When the file last changed, nanoseconds since 1970."""


CONTEXT = 3
"""Lines and instructions shown around one that costs something."""


@frozen
class Sources:
    """Where sources are looked for, and how much of them is shown."""

    folders: tuple[Path, ...] = ()
    """Where files are that are not at the path that debug info gives."""
    context: int | None = None
    """Lines around one that costs something. None: three, and of a file that was asked for all."""

    def shown(self, costly: Iterable[int], text: SourceText, whole: bool = False) -> list[int]:
        """The lines to show, from 1: those that cost something, and what else there is of the file."""
        if text.missing:
            return sorted(costly)
        if whole and self.context is None:
            last = len(text.lines) - (not text.lines[-1])
            return sorted({*range(1, last + 1), *costly})
        return around(costly, 1, len(text.lines), self.context)


SOURCES = Sources()


def around(places: Iterable[int], first: int, last: int, context: int | None = None) -> list[int]:
    """The places and their neighbours, within ``first`` to ``last`` (and the places themselves)."""
    known, reach = set(places), CONTEXT if context is None else context
    near = {at for place in known for at in range(max(first, place - reach), min(last, place + reach) + 1)}
    return sorted(near | known)


@cache
def read_source(path: str, folders: tuple[Path, ...] = ()) -> SourceText:
    """The text of a source file by the path that debug info gives; if it is not there, by the end of that in a folder.

    A path of Rust's library (``/rustc/HASH/…``) is that file of the toolchain with that commit.
    """
    library = native.library_source(path, symbol_options())
    if library is not None:
        installed, missing = library
        return _read(installed, f"{installed} cannot be read") if installed else SourceText((), missing)
    elsewhere = None if is_file(Path(path)) else next(_ends(PurePath(path), folders), None)
    if elsewhere is not None:
        return _read(elsewhere, f"{elsewhere} cannot be read")
    if not path.startswith("/"):
        return _read(Path(path), f"{path}: the debug info names no folder: run where it was built{_OR}")
    return _read(Path(path), f"{path} is not on this machine: copy the sources to that path{_OR}")


_OR = ", or say where they are: pyrometer annotate --source-path FOLDER"


def _ends(path: PurePath, folders: Iterable[Path]) -> Iterator[Path]:
    """Files in the folders that end as the path does, the longest end first."""
    parts = [part for part in path.parts if part not in (path.anchor, "..")]
    ends = (folder.joinpath(*parts[at:]) for at in range(len(parts)) for folder in folders)
    return (end for end in ends if is_file(end))


def _read(path: Path, missing: str) -> SourceText:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        modified = path.stat().st_mtime_ns
    except OSError:
        return SourceText((), missing)
    return SourceText(tuple(text.split("\n")), None, modified)
