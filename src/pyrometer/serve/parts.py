"""A large profile, of which a page asks for what it shows.

Such a page first gets all but the call tree. Of this it asks for what can be seen, and for more where somebody looks
closer; with a question that needs the whole, it asks for all of it, once. The names, each with what may be said in a
query: ``tree`` (``metric``, ``open``: nodes, ``window``: two sums of the metric), ``sums`` (``metric``),
``neighbours`` (``metric``, ``function``), ``whole``.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable
from functools import cached_property

from pyrometer.native import PageParts
from pyrometer.profile import ProfileData
from pyrometer.show.about import about

INSIDE = 200_000
"""Nodes of a call tree up to which a page gets the whole profile at once."""
QUICK = 1
"""How hard zlib tries: the way is short, and somebody waits."""
BYTES = "application/octet-stream"

Asked = dict[str, str]
Found = tuple[str, bytes]
"""Kind and bytes."""


class Parts:
    """Answers about a large profile."""

    def __init__(self, profile: ProfileData, native: PageParts) -> None:
        self._profile = profile
        self._native = native
        self._lock = threading.Lock()
        self._answers: dict[str, Callable[[Asked], bytes | None]] = {
            "tree": self._tree,
            "sums": lambda asked: self._native.sums(_row(asked, "metric")),
            "neighbours": self._neighbours,
        }

    @classmethod
    def of(cls, profile: ProfileData, inside: int = INSIDE) -> Parts | None:
        """None for a profile that is small enough, or of which nothing can be left out."""
        native = profile.native.page_parts(inside)
        return None if native is None else cls(profile, native)

    @property
    def head(self) -> bytes:
        """What the page is given first, deflated."""
        return zlib.compress(self._native.head(self._texts), QUICK)

    def answer(self, name: str, asked: Asked) -> Found | None:
        """None for what there is not, or is not asked for as it must be."""
        if name == "whole":
            with self._lock:
                return BYTES, self._whole
        try:
            found = self._answers[name](asked) if name in self._answers else None
        except (ValueError, OverflowError):
            return None
        return None if found is None else (BYTES, found)

    @cached_property
    def _whole(self) -> bytes:
        return zlib.compress(self._native.whole(self._texts), QUICK)

    @cached_property
    def _texts(self) -> list[tuple[str, str]]:
        return [("about", about(self._profile))]

    def _tree(self, asked: Asked) -> bytes | None:
        opened = [int(node) for node in asked.get("open", "").split(".") if node]
        return self._native.tree(_row(asked, "metric"), opened, _window(asked))

    def _neighbours(self, asked: Asked) -> bytes | None:
        found = self._native.neighbours(_row(asked, "metric"), _row(asked, "function"))
        return None if found is None else json.dumps(found).encode()


def _row(asked: Asked, name: str) -> int:
    return int(asked.get(name, ""))


def _window(asked: Asked) -> tuple[float, float] | None:
    if "window" not in asked:
        return None
    left, right = (float(edge) for edge in asked["window"].split("_"))
    return left, right
