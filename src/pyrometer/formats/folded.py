"""Folded stacks: ``root;caller;leaf 42``, a line a stack, as ``flamegraph.pl`` and inferno read them."""

from __future__ import annotations

import re

from pyrometer.formats.format import GROUPING, Format

_LINE = re.compile(rb"[^\0-\x1f]*[^\0-\x20] \d+")


def recognise(head: bytes) -> bool:
    """True if the first line that is no comment is a stack and a number."""
    whole = [line.rstrip(b"\r") for line in head.split(b"\n")[:-1]]
    first = next((line for line in whole if not line.startswith(b"#")), b"")
    return _LINE.fullmatch(first) is not None


FORMAT = Format("folded", ".folded", "folded stacks (flamegraph.pl, inferno)", recognise, GROUPING | {"metric"})
