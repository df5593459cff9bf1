"""The next useful command after each view."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from functools import singledispatch

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
from pyrometer.profile.heap import is_of_blocks
from pyrometer.show.grid import without_parameters


@singledispatch
def next_command(view: object, file: str) -> str:
    """What to look at next, as a command that can be pasted; ``file`` is the profile's path."""
    return _show(file, "top")


@next_command.register
def _summary(view: Summary, file: str) -> str:
    if _can_be_named(view.by_self):
        return _symbolize(file)
    return _show(file, "lines" if _are_alone(view.basis, view.by_total.rows) else "tree")


@next_command.register
def _stat(view: Stat, file: str) -> str:
    return f"pyrometer record -- {view.commands[0].command}"


@next_command.register
def _top(view: Top, file: str) -> str:
    if _can_be_named(view):
        return _symbolize(file)
    if not view.rows:
        return _show(file, "tree")
    if _are_alone(view.basis, view.rows):
        return _show(file, "lines")
    return _of_function(file, "callers", view.rows[0].place.name)


@next_command.register
def _tree(view: Tree, file: str) -> str:
    return f"pyrometer flamegraph {shlex.quote(file)} -o flamegraph.svg"


@next_command.register
def _lines(view: Lines, file: str) -> str:
    return _annotate(view.rows[0].function, file) if view.rows else _show(file, "top")


@next_command.register
def _neighbours(view: Neighbours, file: str) -> str:
    if view.direction == "callers":
        return _of_function(file, "callees", view.function)
    return _annotate(view.function, file)


@next_command.register
def _annotation(view: Annotation, file: str) -> str:
    return _of_function(file, "callers", view.function)


@next_command.register
def _metric_table(view: MetricTable, file: str) -> str:
    if view.kind == "files":
        return f"pyrometer annotate --all {shlex.quote(file)}"
    if view.kind in ("callers", "callees"):
        return _annotate(view.function or "", file)
    if not view.rows:
        return _show(file, "tree")
    if view.kind == "top" and _are_alone(view.basis, view.rows):
        return _show(file, "lines")
    name = view.rows[0].place.name
    return _annotate(name, file) if view.kind == "lines" else _of_function(file, "callers", name)


@next_command.register
def _metric_tree(view: MetricTree, file: str) -> str:
    metric = shlex.quote(view.columns[0].name)
    return f"pyrometer flamegraph {shlex.quote(file)} --metric {metric} -o flamegraph.svg"


@next_command.register
def _metric_annotation(view: MetricAnnotation, file: str) -> str:
    return _of_function(file, "callers", view.function) if view.function else _show(file, "files")


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


def _symbolize(file: str) -> str:
    return f"pyrometer symbolize {shlex.quote(file)}"


def _annotate(function: str, file: str) -> str:
    return f"pyrometer annotate {_quoted(function)} {shlex.quote(file)}"


LONG = 60
"""Letters of a name that nobody wants to paste; a part of it finds the function as well."""


def _quoted(function: str) -> str:
    if len(function) > LONG:
        function = without_parameters(function).removesuffix("(…)")
    return shlex.quote(function)


def _show(file: str, view: str) -> str:
    return f"pyrometer show {shlex.quote(file)} --view {view}"


def _of_function(file: str, view: str, function: str) -> str:
    return f"{_show(file, view)} --function {_quoted(function)}"
