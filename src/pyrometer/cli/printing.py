"""A view to stdout, in the format that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click

from pyrometer.analyze import Annotation, Summary
from pyrometer.errors import DisassemblyError
from pyrometer.profile import ProfileData


def print_view(view: object, form: str, file: Path | None) -> None:
    """Print a view; text ends with the next useful command."""
    if form == "json":
        from pyrometer.show import json

        click.echo(json.render(view), nl=False)
    elif form == "md":
        from pyrometer.show import markdown

        click.echo(markdown.render(view), nl=False)
    else:
        _print_text(view, str(file) if file else "FILE")
    if isinstance(view, Annotation):
        _refuse_missing_code(view)


def print_summary(profile: ProfileData, form: str) -> None:
    """Print what was collected on stderr: stdout is the program's."""
    from pyrometer.analyze import summary

    print_on(sys.stderr, summary(profile), form)


def print_on(stream: TextIO, view: object, form: str) -> None:
    """Print a view on a stream, without a next command."""
    if form == "json":
        from pyrometer.show import json

        click.echo(json.render(view), file=stream, nl=False)
    elif form == "md":
        from pyrometer.show import markdown

        click.echo(markdown.render(view), file=stream, nl=False)
    else:
        from pyrometer.show.summary import show_summary
        from pyrometer.show.text import console, show

        target = console(stream)
        if isinstance(view, Summary):
            show_summary(view, target)
        else:
            show(view, target)


def _refuse_missing_code(view: Annotation) -> None:
    """The source is shown, but a script must learn that the machine code could not be."""
    reasons = [each.missing for each in view.assembly]
    if reasons and all(reasons):
        raise DisassemblyError(f"the machine code of {view.function} cannot be shown", reasons[0] or "")


def _print_text(view: object, file: str) -> None:
    from pyrometer.show.hints import next_command
    from pyrometer.show.summary import show_summary
    from pyrometer.show.text import console, show

    target = console()
    if isinstance(view, Summary):
        show_summary(view, target, every_note=True)
        return
    show(view, target)
    target.print(f"next: {next_command(view, file)}", style="bold", markup=False)
