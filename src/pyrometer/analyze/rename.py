"""Names that differ between two profiles of the same code: ``s/OLD/NEW/[g][i]``, as ``cg_annotate`` has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from pyrometer.errors import SelectionError

_PARTS = 3


def renaming(commands: Iterable[str]) -> Callable[[str], str]:
    """A function that changes a name by every command in turn.

    >>> renaming(["s/v[0-9]+/V/", "s,/build/,,"])("/build/v12/v13.c")
    'V/v13.c'
    """
    steps = [_step(command) for command in commands]

    @cache
    def rename(name: str) -> str:
        for pattern, new, count in steps:
            name = pattern.sub(new, name, count=count)
        return name

    return rename


def _step(command: str) -> tuple[re.Pattern[str], str, int]:
    parts = _split(command)
    if len(parts) != _PARTS or not set(parts[2]) <= {"g", "i"}:
        raise SelectionError(f"{command!r} is not s/OLD/NEW/[g][i]", cure="such as 's/prog[0-9]/prog/'")
    old, new, flags = parts
    try:
        pattern = re.compile(old, re.IGNORECASE if "i" in flags else 0)
        pattern.sub(new, "")
    except (re.error, IndexError) as error:
        raise SelectionError(f"{command!r} is no substitution", str(error), "see Python's re.sub") from error
    # A reference to a group that the pattern has not is found only where it matches.
    groups = [int(number) for number in re.findall(r"(?<!\\)\\(\d)", new)]
    if any(number > pattern.groups for number in groups):
        raise SelectionError(f"{command!r} refers to a group that it has not", cure="put ( ) around what is kept")
    return pattern, new, 0 if "g" in flags else 1


def _split(command: str) -> list[str]:
    """What stands between the letters after the s, which may be escaped."""
    if len(command) < 2 or command[0] != "s" or command[1].isalnum() or command[1] in "\\\n ":
        return []
    mark = command[1]
    parts = re.split(rf"(?<!\\){re.escape(mark)}", command[2:])
    return [part.replace(f"\\{mark}", mark) for part in parts]
