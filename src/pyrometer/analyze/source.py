"""The text of source files, as the machine has them now."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pyrometer import native
from pyrometer.frozen import frozen
from pyrometer.profile import symbol_options


@frozen
class SourceText:
    """The lines of a file, or why there are none."""

    lines: tuple[str, ...]
    missing: str | None
    modified: int = 0
    """When the file last changed, nanoseconds since 1970."""


@cache
def read_source(path: str) -> SourceText:
    """The text of a source file by the path that debug info gives.

    A path of Rust's library (``/rustc/HASH/…``) is that file of the toolchain with that commit.
    """
    library = native.library_source(path, symbol_options())
    if library is not None:
        installed, missing = library
        return _read(installed, f"{installed} cannot be read") if installed else SourceText((), missing)
    if not path.startswith("/"):
        return _read(Path(path), f"{path}: the debug info names no folder: run where it was built")
    return _read(Path(path), f"{path} is not on this machine: copy the sources to that path")


def _read(path: Path, missing: str) -> SourceText:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        modified = path.stat().st_mtime_ns
    except OSError:
        return SourceText((), missing)
    return SourceText(tuple(text.split("\n")), None, modified)
