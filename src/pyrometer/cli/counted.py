"""What the commands that run a program under an engine have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pyrometer.cli.passing import end_like
from pyrometer.cli.printing import print_summary
from pyrometer.cli.streams import not_vital

F = TypeVar("F", bound=Callable[..., Any])

_ENGINES = ("valgrind",)


def counting(command: F) -> F:
    """The options of every command that counts under an engine."""
    for option in (
        click.option("--no-summary", is_flag=True, help="Print nothing when the program has ended."),
        click.option("-o", "--output", type=click.Path(), help="The file to write; default: PROGRAM.pyro, numbered."),
        click.option(
            "--engine",
            "engine_name",
            type=click.Choice(_ENGINES),
            default=_ENGINES[0],
            show_default=True,
            help="What runs the program.",
        ),
        click.option("--no-children", is_flag=True, help="Do not count in what the program starts."),
    ):
        command = option(command)
    return command


def announce(text: str, no_summary: bool) -> None:
    """Say on stderr what will take long; not into a file that somebody reads."""
    if not no_summary and sys.stderr.isatty():
        click.echo(text, err=True)


def finish(counted: Any, form: str, no_summary: bool) -> None:
    """Print the summary on stderr, for stdout is the program's; then end as the program did."""
    if not no_summary:
        with not_vital():
            print_summary(counted.profile, form)
    end_like(counted.status)
