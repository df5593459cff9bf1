"""``pyrometer demangle``: symbols as names."""

from __future__ import annotations

import os
import signal
import sys

import click

from pyrometer import native


@click.command()
@click.argument("names", nargs=-1)
@click.option("--with-hashes/--no-hashes", "hashes", help="With hashes and disambiguators; default: without.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(names: tuple[str, ...], hashes: bool, form: str) -> None:
    """Print NAMES demangled, a line each; without NAMES, standard input with its symbols replaced.

    Rust (legacy and v0) and C++ symbols are found wherever they stand in the text. What is no symbol, or a
    malformed one, stays as it is. JSON is one object a line: one for each name, or for each symbol in the text.

    \b
      pyrometer demangle _RNvCs1234_7mycrate3foo
      nm program | pyrometer demangle
      perf script | pyrometer demangle --format json
    """
    if not names:
        # A filter ends by Ctrl-C at once, also while it waits for input.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        native.demangle_stream(hashes, form == "json")
        return
    for name in names:
        sys.stdout.buffer.write(_line(name, hashes, form) + b"\n")


def _line(name: str, hashes: bool, form: str) -> bytes:
    if form == "json":
        # What is no text is no symbol; JSON can say it only roughly.
        return native.parse_name(name.encode(errors="replace").decode(), hashes).encode()
    return native.demangle(name, hashes).encode() if name.isascii() else os.fsencode(name)
