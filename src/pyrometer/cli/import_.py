"""``pyrometer import``: other tools' files, or several profiles, as one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from pyrometer.cli.options import debug_places, output_format


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(readable=False))
@click.option("-o", "--output", type=click.Path(), help="The file to write; default: named after the first FILE.")
@click.option("--from", "source", metavar="FORMAT", help="What format it is; default: recognised by content.")
@click.option("--lenient", is_flag=True, help="Leave out what does not fit, and say how much.")
@debug_places
@output_format
def command(
    files: tuple[str, ...], output: str | None, source: str | None, lenient: bool, form: str, **places: Any
) -> None:
    """Make one profile of FILES, other tools' or several of Pyrometer's; what they have in common is added up.

    Every command takes a FILE of another tool in place of a .pyro, too; a .pyro opens faster.

    \b
      pyrometer import perf.data -o app.pyro
      pyrometer import perf.data --sysroot ~/server-root
      pyrometer import stacks.folded.gz
      pyrometer import --from folded --lenient stacks.txt
      pyrometer import run-1.pyro run-2.pyro run-3.pyro -o runs.pyro
      pyrometer import /tmp/counts      (a folder that a program counted in)
    """
    from pyrometer.api import import_files
    from pyrometer.cli.piped import as_file
    from pyrometer.cli.printing import print_view
    from pyrometer.cli.progress import while_working
    from pyrometer.collect.output import imported_name
    from pyrometer.profile.filters import nothing_measured
    from pyrometer.profile.target import check_apart, check_target

    with while_working("reading") as meter, ExitStack() as stack:
        there = [stack.enter_context(as_file(Path(file))) for file in files]
        target = Path(output) if output else imported_name(there[0])
        check_target(target)
        check_apart(target, there)
        profile = import_files(there, format=source, lenient=lenient, progress=meter, **places)
        if not profile.metric_list:
            raise nothing_measured(profile)
        profile.save(target)
    print_view(profile.summary(), form, profile)
