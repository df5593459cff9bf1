"""Accesses by the byte of a block, as a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyrometer.analyze import Accesses, AccessRow
from pyrometer.profile import units
from pyrometer.show import words
from pyrometer.show.grid import Column, Figure, Grid, Row
from pyrometer.show.lines import line_name

WIDTH = 24
"""Letters at most: one for each byte, or for several."""
_LEVELS = "▁▂▃▄▅▆▇█"
NEVER = "·"


def grid(view: Accesses) -> Grid:
    """Each row's histogram is drawn relative to its own hottest byte."""
    columns = [
        Column("accesses", "number"),
        Column("block", "number"),
        Column("never", "number"),
        Column("first to last byte"),
        Column("line"),
        Column("function", "name"),
    ]
    rows = [Row(_cells(row)) for row in view.rows]
    notes = [f"{len(rows)} of {words.plural(view.known, 'line')} shown"] if len(rows) < view.known else []
    if rows:
        notes.append(f"{NEVER} was never read nor written; lines whose blocks have one size of at most 1,024 bytes")
    else:
        notes.append("no histograms: pyrometer heap keeps those of points whose blocks have one size up to 1,024 bytes")
    if any(row.wrapped for row in view.rows):
        notes.append("+: too small by multiples of 65,536, for DHAT writes 16 bits of a number")
    return Grid("Accesses by byte of a block", columns, rows, notes)


def _cells(row: AccessRow) -> list[str]:
    more = "+" if row.wrapped else ""
    return [
        Figure(f"{row.accesses:,}{more}", f"{units.brief(row.accesses)}{more}"),
        f"{row.block_size:,} B",
        f"{row.unused:,} B",
        picture(row.runs),
        line_name(row.file, row.line),
        row.function,
    ]


def picture(runs: Sequence[tuple[int, int]], width: int = WIDTH) -> str:
    """A letter for each byte, or for equally many of them their mean; what has any access is seen.

    >>> picture([(2, 8), (1, 1), (3, 0)])
    '██▁···'
    >>> picture([(64, 1), (64, 0)], 4)
    '██··'
    """
    parts = list(_parts([count for length, count in runs for _ in range(length)], width))
    most = max(parts, default=0.0)
    return "".join(_LEVELS[max(0, round(part / most * len(_LEVELS)) - 1)] if part else NEVER for part in parts)


def _parts(counts: Sequence[int], width: int) -> Iterator[float]:
    """Means of at most ``width`` parts of equal size."""
    size = max(1, -(-len(counts) // width))
    for at in range(0, len(counts), size):
        part = counts[at : at + size]
        yield sum(part) / len(part)
