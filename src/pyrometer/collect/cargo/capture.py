"""Stands in for the program: writes down how Cargo starts it, and ends.

Cargo calls it as its *runner*, with the program and its arguments. That the folder and the environment are read here
rather than composed by us is what makes them Cargo's: package variables, ``[env]``, paths of libraries.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pyrometer.frozen import frozen

VARIABLE = "PYROMETER_CARGO_CAPTURE"
"""Names the folder to write to; unset in what is written."""


@frozen
class Call:
    """How Cargo starts a program: file names and variables as Python has them (surrogates for odd bytes)."""

    command: list[str]
    directory: str
    environment: dict[str, str]


def write_call(folder: str, command: Sequence[str]) -> None:
    """Write a call into a folder."""
    call = {"command": list(command), "directory": str(Path.cwd()), "environment": _environment()}
    number = sum(1 for _ in Path(folder).iterdir())
    descriptor, _ = tempfile.mkstemp(prefix=f"{number:06}-", suffix=".json", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(call, file)


def read_calls(folder: Path) -> list[Call]:
    """All calls, in order."""
    return [Call(**json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))]


def _environment() -> dict[str, str]:
    """The environment that we were started with: Python may have changed its own (LC_CTYPE)."""
    entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    pairs = (os.fsdecode(entry).partition("=") for entry in entries if b"=" in entry)
    return {name: value for name, _, value in pairs if name != VARIABLE}


if __name__ == "__main__":
    write_call(os.environ[VARIABLE], sys.argv[1:])
