"""The trace of Chrome and Perfetto as JSON, for ui.perfetto.dev, ``chrome://tracing`` and speedscope."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("chrome", ".trace.json", "Chrome trace (ui.perfetto.dev, chrome://tracing)", frozenset({"metric"}))
