"""A view to stdout, in the format that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

import click

from pyrometer.analyze import Annotation, Summary
from pyrometer.errors import DisassemblyError
from pyrometer.profile import ProfileData


def print_view(view: object, form: str, profile: ProfileData, chosen: Mapping[str, object] | None = None) -> None:
    """Print a view of a profile, of a part that was ``chosen``; text ends with the next useful command."""
    if form == "json":
        from pyrometer.show import json

        click.echo(json.render(view), nl=False)
    elif form == "md":
        from pyrometer.show import markdown

        click.echo(markdown.render(view), nl=False)
    else:
        _print_text(view, profile, chosen)
    if isinstance(view, Annotation) and not (profile.meta.source and view.sources):
        _refuse_missing_code(view)


def print_summary(profile: ProfileData, form: str) -> None:
    """Print what was collected on stderr: stdout is the program's."""
    from pyrometer.analyze import summary

    print_on(sys.stderr, summary(profile), form, profile)


def print_on(stream: TextIO, view: object, form: str, profile: ProfileData | None = None) -> None:
    """Print a view on a stream, without a next command, but for a summary of a ``profile``."""
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
            show_summary(view, target, profile=profile)
        else:
            show(view, target)


def _refuse_missing_code(view: Annotation) -> None:
    """The source is shown, but a script must learn that the machine code could not be.

    Of another tool's file lines are enough: few tell the build that their addresses are of.
    """
    reasons = [each.missing for each in view.assembly]
    if reasons and all(reasons):
        raise DisassemblyError(f"the machine code of {view.function} cannot be shown", reasons[0] or "")


def _print_text(view: object, profile: ProfileData, chosen: Mapping[str, object] | None) -> None:
    from pyrometer.show.hints import next_command
    from pyrometer.show.summary import show_summary
    from pyrometer.show.text import console, show

    target = console()
    if isinstance(view, Summary):
        show_summary(view, target, every_note=True, profile=profile, chosen=chosen)
        return
    show(view, target)
    file = str(profile.path) if profile.path else "FILE"
    target.print(f"next: {next_command(view, file, profile, chosen)}", style="bold", markup=False)
