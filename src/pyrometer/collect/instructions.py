"""Exact instruction counts, and simulated caches and branches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager

from pyrometer.collect.counted import Counted, run_counted
from pyrometer.collect.debugfiles import DebugFiles
from pyrometer.collect.engines import Engine, Request


def instructions(  # noqa: PLR0913  one keyword an option
    command: Sequence[str],
    engine: Engine,
    *,
    cache: bool = False,
    branches: bool = False,
    calls: bool = False,
    inlined: bool = False,
    inside: Sequence[str] = (),
    children: bool = True,
    output: str | os.PathLike[str] | None = None,
    files: DebugFiles | None = None,
    finishing: AbstractContextManager[object] | None = None,
) -> Counted:
    """Count the instructions of a program by function and line; see :class:`~pyrometer.collect.engines.Request`.

    ``inlined``: by inlined call as well, which counts addresses and looks their names up with ``files``.
    """
    request = Request("instructions", cache, branches, calls, inlined, tuple(inside), children)
    return run_counted(command, engine, request, output=output, files=files, finishing=finishing)
