"""Heap profiles: which code allocates, copies, or calls what it counts itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager

from pyrometer.collect.counted import Counted, run_counted
from pyrometer.collect.engines import Engine, Request

MODES = ("heap", "copies", "ad-hoc")
"""Allocations; ``memcpy`` and the like; events that the program reports by DHAT's client request."""


def heap(  # noqa: PLR0913  one keyword an option
    command: Sequence[str],
    engine: Engine,
    *,
    mode: str = "heap",
    children: bool = True,
    output: str | os.PathLike[str] | None = None,
    finishing: AbstractContextManager[object] | None = None,
) -> Counted:
    """Count allocations, with their sizes, lifetimes and accesses, or one of the other :data:`MODES`."""
    return run_counted(command, engine, Request(mode, children=children), output=output, finishing=finishing)
