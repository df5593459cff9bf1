"""Listings as the viewer's page reads them; the fields are those of ``viewer/src/data/listing.ts``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pyrometer.analyze.listing import ListedCode, ListedSource, Lister, Listing
from pyrometer.profile import ProfileData

FUNCTIONS = 40
"""In a report: the hottest."""
LEAST = 0.002
"""Of any metric: less makes no line worth a look."""
MOST = 4 << 20
"""Letters of all listings in a report."""


def hottest(profile: ProfileData) -> str:
    """The listings of the hottest functions, as a JSON list."""
    lister = Lister(profile)
    texts: list[str] = []
    room = MOST
    for listing in lister.list(lister.hottest(FUNCTIONS, LEAST)):
        text = render(listing)
        room -= len(text)
        if room < 0:
            break
        texts.append(text)
    return f"[{','.join(texts)}]"


def render(listing: Listing) -> str:
    """One listing as JSON."""
    return json.dumps(
        {
            "function": listing.function,
            "sources": list(map(_source, listing.sources)),
            "code": list(map(_code, listing.code)),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _source(source: ListedSource) -> dict[str, Any]:
    """Columns, not rows: half the size."""
    lines = source.lines
    return {
        "path": source.path,
        "missing": source.missing,
        "changed": source.changed,
        "line": [line.line for line in lines],
        "text": [line.text for line in lines],
        "self": _columns(line.self for line in lines),
        "total": _columns(line.total for line in lines),
    }


def _code(code: ListedCode) -> dict[str, Any]:
    rows = code.instructions
    return {
        "binary": code.binary,
        "symbol": code.symbol,
        "missing": code.missing,
        "address": [f"{row.address:x}" for row in rows],
        "text": [row.text for row in rows],
        "function": [row.function for row in rows],
        "file": [row.file for row in rows],
        "line": [row.line for row in rows],
        "gap": [row.gap for row in rows],
        "self": _columns(row.self for row in rows),
    }


def _columns(rows: Iterable[tuple[int, ...]]) -> list[list[int]]:
    """A list for each metric."""
    return [list(column) for column in zip(*rows, strict=True)]
