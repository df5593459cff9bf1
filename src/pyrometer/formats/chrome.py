"""The trace of Chrome and Perfetto as JSON, for ui.perfetto.dev, ``chrome://tracing`` and speedscope."""

from __future__ import annotations

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if it is JSON with a list of trace events, or such a list."""
    start = head.lstrip()
    return (start.startswith(b"{") and b'"traceEvents"' in head) or (start.startswith(b"[") and b'"ph"' in head)


FORMAT = Format(
    "chrome", ".trace.json", "Chrome trace (ui.perfetto.dev, chrome://tracing)", recognise, frozenset({"metric"})
)
