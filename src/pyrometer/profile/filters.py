"""What part of a profile a view looks at, and how it groups it: the same words everywhere.

Names of functions, binaries, threads and processes are regular expressions that may match
anywhere in the name; several of them mean *any of these*.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, TypedDict

from pyrometer import native
from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile.derived import stacks_where
from pyrometer.profile.table import Table

if TYPE_CHECKING:
    from pyrometer.profile.data import ProfileData

Patterns = str | Sequence[str]
Ids = int | Sequence[int | str]
LAST = 2**63 - 1
"""Nanoseconds: later than any sample."""


class SelectionOptions(TypedDict, total=False):
    """The keyword arguments of every view: which samples it is about."""

    metric: str | None
    """Name of the metric; default: the first one."""
    focus: Patterns
    """Only stacks that pass through such a function."""
    exclude: Patterns
    """No stacks that pass through such a function."""
    binary: Patterns
    """Only stacks that pass through such a binary."""
    exclude_binary: Patterns
    """No stacks that pass through such a binary."""
    thread: Patterns | Ids
    """Only these threads, by tid or name."""
    process: Patterns | Ids
    """Only these processes, by pid or name."""
    time: tuple[float | None, float | None] | None
    """Only from start to end, seconds since the start of the recording."""
    where: Patterns
    """Only stacks for whose own sums these formulas over metrics hold: ``read-bytes <= 0``."""


class FilterOptions(SelectionOptions, total=False):
    """Those, and how functions are put together: the keyword arguments of nearly every view."""

    fold_generics: bool
    """`Vec<u8>::push` and `Vec<u16>::push` are one function."""
    collapse_runtime: bool
    """Consecutive frames of the language's runtime are one frame."""
    hide: Patterns
    """Frames of such functions are left out of their stacks: what they cost is their callers'."""
    hide_allocators: bool | None
    """What ends in an allocator counts as the code that asked for memory: neither allocator nor standard library; of
    copies, what ends in ``memcpy``. None: so in views of own costs, for metrics of a heap's blocks."""


@frozen
class Filters:
    """Filters, checked and normalised."""

    metric: str | None = None
    focus: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    binary: tuple[str, ...] = ()
    exclude_binary: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    process: tuple[str, ...] = ()
    time: tuple[float | None, float | None] = (None, None)
    where: tuple[str, ...] = ()
    fold_generics: bool = False
    collapse_runtime: bool = False
    hide: tuple[str, ...] = ()
    hide_allocators: bool = False

    @classmethod
    def of(cls, options: FilterOptions) -> Filters:
        """From the keyword arguments of a view."""
        plain: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
        for name in ("focus", "exclude", "binary", "exclude_binary", "thread", "process", "where", "hide"):
            plain[name] = _patterns(plain.get(name, ()))
        return cls(**plain)

    def grouping(self, inverted: bool = False) -> native.Grouping:
        """How frames become nodes, as the Rust side takes it; ``inverted``: leaves at the root."""
        return {
            "inverted": inverted,
            "fold_generics": self.fold_generics,
            "collapse_runtime": self.collapse_runtime,
        }

    def selection(self, profile: ProfileData) -> native.Selection:
        """Row numbers, nanoseconds and patterns, as the Rust side takes them."""
        return {
            "metric": self.metric_row(profile),
            "threads": _rows(self.thread, profile.threads, "thread", "tid"),
            "processes": _rows(self.process, profile.processes, "process", "pid"),
            "time": self._nanoseconds(profile.meta.duration),
            "focus": list(self.focus),
            "exclude": list(self.exclude),
            "focus_binaries": list(self.binary),
            "exclude_binaries": list(self.exclude_binary),
            "stacks": stacks_where(profile, self.where) if self.where else None,
            "hide": list(self.hide),
            "hide_allocators": self.hide_allocators,
        }

    def _nanoseconds(self, duration: int) -> tuple[int, int] | None:
        start, end = (None if part is None else _whole(part) for part in self.time)
        if start is None and end is None:
            return None
        if start is not None and end is not None and end <= start:
            early, late = self.time
            raise SelectionError(f"the time {early}:{late} ends before it starts", cure="give the earlier one first")
        # Up to the end is with what was taken at that very moment.
        return start or 0, LAST if end is None or 0 < duration <= end else end

    def metric_row(self, profile: ProfileData) -> int:
        """The row of the chosen metric in ``metrics``; the first one when none is named."""
        names = profile.metrics.column("name")
        if not names:
            raise nothing_measured(profile)
        if self.metric is None:
            return 0
        if self.metric in names:
            return names.index(self.metric)
        raise SelectionError(f"there is no metric {self.metric!r}", cure=f"choose one of: {', '.join(names)}")


