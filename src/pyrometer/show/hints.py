"""The next useful command after each view."""

from __future__ import annotations

import shlex
from functools import singledispatch

from pyrometer.analyze import Annotation, Lines, Neighbours, Summary, Top, Tree
from pyrometer.show.grid import without_parameters


@singledispatch
def next_command(view: object, file: str) -> str:
    """What to look at next, as a command that can be pasted; ``file`` is the profile's path."""
    return _show(file, "top")


@next_command.register
def _summary(view: Summary, file: str) -> str:
    return _show(file, "tree")


@next_command.register
def _top(view: Top, file: str) -> str:
    return _of_function(file, "callers", view.rows[0].place.name) if view.rows else _show(file, "tree")


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
