"""Cachegrind's text, for ``cg_annotate``, ``cg_diff`` and ``cg_merge``: self costs by file, function and line."""

from __future__ import annotations

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if there are a command, events and a file's costs."""
    has_costs = b"\nevents:" in head and b"\nfl=" in head
    return head.startswith((b"desc:", b"cmd:")) and has_costs and b"\npositions:" not in head


FORMAT = Format("cachegrind", ".cachegrind.out", "Cachegrind (cg_annotate)", recognise)
