"""pprof: a gzipped protocol buffer, ``profile.proto`` of github.com/google/pprof."""

from __future__ import annotations

import zlib

from pyrometer.formats.format import Format

# Field 1 of the message `Profile`, sample_type, length-delimited: it comes first in every known writer.
_SAMPLE_TYPE = b"\x0a"


def recognise(head: bytes) -> bool:
    """True if the bytes, unpacked if they are gzipped, begin with a sample type."""
    if not head.startswith(b"\x1f\x8b"):
        return False
    try:
        plain = zlib.decompressobj(wbits=31).decompress(head, 64)
    except zlib.error:
        return False
    return plain.startswith(_SAMPLE_TYPE) and plain[2:3] == b"\x08"


FORMAT = Format("pprof", ".pb.gz", "pprof (go tool pprof, Grafana, Datadog …)", recognise)
