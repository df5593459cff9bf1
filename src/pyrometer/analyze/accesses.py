"""How often each byte of the blocks of an allocation point was read or written, as DHAT counts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pyrometer.analyze.basis import first
from pyrometer.frozen import frozen
from pyrometer.profile import ProfileData, corrupt, is_count, payload

EVENT = "access-histogram"
"""The events that hold a histogram of one allocation point each."""
LARGEST_BLOCK = 25 * 1024
"""Bytes: DHAT makes histograms of blocks up to 1,024 bytes, and where a program asks for one up to 25 times as many."""


@frozen
class AccessRow:
    """Blocks of one size that the same line asked for."""

    function: str
    file: str | None
    line: int | None
    block_size: int
    points: int
    """Allocation points: stacks that end in this line."""
    accesses: int
    """Bytes read and written, each time that they were."""
    unused: int
    """Bytes of a block that were never read nor written."""
    runs: tuple[tuple[int, int], ...]
    """Bytes in a row with the same number of accesses, and that number."""
    wrapped: bool
    """Whether numbers may be too small by multiples of 65,536: DHAT writes 16 bits of them."""


@frozen
class Accesses:
    """The ``rows`` with the most accesses of ``known``."""

    rows: tuple[AccessRow, ...]
    known: int


def accesses(profile: ProfileData, n: int = 20) -> Accesses:
    """Where in their blocks the code that asked for memory had accesses, the most first.

    Only of allocation points whose blocks have one size of at most 1,024 bytes: DHAT counts no others. Of another
    profile there are none.
    """
    merged: defaultdict[tuple[str, str | None, int | None, int], list[dict[str, Any]]] = defaultdict(list)
    for function, file, line, histogram in _histograms(profile):
        merged[function, file, line, histogram["block_size"]].append(histogram)
    rows = [_row(key, histograms) for key, histograms in merged.items()]
    rows.sort(key=lambda row: (-row.accesses, row.function, row.file or "", row.line or 0, row.block_size))
    return Accesses(tuple(first(rows, n)), len(rows))


def _histograms(profile: ProfileData) -> Iterator[tuple[str, str | None, int | None, dict[str, Any]]]:
    """Each with the function, file and line that asked for the memory."""
    found = [event for event in profile.events.rows() if event["name"] == EVENT and event["stack"] is not None]
    if not found:
        return
    askers = profile.native.askers(0)
    frame_of, frames = profile.stacks.column("frame"), list(profile.frames.rows())
    names = profile.functions.column("name")
    for event in found:
        frame = frames[frame_of[askers[event["stack"]]]]
        function = "[unknown]" if frame["function"] is None else names[frame["function"]]
        histogram = payload(profile, event)
        if not _is_histogram(histogram):
            raise corrupt(profile, event, f"a histogram of at most {LARGEST_BLOCK:,} bytes")
        yield function, frame["file"], frame["line"], histogram


def _is_histogram(found: dict[str, Any]) -> bool:
    """Whether its runs are counts, and as long as the block."""
    size, runs = found.get("block_size"), found.get("runs")
    if not (is_count(size) and size <= LARGEST_BLOCK and isinstance(runs, list) and "wrapped" in found):
        return False
    if not all(isinstance(run, list) and len(run) == 2 and all(map(is_count, run)) for run in runs):
        return False
    return sum(length for length, _ in runs) == size


def _row(key: tuple[str, str | None, int | None, int], histograms: list[dict[str, Any]]) -> AccessRow:
    counts = [0] * key[3]
    for histogram in histograms:
        at = 0
        for length, count in histogram["runs"]:
            if count:
                counts[at : at + length] = [before + count for before in counts[at : at + length]]
            at += length
    wrapped = any(histogram["wrapped"] for histogram in histograms)
    return AccessRow(*key, len(histograms), sum(counts), counts.count(0), tuple(_runs(counts)), wrapped)


def _runs(counts: list[int]) -> Iterator[tuple[int, int]]:
    begin = 0
    for at in range(1, len(counts) + 1):
        if at == len(counts) or counts[at] != counts[begin]:
            yield at - begin, counts[begin]
            begin = at