def check_times(of: native.Profile, selection: native.Selection) -> None:
    """Refuse to choose by time where nothing that is chosen else has one."""
    if not selection["time"] or of.weigh(selection).count:
        return
    timed: native.Selection = {**selection, "time": (0, LAST)}
    if of.weigh({**selection, "time": None}).count and not of.weigh(timed).count:
        raise SelectionError(
            "nothing can be chosen by time", "this profile does not tell when its values were", "leave --time out"
        )


def nothing_measured(profile: ProfileData) -> SelectionError:
    """The error of a profile without a metric, of which nothing can be shown."""
    where = f"{profile.path} has" if profile.path else "the profile has"
    tool = profile.meta.source
    if tool and not profile.meta.complete and profile.meta.notes:
        cure = "it is cut short or damaged: write or copy it again"
        return SelectionError(f"{where} no metric", profile.meta.notes[-1], cure)
    if tool and profile.meta.notes:
        # There was something, but nothing that has a place here.
        cure = "have values with stacks written, or single functions as events: other things have no place here"
        return SelectionError(f"{where} no metric", " ".join(profile.meta.notes), cure)
    why = f"{tool} wrote nothing into it that it had measured" if tool else ""
    return SelectionError(f"{where} no metric", why, "measure again, and longer: there was nothing to be seen yet")


def _whole(seconds: float) -> int:
    """As nanoseconds; what is later or earlier than any sample is the last or the first moment of all."""
    if math.isnan(seconds):
        raise SelectionError("a time is no number", cure="give seconds since the start of the recording")
    return int(max(-LAST, min(seconds * 1e9, LAST)))


def _patterns(given: Patterns | Ids) -> tuple[str, ...]:
    several: Iterable[Any] = (given,) if isinstance(given, str | bytes) or not isinstance(given, Iterable) else given
    return tuple(map(_pattern, several))


def _pattern(given: Any) -> str:
    # Ids are numbers of Python, or of a data frame.
    if not isinstance(given, str) and not hasattr(given, "__index__"):
        raise TypeError(f"a pattern is text, and an id a whole number, not {given!r}")
    return given if isinstance(given, str) else str(index(given))


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SelectionError(
            f"{pattern!r} is no regular expression",
            str(error),
            f"write it literally: {shlex.quote(re.escape(pattern))}",
        ) from error


def _rows(patterns: tuple[str, ...], table: Table, noun: str, number: str) -> list[int]:
    if not patterns:
        return []
    seen = list(table.rows())
    for text in ("name", "command_line"):
        # Workers of a server have one name, and say in their command lines what they do.
        matches = _matcher(patterns, number, text)
        found = [at for at, row in enumerate(seen) if matches(row)]
        if found:
            return found
    text = "name" if len({row["name"] for row in seen}) > 1 else "command_line"
    told = (row for row in seen if row["name"] or row[number])
    names = sorted({f"{row.get(text) or row['name']} ({row[number]})".strip() for row in told})
    if not names:
        plural = "es" if noun.endswith("s") else "s"
        leave = f"leave --{noun} out"
        raise SelectionError(f"no {noun} can be chosen", f"this profile does not tell its {noun}{plural}", leave)
    listed = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
    raise SelectionError(f"no {noun} matches {' or '.join(patterns)}", cure=f"choose one of: {listed}")


def _matcher(patterns: tuple[str, ...], number: str, text: str) -> Callable[[dict[str, Any]], bool]:
    numbers = {int(pattern) for pattern in patterns if pattern.isdecimal()}
    names = [_compile(pattern) for pattern in patterns if not pattern.isdecimal()]

    def matches(row: dict[str, Any]) -> bool:
        return row[number] in numbers or any(name.search(row.get(text) or "") for name in names)

    return matches
