"""Pyrometer: where a native program's time goes.

>>> import pyrometer, sys, tempfile, pathlib
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> profile = pyrometer.record([sys.executable, "-c", "sum(range(10**7))"], output=folder / "sum.pyro")
>>> 0 < len(profile.top(5).rows) <= 5
True
>>> pyrometer.load(folder / "sum.pyro").flamegraph(folder / "sum.svg")

Names are loaded when they are first used, so that ``import pyrometer`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyrometer.api import Profile, build, doctor, heap, import_files, instructions, load, record, stat
    from pyrometer.native import __version__
    from pyrometer.profile import Meta
    from pyrometer.symbol_names import demangle, parse_name

_HOME = {
    "Meta": "pyrometer.profile",
    "Profile": "pyrometer.api",
    "__version__": "pyrometer.native",
    "build": "pyrometer.api",
    "demangle": "pyrometer.symbol_names",
    "doctor": "pyrometer.api",
    "heap": "pyrometer.api",
    "import_files": "pyrometer.api",
    "instructions": "pyrometer.api",
    "load": "pyrometer.api",
    "parse_name": "pyrometer.symbol_names",
    "record": "pyrometer.api",
    "stat": "pyrometer.api",
}

__all__ = [
    "Meta",
    "Profile",
    "__version__",
    "build",
    "demangle",
    "doctor",
    "heap",
    "import_files",
    "instructions",
    "load",
    "parse_name",
    "record",
    "stat",
]


def __getattr__(name: str) -> Any:
    """The names of ``__all__``, and the error classes."""
    from importlib import import_module

    home = _HOME.get(name, "pyrometer.errors" if name.endswith("Error") else None)
    found = getattr(import_module(home), name, None) if home else None
    if found is None:
        raise AttributeError(f"module 'pyrometer' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return __all__
