"""The next useful command after each view."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property, singledispatch

from pyrometer.analyze import (
    Annotation,
    Basis,
    FunctionRow,
    Lines,
    MetricAnnotation,
    MetricRow,
    MetricTable,
    MetricTree,
    Neighbours,
    Stat,
    Summary,
    Top,
    Tree,
)
from pyrometer.analyze.stat import INSTRUMENT
from pyrometer.profile import ProfileData
from pyrometer.profile.heap import is_of_blocks
from pyrometer.show.grid import without_parameters

Chosen = Mapping[str, object]
"""The filters of a view, under the names of the Python API."""
RUNTIME = "[runtime]"
"""What the frames of a runtime are together: no function."""
FRAMES = ("collapse_runtime", "hide")
"""Filters that a view of one function has not."""


def next_command(view: object, file: str, profile: ProfileData | None = None, chosen: Chosen | None = None) -> str:
    """What to look at next, as a command that can be pasted; ``file`` is the path of the ``profile``.

    It has the ``chosen`` filters of the view, unless these leave nothing.
    """
    if profile is not None and profile.meta.instrument == INSTRUMENT and not isinstance(view, Stat):
        return f"pyrometer show {shlex.quote(file)} --view stat"
    return _next(view, Subject(file, getattr(view, "basis", None), profile, chosen or {}))


class Subject:
    """What is looked at: of a profile that is not at hand, all is taken to be there."""

    def __init__(self, file: str, basis: Basis | None, profile: ProfileData | None, chosen: Chosen) -> None:
        self.file = file
        self.basis = basis
        self.profile = profile
        self.chosen = chosen if basis is None or basis.samples else {}

    def has_code(self, function: str | None = None) -> bool:
        """Whether there is something to annotate of a function, or of any: a line, or code in a file that is known."""
        if self.profile is None:
            return True
        profile = self.profile
        rows = {at for at, name in enumerate(profile.functions.column("name")) if name == function}
        builds = profile.binaries.column("build_id")
        # Several exact metrics are shown by line alone.
        is_code = len(profile.metric_list) == 1 or any(metric.kind != "exact" for metric in profile.metric_list)
        frames = (profile.frames.column(name) for name in ("function", "line", "address", "binary"))
        return any(
            line is not None or (is_code and address is not None and binary is not None and bool(builds[binary]))
            for of, line, address, binary in zip(*frames, strict=True)
            if of in rows or not rows
        )

    @cached_property
    def is_looked_up(self) -> bool:
        """Whether names were looked up on this machine or another, and those that are missing were not found."""
        return self.profile is not None and any(self.profile.binaries.column("symbols_from"))

    @cached_property
    def metric(self) -> str:
        """The option that asks for the same metric once more, if it is not the first one."""
        if self.profile is None or self.basis is None:
            return ""
        others = [metric.name for metric in self.profile.metric_list[1:]]
        name = self.basis.metric.name
        return f" --metric {shlex.quote(name)}" if name in others else ""

    @cached_property
    def same(self) -> str:
        """The options that ask for the same metric and the same part of the profile once more."""
        return self.metric + "".join(_option(name, value) for name, value in self.chosen.items())

    @cached_property
    def same_of_one(self) -> str:
        """Those that a view of one function has."""
        kept = {name: value for name, value in self.chosen.items() if name not in FRAMES}
        return self.metric + "".join(_option(name, value) for name, value in kept.items())


def _option(name: str, value: object) -> str:
    """A filter as it stands on the command line, with a blank before it.

    >>> _option("time", (0.5, None)), _option("focus", ("a b", "c")), _option("fold_generics", True)
    (' --time 0.5:', " --focus 'a b' --focus c", ' --fold-generics')
    """
    option = f" --{name.replace('_', '-')}"
    match name, value:
        case "metric", _:
            return ""
        case "hide_allocators", False:
            return " --show-allocators"
        case "time", (start, end):
            at = ["" if moment is None else f"{moment:.9f}".rstrip("0").rstrip(".") for moment in (start, end)]
            return f"{option} {':'.join(at)}" if any(at) else ""
        case _, True:
            return option
        case _, str() | tuple() | list():
            return "".join(
                f"{option} {shlex.quote(str(one))}" for one in ([value] if isinstance(value, str) else value)
            )
        case _:
            return ""


@singledispatch
def _next(view: object, of: Subject) -> str:
    return _show(of, "top")


@_next.register
def _summary(view: Summary, of: Subject) -> str:
    if _can_be_named(view.by_self):
        return _symbolize(of)
    return _show(of, "lines" if _are_alone(view.basis, view.by_total.rows) else "tree")


@_next.register
def _stat(view: Stat, of: Subject) -> str:
    return f"pyrometer record -- {view.commands[0].command}"


@_next.register
def _top(view: Top, of: Subject) -> str:
    if _can_be_named(view):
        return _symbolize(of)
    if not view.rows:
        return _show(of, "tree")
    if _are_alone(view.basis, view.rows):
        return _show(of, "lines")
    return _of_function(of, "callers", view.rows[0].place.name)


@_next.register
def _tree(view: Tree, of: Subject) -> str:
    if not view.roots:
        return _show(of, "summary")
    return f"pyrometer flamegraph {shlex.quote(of.file)}{of.same} -o flamegraph.svg"


@_next.register
def _lines(view: Lines, of: Subject) -> str:
    return _annotate(view.rows[0].function, of) if view.rows else _show(of, "top")


@_next.register
def _neighbours(view: Neighbours, of: Subject) -> str:
    if view.direction == "callers":
        return _of_function(of, "callees", view.function)
    return _annotate(view.function, of)


@_next.register
def _annotation(view: Annotation, of: Subject) -> str:
    return _of_function(of, "callers", view.function)


@_next.register
def _metric_table(view: MetricTable, of: Subject) -> str:
    if view.kind == "files":
        if not of.has_code():
            return _show(of, "top")
        return f"pyrometer annotate --all {shlex.quote(of.file)}{of.same_of_one}"
    if view.kind in ("callers", "callees"):
        return _annotate(view.function or "", of)
    if not view.rows:
        return _show(of, "tree")
    if view.kind == "top" and _are_alone(view.basis, view.rows):
        return _show(of, "lines")
    name = view.rows[0].place.name
    return _annotate(name, of) if view.kind == "lines" else _of_function(of, "callers", name)


@_next.register
def _metric_tree(view: MetricTree, of: Subject) -> str:
    return f"pyrometer flamegraph {shlex.quote(of.file)}{of.same} -o flamegraph.svg"


@_next.register
def _metric_annotation(view: MetricAnnotation, of: Subject) -> str:
    return _of_function(of, "callers", view.function) if view.function else _show(of, "files")


_ADDRESS = re.compile(r"\+0x[0-9a-f]+$")
"""What code is called by of which a binary and the place in it are known, so that a name may be found there."""


def _are_alone(basis: Basis, rows: Sequence[FunctionRow | MetricRow]) -> bool:
    """Whether these functions seem to have no callers, as those that Cachegrind counts; a heap's blocks have askers."""
    counted = basis.metric.kind == "exact" and not is_of_blocks(basis.metric)
    return counted and bool(rows) and all(row.self == row.total for row in rows)


def _can_be_named(view: Top) -> bool:
    """Whether names are what most samples lack first of all, and looking them up may help."""
    found = view.basis.quality
    return found.unsymbolized * 2 > found.samples and any(_ADDRESS.search(row.place.name) for row in view.rows)


def _symbolize(of: Subject) -> str:
    if of.is_looked_up:
        return f"pyrometer show {shlex.quote(of.file)} --view binaries"
    return f"pyrometer symbolize {shlex.quote(of.file)}"


def _annotate(function: str, of: Subject) -> str:
    if function == RUNTIME or not of.has_code(function):
        return _show(of, "tree")
    return f"pyrometer annotate {_quoted(function)} {shlex.quote(of.file)}{of.same_of_one}"


LONG = 60
"""Letters of a name that nobody wants to paste; a part of it finds the function as well."""


def _quoted(function: str) -> str:
    if len(function) > LONG:
        function = without_parameters(function).removesuffix("(…)")
    return shlex.quote(function)


def _show(of: Subject, view: str) -> str:
    return f"pyrometer show {shlex.quote(of.file)} --view {view}{of.same}"


def _of_function(of: Subject, view: str, function: str) -> str:
    return f"{_show(of, view)} --function {_quoted(function)}"
