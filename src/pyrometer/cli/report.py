"""``pyrometer report``: a profile as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from pyrometer.cli.export import beside
from pyrometer.cli.input import open_pair
from pyrometer.cli.options import STDOUT, real_output
from pyrometer.cli.progress import while_working


@click.command()
@click.argument("file", required=False, type=click.Path(readable=False))
@click.argument("after", required=False, type=click.Path(readable=False))
@click.option("-o", "--output", type=click.Path(), help="Where to, - is stdout; default: beside FILE.")
@click.option("--title", default="", help="The title; default: the recorded command.")
@click.option("--source/--no-source", default=True, help="With source and machine code of the hottest functions.")
def command(file: str | None, after: str | None, output: str | None, title: str, source: bool) -> None:
    """Write FILE, or the newest profile of this folder, as one HTML file; of two, what changed.

    It opens in any browser, from disk and without a network: overview, flame graph, functions,
    call tree, source, threads and timeline, to search, filter and zoom in.

    \b
      pyrometer report app.pyro -o app.html
      pyrometer report perf.data
      pyrometer report before.pyro after.pyro -o change.html
    """
    profile, base = open_pair(file, after)
    path = real_output(output) or beside(profile.path or Path("profile"), ".html")
    with while_working("writing"):
        profile.report(path, title, source=source, base=base)
    if path != STDOUT:
        click.echo(f"wrote {path}; open it in a browser", err=True)
