"""From what a user types to the one function that is meant."""

from __future__ import annotations

from collections.abc import Iterable

from pyrometer import native
from pyrometer.errors import FunctionNotFoundError


def find_function(wanted: str, rows: Iterable[native.Row]) -> str:
    """The full name of the function among ``rows`` that ``wanted`` names.

    In this order: the whole name, the end of a path (``search`` for ``grep::search``), a part of the
    name; among several the one with the most samples. A
    :class:`~pyrometer.FunctionNotFoundError` proposes the nearest names.
    """
    hottest = sorted(rows, key=lambda row: (-row.total_value, row.name))
    names = list(dict.fromkeys(row.name for row in hottest))
    for fits in (_is_whole, _is_last, _is_part):
        found = [name for name in names if fits(name, wanted)]
        if found:
            return found[0]
    if not names:
        raise FunctionNotFoundError(
            f"no function matches {wanted!r}, nor any other name",
            "the metric has no values, or the filters leave none",
            "choose another metric, or leave filters out",
        )
    raise FunctionNotFoundError(
        f"no function matches {wanted!r}",
        "it was never seen on a stack, was inlined under another name, or the filters exclude it",
        _proposal(wanted, names),
    )


def _is_whole(name: str, wanted: str) -> bool:
    return name == wanted


def _is_last(name: str, wanted: str) -> bool:
    return name.endswith((f"::{wanted}", f".{wanted}"))


def _is_part(name: str, wanted: str) -> bool:
    return bool(wanted) and wanted.lower() in name.lower()


def _proposal(wanted: str, names: list[str]) -> str:
    from difflib import get_close_matches

    by_last = {name.rsplit("::", 1)[-1]: name for name in reversed(names)}
    near = [by_last[last] for last in get_close_matches(wanted, by_last, n=3, cutoff=0.5)]
    if near:
        return f"did you mean {' or '.join(near)}?"
    return FunctionNotFoundError.default_cure
