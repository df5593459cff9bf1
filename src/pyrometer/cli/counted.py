"""What the commands that run a program under an engine have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from pyrometer.cli.options import DEBUG_FILE_NAMES
from pyrometer.cli.passing import end_like
from pyrometer.cli.printing import print_summary
from pyrometer.cli.progress import while_working
from pyrometer.cli.streams import not_vital
from pyrometer.collect.counted import run_counted
from pyrometer.collect.debugfiles import DebugFiles
from pyrometer.collect.engines import ENGINES, Request, engine

F = TypeVar("F", bound=Callable[..., Any])


def counting(command: F) -> F:
    """The options of every command that counts under an engine."""
    for option in (
        click.option("--no-summary", is_flag=True, help="Print nothing when the program has ended."),
        click.option("-o", "--output", type=click.Path(), help="The file to write; default: PROGRAM.pyro, numbered."),
        click.option(
            "--engine",
            "engine_name",
            type=click.Choice(list(ENGINES)),
            default=next(iter(ENGINES)),
            show_default=True,
            help="What runs the program.",
        ),
        click.option("--no-children", is_flag=True, help="Do not count in what the program starts."),
    ):
        command = option(command)
    return command


def count(program: Sequence[str], request: Request, form: str, **options: Any) -> None:
    """Run a program under an engine and print the summary on stderr; then end as the program did."""
    chosen = engine(options["engine_name"])
    quiet = options["no_summary"]
    # Not into a file that somebody reads.
    if not quiet and sys.stderr.isatty():
        click.echo(chosen.describe(request), err=True)
    files = DebugFiles(**{name: options[name] for name in DEBUG_FILE_NAMES if name in options})
    counted = run_counted(
        program, chosen, request, output=options["output"], files=files, finishing=while_working("reading")
    )
    if not quiet:
        with not_vital():
            print_summary(counted.profile, form)
    end_like(counted.status)
