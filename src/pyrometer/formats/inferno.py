"""Folded stacks as ``inferno-collapse-perf`` and ``stackcollapse-perf.pl`` write them: the command is the root."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format(
    "inferno",
    ".folded",
    "folded stacks as inferno and stackcollapse-perf.pl write them",
    frozenset({"metric"}),
)
