"""The programs that are recorded."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.process import ROOT, run


@dataclass(frozen=True)
class Load:
    """A program with its arguments."""

    name: str
    description: str
    command: list[str]


def _crate_sources() -> str:
    home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    return str(Path(home) / "registry" / "src")


def ripgrep(seconds: float) -> Load:
    """Ripgrep counting the words in the sources of all downloaded crates, as often as takes about ``seconds``.

    How many crates there are is the machine's affair, so the first call measures how long one pass takes.
    """
    program = str(ROOT / "build" / "ripgrep" / "bin" / "rg")
    search = [program, "-uuu", "--count-matches", r"\w+"]
    passes = max(1, round(seconds / _pass_seconds(*search, _crate_sources())))
    command = search + [_crate_sources()] * passes
    return Load("ripgrep", f"counts the words in all downloaded crates, {passes} times, on all cores", command)


@cache
def _pass_seconds(*command: str) -> float:
    run(command)  # the first run only fills the file cache
    return run(command).wall


def allocator(rounds: int) -> Load:
    """Two threads that allocate and free; ``rounds`` is the amount of work."""
    program = str(ROOT / "build" / "examples" / "rust" / "release" / "allocator")
    return Load("allocator", f"two threads that allocate and free, {rounds} rounds", [program, str(rounds)])
