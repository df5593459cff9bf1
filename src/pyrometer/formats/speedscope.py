"""speedscope's JSON; its schema is published as ``https://www.speedscope.app/file-format-schema.json``."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("speedscope", ".speedscope.json", "speedscope")
