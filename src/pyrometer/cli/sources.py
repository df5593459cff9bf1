"""The options of views that show source files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pyrometer.analyze import Sources

F = TypeVar("F", bound=Callable[..., Any])

SOURCES = ("context", "source_path")
"""The names of the options."""


def sources(command: F) -> F:
    """Where sources are looked for, and how much of them is shown."""
    for option in (
        click.option(
            "--source-path",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Of annotate: a folder with sources that are not where debug info says; repeatable.",
        ),
        click.option(
            "--context",
            type=click.IntRange(min=0),
            metavar="N",
            help="Of annotate: lines around costly ones; default 3, of --file all.",
        ),
    ):
        command = option(command)
    return command


def sources_of(options: dict[str, Any]) -> Sources:
    """What the options say, which are taken out."""
    return Sources(tuple(options.pop("source_path", ())), options.pop("context", None))
