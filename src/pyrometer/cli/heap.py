"""``pyrometer heap``: which code allocates."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.counted import announce, counting, finish
from pyrometer.cli.options import output_format

_MODES = ("heap", "copies", "ad-hoc")


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    default="heap",
    show_default=True,
    help="Allocations; memcpy and the like; or events that the program reports (DHAT_AD_HOC_EVENT).",
)
@counting
@output_format
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    program: tuple[str, ...], form: str, engine_name: str, no_summary: bool, no_children: bool, **options: Any
) -> None:
    """Find out where PROGRAM, and what it starts, allocates memory, how long it lives and how it is used.

    Its streams, signals and exit status pass through; the summary goes to stderr.

    \b
      pyrometer heap -- ./program --its-options
      pyrometer heap --mode copies -- ./program
      pyrometer show --metric peak-bytes --view tree
    """
    from pyrometer.cli.progress import while_working
    from pyrometer.collect.engines import Request, engine
    from pyrometer.collect.heap import heap

    chosen = engine(engine_name)
    announce(chosen.describe(Request(options["mode"])), no_summary)
    counted = heap(program, chosen, children=not no_children, finishing=while_working("reading"), **options)
    finish(counted, form, no_summary)
