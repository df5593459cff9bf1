"""Programs that execute another one and count exactly what it does. One file an engine; the instruments choose one."""

from __future__ import annotations

from pyrometer.collect.engines.engine import HEAP_MODES, Engine, Finished, Request
from pyrometer.collect.engines.valgrind import Valgrind
from pyrometer.errors import SelectionError

ENGINES: dict[str, type[Engine]] = {"valgrind": Valgrind}
"""Every engine by its name; the first one is the default."""


def engine(name: str | None = None) -> Engine:
    """The engine of this name, ready to run.

    An :class:`~pyrometer.EngineNotFoundError` if it is not installed, a :class:`~pyrometer.SelectionError`
    if there is none of this name.
    """
    chosen = name or next(iter(ENGINES))
    if chosen not in ENGINES:
        raise SelectionError(f"there is no engine {chosen!r}", cure=f"choose one of: {', '.join(ENGINES)}")
    return ENGINES[chosen]()


__all__ = ["ENGINES", "HEAP_MODES", "Engine", "Finished", "Request", "Valgrind", "engine"]
