"""``pyrometer record``: sample a program, keep the profile, print a summary."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import click

from pyrometer.cli.options import DEBUG_FILE_NAMES, debug_files, output_format, recording
from pyrometer.cli.passing import end_like
from pyrometer.cli.printing import print_summary
from pyrometer.cli.progress import while_working
from pyrometer.cli.streams import not_vital
from pyrometer.errors import PyrometerError


@click.command(context_settings={"allow_interspersed_args": False})
@recording
@click.option("-p", "--pid", "pids", type=click.IntRange(min=1), multiple=True, help="Attach; may be repeated.")
@click.option("-o", "--output", type=click.Path(), help="The file to write; default: PROGRAM.pyro, numbered.")
@click.option("--no-summary", is_flag=True, help="Print nothing when the recording ends.")
@debug_files
@output_format
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, program: tuple[str, ...], no_summary: bool, form: str, **options: Any) -> None:
    """Record PROGRAM, or processes that run already, until they end or Ctrl-C.

    The program's streams, signals and exit status pass through; the summary goes to stderr.

    \b
      pyrometer record -- ./program --its-options
      pyrometer record --rate 4999 -o fast.pyro -- ./program
      pyrometer record -p 4711 --duration 10
    """
    if bool(program) == bool(options["pids"]):
        ctx.fail("Give either a program after -- or a process with -p.")
    from pyrometer.collect.debugfiles import DebugFiles
    from pyrometer.collect.record import record

    if not no_summary and form == "text":
        _say_early(program, options["pids"])
    files = DebugFiles(**{name: options.pop(name) for name in DEBUG_FILE_NAMES})
    recorded = record(program, files=files, finishing=while_working("symbolizing"), **options)
    if not no_summary:
        with not_vital():
            print_summary(recorded.profile, form)
    status = recorded.wait()
    if recorded.failure is not None:
        raise recorded.failure
    end_like(status)


def _say_early(program: tuple[str, ...], pids: tuple[int, ...]) -> None:
    """What limits the recording and is told by no note at its end, before the program starts."""
    from pyrometer.diagnosis.early import early

    # What goes wrong here is the recording's to say.
    with suppress(PyrometerError, OSError):
        found = early(program, pids)
        if found:
            from pyrometer.show.diagnosis import early_line
            from pyrometer.show.text import console

            width = console(sys.stderr).width
            click.echo("\n".join(early_line(finding, width) for finding in found), err=True)
