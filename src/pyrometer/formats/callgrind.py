"""Callgrind's text, for ``callgrind_annotate`` and KCachegrind: self costs, and calls with their inclusive costs."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("callgrind", ".callgrind.out", "Callgrind (callgrind_annotate, KCachegrind)")
