"""From a script to the program that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyrometer.collect.program import find_program
from pyrometer.errors import FileAccessError

_LONGEST_CHAIN = 4
"""Interpreters that are scripts themselves, as the kernel allows."""


def follow(path: str) -> tuple[str, tuple[str, ...]]:
    """The interpreter that runs a script, and the scripts on the way; a binary as it is."""
    scripts: list[str] = []
    while len(scripts) < _LONGEST_CHAIN:
        words = _shebang(Path(path))
        if not words:
            break
        scripts.append(path)
        path = _of_env(words[1:]) if Path(words[0]).name == "env" and len(words) > 1 else find_program(words[0])
    return path, tuple(scripts)


def _shebang(path: Path) -> Sequence[str]:
    try:
        with path.open("rb") as file:
            line = file.readline(256)
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror}") from error
    return line[2:].decode(errors="replace").split() if line.startswith(b"#!") else ()


def _of_env(words: Sequence[str]) -> str:
    """The program that ``env`` starts: behind its options and variables."""
    return find_program(next((word for word in words if not word.startswith("-") and "=" not in word), ""))
