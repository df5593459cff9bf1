"""Cachegrind's text, for ``cg_annotate``, ``cg_diff`` and ``cg_merge``: self costs by file, function and line."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("cachegrind", ".cachegrind.out", "Cachegrind (cg_annotate)")
