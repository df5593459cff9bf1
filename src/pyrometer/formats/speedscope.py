"""speedscope's JSON; its schema is published as ``https://www.speedscope.app/file-format-schema.json``."""

from __future__ import annotations

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if the JSON names speedscope's schema."""
    return head.lstrip().startswith(b"{") and b"speedscope.app/file-format-schema" in head


FORMAT = Format("speedscope", ".speedscope.json", "speedscope", recognise)
