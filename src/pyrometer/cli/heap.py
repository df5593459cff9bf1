"""``pyrometer heap``: which code allocates."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.counted import count, counting
from pyrometer.cli.options import debug_files, output_format
from pyrometer.collect.engines import HEAP_MODES, Request


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--mode",
    type=click.Choice(HEAP_MODES),
    default="heap",
    show_default=True,
    help="Allocations; memcpy and the like; or events that the program reports (DHAT_AD_HOC_EVENT).",
)
@counting
@debug_files
@output_format
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def command(program: tuple[str, ...], mode: str, form: str, no_children: bool, **options: Any) -> None:
    """Find out where PROGRAM, and what it starts, allocates memory, how long it lives and how it is used.

    Its streams, signals and exit status pass through; the summary goes to stderr.

    \b
      pyrometer heap -- ./program --its-options
      pyrometer heap --mode copies -- ./program
      pyrometer show --metric peak-bytes --view tree
    """
    count(program, Request(mode, children=not no_children), form, **options)
