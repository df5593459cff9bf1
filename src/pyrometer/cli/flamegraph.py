"""``pyrometer flamegraph``: a picture of a profile, or of a program that is recorded for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyrometer.api import Profile
from pyrometer.cli.input import open_input
from pyrometer.cli.options import FRAMES, STDOUT, ProgramCommand, filters, real_output, recording, split_filters
from pyrometer.cli.passing import end_like
from pyrometer.cli.progress import while_working
from pyrometer.cli.streams import not_vital
from pyrometer.collect.record import Recorded, record
from pyrometer.profile.target import check_target

_PICTURE = ("title", "inverted", "icicle", *FRAMES)
_RECORDING = ("rate", "events", "duration", "delay")


@click.command(cls=ProgramCommand)
@click.argument("file", required=False, type=click.Path(readable=False))
@click.option("-o", "--output", type=click.Path(), default="flamegraph.svg", show_default=True, help="Or - for stdout.")
@click.option("--title", default="", help="The title; default: the recorded command.")
@click.option("--inverted", is_flag=True, help="Leaves at the bottom: who calls the hottest functions.")
@click.option("--icicle", is_flag=True, help="The root at the top.")
@recording
@filters
@click.pass_context
def command(ctx: click.Context, file: str | None, output: str, **options: Any) -> None:
    """Draw FILE, the newest profile of this folder, or a PROGRAM that is recorded first.

    \b
      pyrometer flamegraph -o app.svg
      pyrometer flamegraph app.pyro --focus parse --inverted
      pyrometer flamegraph -o app.svg -- ./program --its-options
    """
    chosen, rest = split_filters(options)
    chosen |= {name: rest.pop(name) for name in _PICTURE}
    if ctx.obj and file is not None:
        ctx.fail("Give either FILE or a program after --, not both.")
    output = real_output(output) or output
    check_target(Path(output))
    recorded = _record(ctx.obj, rest) if ctx.obj else None
    profile = Profile.of(recorded.profile) if recorded else _open(ctx, file)
    try:
        profile.flamegraph(output, **chosen)
    finally:
        status = recorded.wait() if recorded else None
    with not_vital():
        if output != STDOUT:
            source = f" from {profile.path}" if profile.path else ""
            click.echo(f"wrote {output}{source}; open it in a browser", err=True)
    end_like(status)


def _open(ctx: click.Context, file: str | None) -> Profile:
    for name in _RECORDING:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            ctx.fail(f"--{name.removesuffix('s')} has no meaning without a program after --.")
    return open_input(file)


def _record(program: list[str], options: dict[str, Any]) -> Recorded:
    return record(program, finishing=while_working("symbolizing"), **options)
