"""Comma-separated values: a row a sample, with its place and its stack, for spreadsheets and data frames."""

from __future__ import annotations

from pyrometer.formats.format import Format

_HEADER = b"metric,unit,value,count,time_ns,"


def recognise(head: bytes) -> bool:
    """True if it has our columns."""
    return head.startswith(_HEADER)


FORMAT = Format("csv", ".csv", "CSV (spreadsheets, pandas)", recognise=recognise)
