"""The text of source files, as the machine has them now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyrometer.profile import sysroots

# The standard library is compiled at paths that exist nowhere: /rustc/HASH/library/core/src/…
_RUST_STD = re.compile(r"^/rustc/[0-9a-f]+/(?P<inside>.+)$")


@dataclass(frozen=True)
class SourceText:
    """The lines of a file, or why there are none."""

    lines: tuple[str, ...]
    missing: str | None
    modified: int = 0
    """When the file last changed, nanoseconds since 1970."""


@cache
def read_source(path: str) -> SourceText:
    """The text of a source file by the path that debug info gives.

    The Rust standard library's ``/rustc/HASH/…`` is looked up in the installed ``rust-src``.
    """
    inside = _RUST_STD.match(path)
    if inside is not None:
        return _read_std(path, inside["inside"])
    if not path.startswith("/"):
        return _read(Path(path), f"{path}: the debug info names no folder: run where it was built")
    return _read(Path(path), f"{path} is not on this machine: copy the sources to that path")


def _read_std(path: str, inside: str) -> SourceText:
    cure = f"{path}: install the standard library's sources: rustup component add rust-src"
    places = [root / "lib/rustlib/src/rust" / inside for root in sysroots()]
    return next((_read(place, cure) for place in places if place.is_file()), SourceText((), cure))


def _read(path: Path, missing: str) -> SourceText:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        modified = path.stat().st_mtime_ns
    except OSError:
        return SourceText((), missing)
    return SourceText(tuple(text.split("\n")), None, modified)
