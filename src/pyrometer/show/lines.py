"""Source lines, as views write them."""

from __future__ import annotations

from pathlib import PurePath

_EVERYWHERE = frozenset({"lib.rs", "main.rs", "mod.rs"})


def line_name(file: str | None, line: int | None) -> str:
    """The file's name and the line; with its folder where every crate has such a file."""
    if file is None:
        return ""
    path = PurePath(file)
    name = "/".join(path.parts[-2:]) if path.name in _EVERYWHERE else path.name
    return f"{name}:{line or '?'}"


def code(text: str | None) -> str:
    """A line of code without tabs and blanks at its end."""
    return "" if text is None else text.replace("\t", "    ").rstrip()
