"""Folded stacks: ``root;caller;leaf 42``, a line a stack, as ``flamegraph.pl`` and inferno read them."""

from __future__ import annotations

from pyrometer.formats.format import GROUPING, Format

FORMAT = Format("folded", ".folded", "folded stacks (flamegraph.pl, inferno)", GROUPING | {"metric"})
