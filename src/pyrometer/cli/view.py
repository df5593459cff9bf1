"""``pyrometer view``: a profile in the browser."""

from __future__ import annotations

import os
import sys
import webbrowser

import click

from pyrometer.cli.input import open_pair
from pyrometer.cli.progress import while_working


@click.command()
@click.argument("file", required=False, type=click.Path(readable=False))
@click.argument("after", required=False, type=click.Path(readable=False))
@click.option("--browser/--no-browser", default=True, help="Open the page by itself, or only print its address.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of this machine; default: any that is free.")
def command(file: str | None, after: str | None, browser: bool, port: int) -> None:
    """Look at FILE, or the newest profile of this folder, in the browser; at two profiles, to see what changed.

    Serves the page on this machine alone, at an address that nobody can guess, and ends when the
    page is closed, or with Ctrl-C.

    \b
      pyrometer view
      pyrometer view perf.data --no-browser
      pyrometer view before.pyro after.pyro
    """
    from pyrometer.serve import Server

    profile, base = open_pair(file, after)
    with while_working("preparing"):
        server = Server(profile, port, base=base)
    click.echo(server.address)
    click.echo("ends when the page is closed, or with Ctrl-C", err=True)
    if browser and not (_has_screen() and webbrowser.open(server.address)):
        click.echo("no browser was found: open the address above", err=True)
    try:
        server.run()
    except KeyboardInterrupt:
        return


def _has_screen() -> bool:
    """Whether a browser would have a window: one in the terminal does not run the page."""
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
