"""Where symbols are kept between runs, and where the sources of Rust's library are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pyrometer import native
from pyrometer.profile.reach import cache_folder, folders_in, home, is_folder


def symbol_options(
    debug_paths: Iterable[Path] = (),
    sysroot: Path | None = None,
    bundle: bool = False,
) -> native.SymbolOptions:
    """How symbols are looked up: the cache folder is ``PYROMETER_CACHE``, or one in the user's.

    ``debug_paths`` and ``sysroot`` are the user's; ``bundle`` keeps the files that were used inside the
    profile. What was downloaded before, by us or by others, is found too.
    """
    folder = os.environ.get("PYROMETER_CACHE") or os.fspath(cache_folder())
    return {
        "cache": folder,
        "sysroots": _sysroots(),
        "debug_paths": list(debug_paths),
        "sysroot": sysroot,
        "downloads": downloads_folder(),
        "bundle": bundle,
        "notes": [],
    }


def _sysroots() -> list[Path]:
    """The Rust toolchains of this machine: rustup's, then those of the system.

    The standard library is compiled at paths that exist nowhere (``/rustc/HASH/library/…``); a
    toolchain with the component ``rust-src`` has the files, and which one is asked for in Rust.
    """
    return [path for path in _candidates() if is_folder(path / "lib/rustlib")]


def _candidates() -> Iterator[Path]:
    rustup = os.environ.get("RUSTUP_HOME") or home() / ".rustup"
    yield from folders_in(Path(rustup) / "toolchains")
    yield from (Path("/usr/local"), Path("/usr"))


def downloads_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where elfutils' client of debuginfod keeps files: as named, or the old folder if it is there, or in the cache."""
    named = environment.get("DEBUGINFOD_CACHE_PATH")
    if named:
        return Path(named)
    own = home(environment)
    old = own / ".debuginfod_client_cache"
    if is_folder(old):
        return old
    return Path(environment.get("XDG_CACHE_HOME") or own / ".cache") / "debuginfod_client"
