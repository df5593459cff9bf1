"""``pyrometer instructions``: exact counts."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.counted import count, counting
from pyrometer.cli.options import debug_files, output_format
from pyrometer.collect.engines import Request


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--cache", is_flag=True, help="Simulate this machine's caches, too: misses of I1, D1 and the last level.")
@click.option("--branches", is_flag=True, help="Simulate branch prediction, too.")
@click.option("--calls", is_flag=True, help="Follow calls: who calls whom, and inclusive counts.")
@click.option("--inlined", is_flag=True, help="Count by inlined call, too; not with --calls.")
@click.option(
    "--from",
    "--toggle",
    "inside",
    multiple=True,
    metavar="FUNCTION",
    help="Count only inside FUNCTION and what it calls; * stands for any text.",
)
@counting
@debug_files
@output_format
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def command(program: tuple[str, ...], form: str, no_children: bool, inlined: bool, **options: Any) -> None:
    """Count the instructions of PROGRAM and of what it starts, exactly, by function and line.

    Its streams, signals and exit status pass through; the summary goes to stderr.

    \b
      pyrometer instructions -- ./program --its-options
      pyrometer instructions --cache --branches -- ./program
      pyrometer instructions --calls --from parse -- ./program
    """
    if inlined and options["calls"]:
        raise click.UsageError(
            "--inlined has no meaning with --calls: of calls between functions it is not known which of the functions "
            "inlined into them they are of. Count twice."
        )
    chosen = {name: options.pop(name) for name in ("cache", "branches", "calls", "inside")}
    request = Request("instructions", addresses=inlined, children=not no_children, **chosen)
    count(program, request, form, **options)
