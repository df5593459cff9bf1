"""Lists of events as ``perf stat -e`` takes them.

Events are separated by commas, those in braces are counted together, and commas between the slashes of a PMU's event
belong to it.

>>> parse("task-clock,{cycles,instructions},cpu/event=0x3c,umask=1/")
[['task-clock'], ['cycles', 'instructions'], ['cpu/event=0x3c,umask=1/']]
"""

from __future__ import annotations

from pyrometer.errors import UnknownEventError


def parse(text: str) -> list[list[str]]:
    """The groups of a list, an event outside of braces being a group of its own.

    An :class:`~pyrometer.UnknownEventError` names the place where braces do not match or an event is missing.
    """
    groups: list[list[str]] = []
    inside = in_slashes = False
    start = 0
    for at, letter in enumerate([*text, ","]):
        if letter == "/":
            in_slashes = not in_slashes
        elif letter == "{" and not text[start:at].strip() and not inside:
            groups.append([])
            inside, start = True, at + 1
        elif letter in ",}" and (not in_slashes or at == len(text)):
            if letter == "}" and not inside:
                raise _wrong(text, at, "'}' closes nothing")
            _add(groups, text, start, at, inside)
            inside = inside and letter == ","
            start = at + 1
    if inside or in_slashes:
        raise _wrong(text, len(text), "'}' is missing" if inside else "'/' is missing")
    return groups


def _add(groups: list[list[str]], text: str, start: int, end: int, inside: bool) -> None:
    """Add the event between two places; between a brace and the comma after it there is none."""
    name = text[start:end].strip()
    if not name:
        if start and text[start - 1] == "}":
            return
        raise _wrong(text, start, "an event is missing")
    if "{" in name or (start and text[start - 1] == "}"):
        raise _wrong(text, start, "a ',' is missing" if start and text[start - 1] == "}" else "'{' stands in a name")
    if inside:
        groups[-1].append(name)
    else:
        groups.append([name])


def _wrong(text: str, at: int, why: str) -> UnknownEventError:
    return UnknownEventError(
        f"{text!r} is no list of events", f"{why} at character {at + 1}", "write them as perf does: -e a,b,'{c,d}'"
    )
