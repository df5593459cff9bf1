"""``pyrometer symbolize``: look the names of a profile up again."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.options import debug_files, output_format


@click.command()
@click.argument("file", required=False, type=click.Path(readable=False))
@click.option("-o", "--output", type=click.Path(), help="The file to write; default: FILE itself, if it is a .pyro.")
@debug_files
@output_format
def command(file: str | None, output: str | None, form: str, **options: Any) -> None:
    """Look up the names of FILE again, or of the newest profile of this folder.

    On another machine, or when the debug info has come. A binary for which less is found than before
    keeps its names. Shows where the names of each binary come from.

    \b
      pyrometer symbolize --debug-path ~/symbols
      pyrometer symbolize app.pyro --sysroot /mnt/device -o app.symbols.pyro
      DEBUGINFOD_URLS=https://debuginfod.debian.net pyrometer symbolize app.pyro
    """
    from pyrometer.api import Profile
    from pyrometer.cli.input import open_input
    from pyrometer.cli.printing import print_view
    from pyrometer.cli.progress import while_working
    from pyrometer.collect.debugfiles import DebugFiles
    from pyrometer.collect.symbolize import symbolize

    profile = open_input(file)
    found = symbolize(profile, DebugFiles(**options), output or None, while_working("symbolizing"))
    print_view(Profile.of(found).binaries_view(), form, found)
