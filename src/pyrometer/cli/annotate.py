"""``pyrometer annotate``: short for ``pyrometer show --view annotate``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from pyrometer.cli.input import open_input
from pyrometer.cli.metrics import metrics
from pyrometer.cli.options import Percent, allocators, many_selection, output_format
from pyrometer.cli.printing import print_view
from pyrometer.cli.show import answer, check_annotate, is_given
from pyrometer.cli.sources import SOURCES, sources
from pyrometer.collect.output import SUFFIX
from pyrometer.profile.reach import is_file, is_there

_ONE = "Give either FUNCTION, or --file PATH, or --all."


@click.command()
@click.argument("function", required=False)
@click.argument("file", required=False, type=click.Path(readable=False))
@click.option("--file", "source", metavar="PATH", help="In place of FUNCTION: a whole source file.")
@click.option("--all", "every", is_flag=True, help="In place of FUNCTION: every source file from --min-percent up.")
@click.option("--min-percent", type=Percent(0, 100), metavar="P", help="Of --all: files from P % up; default 0.1.")
@sources
@metrics
@many_selection
@allocators
@output_format
def command(function: str | None, file: str | None, form: str, **options: Any) -> None:
    """Show the source and the machine code of FUNCTION, with samples per line and instruction.

    FUNCTION is a full name, the end of one (search for grep::search), or a part of one. Exact counts
    have a column for each metric.

    \b
      pyrometer annotate Searcher::search
      pyrometer annotate hash_one app.pyro --thread worker
      pyrometer annotate --file src/parse.c cachegrind.out.1 --context 8 --source-path ~/src
      pyrometer annotate --all
    """
    own = {name: options.pop(name) for name in ("source", "every", "min_percent", "hide_allocators", *SOURCES)}
    given = {name: value for name, value in own.items() if is_given(name, value)}
    if "source" in given or "every" in given:
        if file is not None:
            raise click.UsageError(_ONE)
        file = function
    elif function is not None:
        _check_order(function, file)
        given["function"] = function
    check_annotate(given, _ONE)
    which = options.pop("metric"), options.pop("sort"), options.pop("derive")
    profile = open_input(file)
    shown = answer(profile, "annotate", which, given, options)
    print_view(shown, form, profile, options | {"hide_allocators": own["hide_allocators"]})


def _check_order(function: str, file: str | None) -> None:
    """Refuse a profile in the place of the function; a program may be called as one of its functions."""
    is_swapped = function.endswith(SUFFIX) if file is None else not is_there(Path(file))
    if is_swapped and is_file(Path(function)):
        right = shlex.join([file or "FUNCTION", function])
        raise click.UsageError(f"{function} is a file, and the function comes first: pyrometer annotate {right}")
