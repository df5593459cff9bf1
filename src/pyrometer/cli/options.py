"""Options that several commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json", "md")


class TimeRange(click.ParamType):
    """``START:END`` in seconds since the start of the recording; either may be left out."""

    name = "START:END"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float | None, float | None]:
        """Two numbers, or a usage error."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d+\.?\d*|\.\d+)?:(\d+\.?\d*|\.\d+)?", value)
        if match is None:
            self.fail(f"{value!r} is not START:END in seconds, such as 1.5:3 or 2:", param, ctx)
        start, end = (None if part is None else float(part) for part in match.groups())
        if start is not None and end is not None and end <= start:
            self.fail(f"{value!r} ends before it starts", param, ctx)
        return start, end


class Seconds(click.FloatRange):
    """A length of time; not a number is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A finite number of seconds, or a usage error."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return seconds


class Percent(click.FloatRange):
    """A part of a hundred. Nothing is above what is not a number: as a limit that would let everything pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A finite number, or a usage error."""
        percent = super().convert(value, param, ctx)
        if not math.isfinite(percent):
            self.fail(f"{value!r} is no percentage", param, ctx)
        return percent


_METRIC = click.option("--metric", metavar="NAME", help="Which metric; default: the first one.")
_SELECTION = (
    click.option("--focus", multiple=True, metavar="REGEX", help="Only stacks through such a function."),
    click.option("--exclude", multiple=True, metavar="REGEX", help="No stacks through such a function."),
    click.option("--binary", multiple=True, metavar="REGEX", help="Only stacks through such a binary."),
    click.option("--exclude-binary", multiple=True, metavar="REGEX", help="No stacks through such a binary."),
    click.option("--thread", multiple=True, metavar="TID|REGEX", help="Only these threads."),
    click.option("--process", multiple=True, metavar="PID|REGEX", help="Only these processes."),
    click.option("--time", type=TimeRange(), help="Only this part, in seconds since the start."),
    click.option(
        "--where",
        multiple=True,
        metavar="FORMULA",
        help="Only stacks whose own sums fit; repeatable.",
    ),
    click.option("--fold-generics", is_flag=True, help="Generic instances are one function."),
)
_ALLOCATORS = click.option(
    "--hide-allocators/--show-allocators",
    default=None,
    help="malloc (of copies: memcpy) counts as the code that asked, or not; default: so for a heap's own costs.",
)
_FRAMES = (
    click.option("--collapse-runtime", is_flag=True, help="The language runtime's frames are one frame."),
    click.option("--hide", multiple=True, metavar="REGEX", help="Such functions count as their callers."),
    _ALLOCATORS,
)
FRAMES = ("collapse_runtime", "hide", "hide_allocators")
"""The options for views of many functions: which frames are put together or left out."""
FILTER_NAMES = (
    "metric",
    "focus",
    "exclude",
    "binary",
    "exclude_binary",
    "thread",
    "process",
    "time",
    "where",
    "fold_generics",
)


def selection(command: F) -> F:
    """The options that select a part of a profile; their names are those of the Python API."""
    return _METRIC(many_selection(command))


def many_selection(command: F) -> F:
    """Those but ``--metric``, for views that have their own."""
    for option in reversed(_SELECTION):
        command = option(command)
    return command


def many_filters(command: F) -> F:
    """As :func:`filters`, but without ``--metric``."""
    return many_selection(_frames(command))


def filters(command: F) -> F:
    """Those, and :data:`FRAMES`."""
    return selection(_frames(command))


def _frames(command: F) -> F:
    for option in reversed(_FRAMES):
        command = option(command)
    return command


def allocators(command: F) -> F:
    """``--hide-allocators`` alone, for a view of one function."""
    return _ALLOCATORS(command)


def split_filters(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The filters among the options of a command, and the rest."""
    chosen = {name: value for name, value in options.items() if name in FILTER_NAMES}
    return chosen, {name: value for name, value in options.items() if name not in FILTER_NAMES}


def output_format(command: F) -> F:
    """``--format text|json|md``."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="How to print it.",
    )(command)


STDOUT = "/dev/stdout"


def real_output(output: str | None) -> str | None:
    """The path of an output: ``-`` is standard output."""
    return STDOUT if output == "-" else output


_RECORDING = (
    click.option("--rate", "-F", default=999, show_default=True, metavar="HZ", help="Samples a second."),
    click.option(
        "--event",
        "-e",
        "events",
        multiple=True,
        metavar="EVENT",
        help="What to sample, A,B or repeated; default: cycles, or cpu-clock without a PMU.",
    ),
    click.option("--duration", type=Seconds(min=0, min_open=True), metavar="S", help="End after S seconds."),
    click.option("--delay", type=Seconds(min=0), metavar="S", help="Begin after S seconds."),
)


def recording(command: F) -> F:
    """The options of a recording."""
    for option in reversed(_RECORDING):
        command = option(command)
    return command


_DEBUG_PLACES = (
    click.option(
        "--debug-path",
        "debug_paths",
        multiple=True,
        type=click.Path(exists=True, path_type=Path),
        help="A file with debug info, or a folder to search for it; may be repeated.",
    ),
    click.option(
        "--sysroot",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A copy of the recorded machine's file system.",
    ),
)
_DEBUG_FILES = (
    *_DEBUG_PLACES,
    click.option("--offline", is_flag=True, help="Ask no debuginfod server, whatever DEBUGINFOD_URLS says."),
    click.option("--bundle", is_flag=True, help="Keep the debug info that was used inside the profile."),
)
DEBUG_FILE_NAMES = ("debug_paths", "sysroot", "offline", "bundle")


def debug_places(command: F) -> F:
    """The options that say where binaries and debug info are on this machine."""
    for option in reversed(_DEBUG_PLACES):
        command = option(command)
    return command


def debug_files(command: F) -> F:
    """The options that say where debug info is."""
    for option in reversed(_DEBUG_FILES):
        command = option(command)
    return command


class ProgramCommand(click.Command):
    """A command that takes a program after ``--``; what follows is the program's, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Cut the arguments at the first ``--``."""
        at = args.index("--") if "--" in args else len(args)
        ctx.obj = args[at + 1 :]
        return super().parse_args(ctx, args[:at])
