"""``pyrometer annotate``: short for ``pyrometer show --view annotate``."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.input import open_input
from pyrometer.cli.options import output_format, selection
from pyrometer.cli.printing import print_view


@click.command()
@click.argument("function")
@click.argument("file", required=False, type=click.Path(readable=False))
@selection
@output_format
def command(function: str, file: str | None, form: str, **chosen: Any) -> None:
    """Show the source and the machine code of FUNCTION, with samples per line and instruction.

    FUNCTION is a full name, the end of one (search for grep::search), or a part of one.

    \b
      pyrometer annotate Searcher::search
      pyrometer annotate hash_one app.pyro --thread worker
    """
    profile = open_input(file)
    print_view(profile.annotate(function, **chosen), form, profile.path)
