"""The Firefox Profiler's processed format, for profiler.firefox.com."""

from __future__ import annotations

import zlib

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if the JSON, unpacked if it is gzipped, has the version of a processed profile."""
    plain = head
    if head.startswith(b"\x1f\x8b"):
        try:
            plain = zlib.decompressobj(wbits=31).decompress(head, 4096)
        except zlib.error:
            return False
    return plain.lstrip().startswith(b"{") and b'"preprocessedProfileVersion"' in plain


FORMAT = Format("firefox", ".firefox.json", "Firefox Profiler (profiler.firefox.com)", recognise, frozenset({"metric"}))
