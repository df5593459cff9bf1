"""The Firefox Profiler's processed format, for profiler.firefox.com."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("firefox", ".firefox.json", "Firefox Profiler (profiler.firefox.com)", frozenset({"metric"}))
