"""DHAT's files of other runs: Valgrind tells inlined functions without their modules, and lines without their binary.

Where the program is on this machine, its debug info says more. The file does not tell where it lay in memory: Valgrind
puts programs at one of few places. It is the same build as far as can be told if it is no younger than the file, and
its lines are those that the file has at the same addresses; without that the file's own names stay.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Final

from pyrometer import native
from pyrometer.errors import PyrometerError
from pyrometer.formats import elf
from pyrometer.profile import Meta, ProfileData

NAME: Final = "dhat"
"""Of the format."""
_PLACES: Final = (0x108000, 0x400000)
"""Where Valgrind puts programs that may lie anywhere: until version 3.19, and since."""
_ALIKE: Final = 0.95
"""The part of addresses whose lines must be the same: the file has the lines that Valgrind's own reading found."""

Lines = dict[int, set[tuple[str, int]]]
"""File names and lines by address: several where calls are inlined."""


def with_names(file: Path, read: native.Profile, symbols: native.SymbolOptions) -> native.Profile:
    """What was read of ``file``, with the names that the program has for its code; as it was if they do not fit."""
    data = ProfileData(read)
    told = _lines(data, None)
    program = _program(data)
    span = elf.span(program) if told and program else None
    if program is None or span is None:
        return read
    try:
        for bias in (0,) if span.fixed else _PLACES:
            found = _named(file, program, (bias, span), symbols)
            if found is not None and _is_alike({at - bias: lines for at, lines in told.items()}, found, program):
                return _with_quality(found, data)
    except (OSError, PyrometerError):
        # What is only for more names is no reason to refuse a file.
        pass
    return read


def _with_quality(found: native.Profile, data: ProfileData) -> native.Profile:
    """Code of other binaries has the names of the file: it is not without one for being in no binary that is known."""
    meta = Meta.from_json(found.meta_json())
    nameless = min(meta.quality.unsymbolized, data.meta.quality.unsymbolized)
    return found.with_meta(replace(meta, quality=replace(meta.quality, unsymbolized=nameless)).to_json())


def _lines(data: ProfileData, binary: int | None) -> Lines:
    lines: Lines = defaultdict(set)
    for row in data.frames.rows():
        if row["binary"] == binary and row["address"] is not None and row["file"] and row["line"]:
            lines[row["address"]].add((PurePath(row["file"]).name, row["line"]))
    return lines


def _program(data: ProfileData) -> Path | None:
    """The program, by a path that the file has of it, or by the command."""
    command = Meta.from_json(data.native.meta_json()).command
    if not command:
        return None
    name = PurePath(command[0]).name
    paths = [row["path"] for row in data.binaries.rows() if PurePath(row["path"]).name == name]
    known = [path for path in (*paths, command[0], shutil.which(command[0])) if path and Path(path).is_file()]
    return Path(known[0]).absolute() if known else None


def _named(
    file: Path, program: Path, place: tuple[int, elf.Span], symbols: native.SymbolOptions
) -> native.Profile | None:
    """The profile if the program lay there; None if the file at its path is younger than what was counted."""
    bias, span = place
    before, brace, after = file.read_bytes().rpartition(b"}")
    if not brace or after.strip():
        return None
    # As `pyrometer heap` tells a file what it knows of its run; behind the program is none of its code.
    modules = json.dumps([(bias + span.begin, bias, str(program)), (bias + span.end, 0, "")]).encode()
    with tempfile.TemporaryDirectory(prefix="pyrometer-", ignore_cleanup_errors=True) as folder:
        told = Path(folder, file.name)
        told.write_bytes(before + b',"modules":' + modules + b"}")
        read = native.read_foreign([told], NAME, False, None)
        identified = read.identified(file.stat().st_mtime_ns)
        if not any(row["build_id"] for row in ProfileData(identified).binaries.rows() if row["path"] == str(program)):
            return None
        # It stays open, and is read, when its name is gone.
        return native.resymbolize(identified, Path(folder, "named.pyro"), symbols)


def _is_alike(told: Lines, found: native.Profile, program: Path) -> bool:
    """Whether the program has the lines that the file tells of its addresses."""
    data = ProfileData(found)
    rows = [at for at, row in enumerate(data.binaries.rows()) if row["path"] == str(program)]
    lines = _lines(data, rows[0]) if rows else {}
    both = [at for at in told if at in lines]
    return bool(both) and sum(told[at] <= lines[at] for at in both) >= _ALIKE * len(both)
