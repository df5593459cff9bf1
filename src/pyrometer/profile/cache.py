"""Where symbols are kept between runs, and where the sources of Rust's library are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs

from pyrometer import native


def symbol_options(
    debug_paths: Iterable[Path] = (),
    sysroot: Path | None = None,
    downloads: Path | None = None,
    bundle: bool = False,
) -> native.SymbolOptions:
    """How symbols are looked up: the cache folder is ``PYROMETER_CACHE``, or one in the user's.

    ``debug_paths`` and ``sysroot`` are the user's, ``downloads`` is the folder of files that were
    fetched; ``bundle`` keeps the files that were used inside the profile.
    """
    folder = os.environ.get("PYROMETER_CACHE") or platformdirs.user_cache_dir("pyrometer", appauthor=False)
    return {
        "cache": folder,
        "sysroots": _sysroots(),
        "debug_paths": list(debug_paths),
        "sysroot": sysroot,
        "downloads": downloads,
        "bundle": bundle,
        "notes": [],
    }


def _sysroots() -> list[Path]:
    """The Rust toolchains of this machine: rustup's, then those of the system.

    The standard library is compiled at paths that exist nowhere (``/rustc/HASH/library/…``); a
    toolchain with the component ``rust-src`` has the files, and which one is asked for in Rust.
    """
    return [path for path in _candidates() if (path / "lib/rustlib").is_dir()]


def _candidates() -> Iterator[Path]:
    home = os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup"
    toolchains = Path(home) / "toolchains"
    if toolchains.is_dir():
        yield from sorted(toolchains.iterdir())
    yield from (Path("/usr/local"), Path("/usr"))
