"""``pyrometer instructions``: exact counts."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.counted import announce, counting, finish
from pyrometer.cli.options import DEBUG_FILE_NAMES, debug_files, output_format


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--cache", is_flag=True, help="Simulate this machine's caches, too: misses of I1, D1 and the last level.")
@click.option("--branches", is_flag=True, help="Simulate branch prediction, too.")
@click.option("--calls", is_flag=True, help="Follow calls: who calls whom, and inclusive counts.")
@click.option("--inlined", is_flag=True, help="Count by inlined call, too.")
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
def command(
    program: tuple[str, ...], form: str, engine_name: str, no_summary: bool, no_children: bool, **options: Any
) -> None:
    """Count the instructions of PROGRAM and of what it starts, exactly, by function and line.

    Its streams, signals and exit status pass through; the summary goes to stderr.

    \b
      pyrometer instructions -- ./program --its-options
      pyrometer instructions --cache --branches -- ./program
      pyrometer instructions --calls --from 'parse*' -- ./program
    """
    from pyrometer.cli.progress import while_working
    from pyrometer.collect.debugfiles import DebugFiles
    from pyrometer.collect.engines import Request, engine
    from pyrometer.collect.instructions import instructions

    files = DebugFiles(**{name: options.pop(name) for name in DEBUG_FILE_NAMES})
    chosen = engine(engine_name)
    wanted = Request("instructions", calls=options["calls"], addresses=options["inlined"], inside=options["inside"])
    announce(chosen.describe(wanted), no_summary)
    counted = instructions(
        program, chosen, children=not no_children, files=files, finishing=while_working("reading"), **options
    )
    finish(counted, form, no_summary)
