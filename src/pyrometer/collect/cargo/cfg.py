r"""Cargo's ``cfg(...)`` expressions, for the keys of ``[target.'cfg(...)']``.

Source: the Cargo Book, "Configuration", "target"; the Rust Reference, "Conditional compilation".

>>> linux = known_of('unix\ntarget_os="linux"\n')
>>> holds('cfg(all(unix, not(target_os = "windows")))', linux)
True
>>> holds("cfg(any())", linux), holds("cfg(all())", linux), holds("cfg(all(", linux)
(False, True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r'\s*(?:([A-Za-z_]\w*)|"([^"]*)"|([(),=]))')
_DEPTH = 100
"""Levels of brackets; nobody nests deeper."""

Known = frozenset[tuple[str, str | None]]
"""The names that are set, each with its value."""


class _NotUnderstood(Exception):  # noqa: N818  it never leaves this module
    pass


def known_of(printed: str) -> Known:
    """What ``rustc --print cfg`` prints."""
    lines = (line.partition("=") for line in printed.split("\n") if line)
    return frozenset((name, value.strip('"') if equals else None) for name, equals, value in lines)


def holds(key: str, known: Known) -> bool:
    """Whether a key of the form ``cfg(...)`` holds; one that is not understood does not."""
    match = re.fullmatch(r"\s*cfg\s*\((.*)\)\s*", key, re.DOTALL)
    if match is None:
        return False
    try:
        tokens = [*_tokens(match[1]), ""]
        value, at = _expression(tokens, 0, known, _DEPTH)
    except _NotUnderstood:
        return False
    return value and tokens[at] == ""


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _NotUnderstood
        at = match.end()
        yield f'"{match[2]}' if match[2] is not None else match[0].strip()


def _expression(tokens: list[str], at: int, known: Known, depth: int) -> tuple[bool, int]:
    name = tokens[at]
    if not name.isidentifier() or depth == 0:
        raise _NotUnderstood
    if tokens[at + 1] == "=":
        if not tokens[at + 2].startswith('"'):
            raise _NotUnderstood
        return (name, tokens[at + 2][1:]) in known, at + 3
    if tokens[at + 1] == "(":
        values, after = _list(tokens, at + 2, known, depth - 1)
        return _combined(name, values), after
    return {"true": True, "false": False}.get(name, (name, None) in known), at + 1


def _list(tokens: list[str], at: int, known: Known, depth: int) -> tuple[list[bool], int]:
    values: list[bool] = []
    while tokens[at] != ")":
        value, at = _expression(tokens, at, known, depth)
        values.append(value)
        if tokens[at] == ",":
            at += 1
        elif tokens[at] != ")":
            raise _NotUnderstood
    return values, at + 1


def _combined(name: str, values: list[bool]) -> bool:
    if name == "not" and len(values) == 1:
        return not values[0]
    if name not in ("all", "any"):
        raise _NotUnderstood
    return all(values) if name == "all" else any(values)
