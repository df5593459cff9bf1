"""The facts of a program: what its binary offers a profiler, and what lies beside it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pyrometer import native
from pyrometer.diagnosis.package import debug_symbols
from pyrometer.frozen import frozen
from pyrometer.profile import symbol_options
from pyrometer.profile.reach import is_file

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt")
"""Where programs come from packages, not from their user's compiler."""
_LEVELS = ("none", "lines", "line_tables", "limited", "full")


@frozen
class Binary:
    """What is known of a binary without running it; see ``crates/symbols/src/inspect.rs``."""

    path: str
    facts: Mapping[str, object]
    debug_file: str | None = None
    """Its separate file of debug info, where there is one."""
    missing_shared: str = ""
    """The file that it shares debug info with (``dwz``), if there is no such file."""
    refused: tuple[str, ...] = ()
    """Sentences about files of debug info that were found and do not fit."""
    missing_split: tuple[str, ...] = ()
    """Files of split units that do not exist."""
    special: str = ""
    """``setuid``, ``setgid`` or ``capabilities``: it runs with more rights than its user."""
    privileged: bool = False
    """Whether we may observe such a program."""
    scripts: tuple[str, ...] = ()
    """Scripts that it was found through, as their interpreter."""
    missing_sources: str = ""
    """The sentence that says how to get the sources of the Rust library, if they are not here."""
    debug_symbols: str = ""
    """The command that installs the debug symbols of its package, where one installed it."""

    def text(self, name: str) -> str:
        """A fact that is a text; empty if there is none."""
        found = self.facts.get(name)
        return found if isinstance(found, str) else ""

    @property
    def named(self) -> bool:
        """Whether it names its functions, and not only those it exports."""
        return self.text("symbols") == "symtab" or bool(self.facts["mini_debug_info"])

    @property
    def debug(self) -> Mapping[str, Mapping[str, int]]:
        """Units by level of the program's ``own`` code and of the Rust ``library``; empty without debug info."""
        found = self.facts.get("debug")
        if not isinstance(found, Mapping):
            return {}
        return {name: found[name] for name in ("own", "library")}

    @property
    def own_lines(self) -> bool:
        """Whether code that is not Rust's library has lines, here or in its file of debug info."""
        return self.debug_file is not None or _with_lines(self.debug.get("own", {})) > 0

    @property
    def library_lines(self) -> bool:
        """Whether Rust's library has lines."""
        return _with_lines(self.debug.get("library", {})) > 0

    @property
    def library_level(self) -> str:
        """The highest level of the units of Rust's library; empty without any."""
        units = self.debug.get("library", {})
        return next((level for level in reversed(_LEVELS) if units.get(level)), "")

    @property
    def whole(self) -> bool:
        """Whether all units of its debug info were seen."""
        found = self.facts.get("debug")
        return isinstance(found, Mapping) and bool(found["complete"])

    @property
    def split_units(self) -> int:
        """Units whose debug info lies in other files."""
        found = self.facts.get("debug")
        return found["split"]["units"] if isinstance(found, Mapping) else 0

    @property
    def is_system(self) -> bool:
        """Whether a package installed it."""
        return _is_system(self.path)

    def share(self, name: str, part: str, whole: str) -> float | None:
        """``part`` of ``whole`` of a fact that has both; None if there is nothing to be a part of."""
        found = self.facts[name]
        if not isinstance(found, Mapping) or not found[whole]:
            return None
        return found[part] / found[whole]

    @property
    def unwound(self) -> float | None:
        """The share of the code that unwind tables cover."""
        return self.share("unwind", "covered", "code")

    @property
    def bytes_without_tables(self) -> int:
        """Bytes of code that unwind tables do not cover."""
        found = self.facts["unwind"]
        return found["code"] - found["covered"] if isinstance(found, Mapping) else 0

    @property
    def functions_without_pointer(self) -> int:
        """How many of the functions that were looked at keep no frame pointer."""
        found = self.facts["frame_pointers"]
        return found["functions"] - found["with"] if isinstance(found, Mapping) else 0

    @property
    def frame_pointers(self) -> float | None:
        """The share of the functions that keep frame pointers."""
        return self.share("frame_pointers", "with", "functions")


