"""What the instruments ask of an engine, and what they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

from pyrometer.frozen import frozen

HEAP_MODES = ("heap", "copies", "ad-hoc")
"""What a heap profile may be of: allocations; ``memcpy`` and the like; events that the program reports itself."""


@frozen
class Request:
    """What to count of a program, and of all that it starts."""

    what: str
    """``instructions``, or one of :data:`HEAP_MODES`."""
    cache: bool = False
    """Simulate first-level and last-level caches."""
    branches: bool = False
    """Simulate branch prediction."""
    calls: bool = False
    """Count along calls: inclusive counts."""
    addresses: bool = False
    """Count each instruction's address, not only its line."""
    inside: Sequence[str] = ()
    """Count only inside these functions and what they call; ``*`` and ``?`` stand for any text and character."""
    children: bool = True
    """Count in programs and processes that it starts, too."""


@frozen
class Finished:
    """What a run left."""

    status: int
    """The program's exit status, or minus the signal that ended it."""
    format: str
    """Of the files, as :func:`pyrometer.native.read_foreign` names it."""
    files: Sequence[Path]
    """One or more a process; empty if the engine was killed."""
    notes: Sequence[str] = ()
    """Sentences for the user: what the engine could not do."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """For the profile: the engine's version, the caches that were simulated."""


class Engine(Protocol):
    """An engine; making one fails if it is not installed."""

    name: str
    version: str

    def describe(self, request: Request) -> str:
        """What will run and how much slower, in one line, before it runs."""
        ...

    def run(self, command: Sequence[str], request: Request, folder: Path) -> Finished:
        """Run a program, its streams and signals its own, and leave the files in ``folder``.

        An :class:`~pyrometer.EngineError` if it cannot run this program at all.
        """
        ...
