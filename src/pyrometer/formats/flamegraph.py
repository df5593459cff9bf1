"""The flame graph: one interactive SVG that needs nothing else."""

from __future__ import annotations

from pyrometer.formats.format import GROUPING, PICTURE, Format


def recognise(head: bytes) -> bool:
    """True if it is an SVG that a flame graph tool drew."""
    return b"<svg" in head and b"flame" in head.lower()


FORMAT = Format(
    "flamegraph", ".svg", "interactive flame graph (SVG)", GROUPING | PICTURE | {"metric"}, recognise=recognise
)
