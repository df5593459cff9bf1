"""Debug info that is not in the binaries: where to look for it, and whom to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pyrometer import native
from pyrometer.collect.debuginfod.settings import read_settings
from pyrometer.frozen import frozen
from pyrometer.profile import symbol_options

Find = Callable[["native.SymbolOptions"], list[tuple[str, str]]]
"""Build ids and paths of the binaries whose debug info is not found with some options."""

ROUNDS = 3
"""A file that was fetched may name another one, which may name none."""


@frozen
class DebugFiles:
    """Where to look for debug info beside the binaries, the system's folders and the user's servers."""

    debug_paths: Sequence[Path] = ()
    """Folders, searched with all below them, and files."""
    sysroot: Path | None = None
    """A copy of the recorded machine's file system."""
    offline: bool = False
    """Ask no server, whatever ``DEBUGINFOD_URLS`` says."""
    bundle: bool = False
    """Keep the debug info that was used inside the profile."""

    def options(self, find: Find) -> native.SymbolOptions:
        """How to look symbols up, after what is missing was fetched. What was fetched before is used offline too."""
        settings = read_settings()
        options = symbol_options(
            debug_paths=self.debug_paths,
            sysroot=self.sysroot,
            bundle=self.bundle,
        )
        if settings.servers and not self.offline:
            options["notes"] = _fetched(find, options)
        return options


def _fetched(find: Find, options: native.SymbolOptions) -> list[str]:
    """Fetch what is missing; sentences about what could not be had.

    That no server has a file is no sentence: the binary's own says that something is missing.
    """
    from pyrometer.collect import debuginfod

    asked: set[str] = set()
    notes: list[str] = []
    for _ in range(ROUNDS):
        new = [(build_id, path) for build_id, path in find(options) if build_id not in asked]
        if not new:
            break
        asked.update(build_id for build_id, _ in new)
        wanted = [debuginfod.Wanted(build_id, path) for build_id, path in new]
        notes.extend(failure.note for failure in debuginfod.fetch(wanted) if not failure.missing)
    return notes