def _is_system(path: str) -> bool:
    return any(path.startswith(f"{folder}/") for folder in SYSTEM_FOLDERS)


def _with_lines(units: Mapping[str, int]) -> int:
    return sum(count for level, count in units.items() if level != "none")


def read_binary(
    file: Path,
    shown: str,
    privileged: bool,
    *,
    scripts: tuple[str, ...] = (),
    quick: bool = False,
) -> Binary | None:
    """The facts of ``file``, which the user knows as ``shown``; None if it is no binary.

    ``quick``: without symbols, debug info and code.
    """
    text = native.inspect(os.fspath(file), quick)
    if text is None:
        return None
    facts = json.loads(text)
    debug_file, shared_missing, refused = _separate(_lookup_path(file, shown), facts, quick)
    return Binary(
        path=shown,
        facts=facts,
        debug_file=debug_file,
        missing_shared=str(facts["debug_alt_link"]) if shared_missing else "",
        refused=refused,
        missing_split=_missing_split(Path(shown), facts),
        special=_special(file),
        privileged=privileged,
        scripts=scripts,
        missing_sources="" if quick else _missing_sources(facts),
        debug_symbols="" if quick or facts["debug"] is not None else _debug_symbols(shown),
    )


def _debug_symbols(path: str) -> str:
    return debug_symbols(path) if _is_system(path) else ""


def _lookup_path(file: Path, shown: str) -> Path:
    """Where files beside the program are: a process's ``exe`` has no neighbours."""
    real = Path(os.path.realpath(shown))
    return real if is_file(real) else file


def _separate(file: Path, facts: Mapping[str, object], quick: bool) -> tuple[str | None, bool, tuple[str, ...]]:
    """Its file of debug info, whether one that it shares is missing, and what does not fit: as for a recording."""
    if quick or (facts["debug"] is not None and not facts["debug_alt_link"]):
        return None, False, ()
    found, shared_missing, refused = native.debug_files(os.fspath(file), symbol_options())
    return found, shared_missing, tuple(refused)


def _missing_split(path: Path, facts: Mapping[str, object]) -> tuple[str, ...]:
    debug = facts["debug"]
    if not isinstance(debug, Mapping) or not debug["split"]["files"]:
        return ()
    packed = (path.with_name(f"{path.name}.dwp"), path.with_suffix(".dwp"))
    if any(is_file(each) for each in packed):
        return ()
    beside = path.parent
    files = (Path(each) for each in debug["split"]["files"])
    return tuple(str(each) for each in files if not is_file(each) and not is_file(beside / each.name))


def _special(file: Path) -> str:
    about = file.stat()
    mode = about.st_mode
    if mode & stat.S_ISUID and about.st_uid != os.geteuid():
        return "setuid"
    # Without the right to execute, the bit of the group means locks.
    if mode & stat.S_ISGID and mode & stat.S_IXGRP and about.st_gid != os.getegid():
        return "setgid"
    try:
        return "capabilities" if os.getxattr(file, "security.capability") else ""
    except (OSError, AttributeError):  # no such attribute; no such call on this system
        return ""


def _missing_sources(facts: Mapping[str, object]) -> str:
    rustc = facts["rustc"]
    if not isinstance(rustc, Mapping) or not rustc["id"]:
        return ""
    found = native.library_source(f"/rustc/{rustc['id']}/library/std/src/lib.rs", symbol_options())
    return (found[1] or "") if found else ""


def command_of(sentence: str) -> str:
    """The command that a sentence of the symbolizer proposes.

    >>> command_of("x.rs is not installed: run `rustup component add rust-src` for it")
    'rustup component add rust-src'
    """
    found = re.search(r"`([^`]+)`", sentence)
    return found[1] if found else sentence
