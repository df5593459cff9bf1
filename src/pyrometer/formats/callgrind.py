"""Callgrind's text, for ``callgrind_annotate`` and KCachegrind: self costs, and calls with their inclusive costs."""

from __future__ import annotations

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if it names the format, as Callgrind and we do."""
    return head.startswith(b"# callgrind format")


FORMAT = Format("callgrind", ".callgrind.out", "Callgrind (callgrind_annotate, KCachegrind)", recognise)
