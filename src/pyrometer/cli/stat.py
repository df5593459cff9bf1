"""``pyrometer stat``: what a program costs as a whole."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import click

from pyrometer.cli.derive import Derivation, derived
from pyrometer.cli.options import Seconds, output_format
from pyrometer.errors import SelectionError


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "-r",
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Runs of each program; with -p, how often S seconds are counted.",
)
@click.option("--warmup", type=click.IntRange(min=0), default=0, help="Runs before them that do not count.")
@click.option(
    "-e",
    "--event",
    "events",
    multiple=True,
    metavar="EVENTS",
    help="What to count: a,b as perf list names them, {a,b} together. May be repeated.",
)
@click.option(
    "--command",
    "commands",
    multiple=True,
    metavar="COMMAND",
    help="A program to compare with, as a shell would read its words; may be repeated.",
)
@click.option(
    "--ratio",
    "--derive",
    "ratios",
    multiple=True,
    type=Derivation(),
    metavar="NAME=FORMULA",
    help="A metric of your own: 'IPC = instructions / cycles'.",
)
@click.option("-p", "--pid", "pids", type=click.IntRange(min=1), multiple=True, help="Attach; may be repeated.")
@click.option(
    "--duration", type=Seconds(min=0, min_open=True), metavar="S", help="With -p: count S seconds, not until Ctrl-C."
)
@click.option("--discard", is_flag=True, help="What the programs print goes nowhere.")
@click.option("-o", "--output", type=click.Path(), help="Keep the runs as a profile.")
@output_format
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, program: tuple[str, ...], form: str, output: str | None, **options: Any) -> None:
    """Run PROGRAM and count its time, faults, switches, memory, and what the processor counts.

    Its streams, signals and exit status pass through; the table goes to stderr. Several programs are run in turns and
    compared with the first; so are processes that run already.

    \b
      pyrometer stat -- ./program --its-options
      pyrometer stat -r 20 --discard -- ./program
      pyrometer stat -r 20 --command './old --fast' -- ./new --fast
    """
    programs = [_words(ctx, text) for text in options.pop("commands")] + ([list(program)] if program else [])
    pids, duration = options.pop("pids"), options.pop("duration")
    if not programs and not pids:
        ctx.fail("Give a program after --, some with --command, or a process with -p.")
    _check(ctx, programs, pids, duration, options)
    formulas = derived(options.pop("ratios"))
    from pyrometer.collect.events import parse

    groups = [group for text in options.pop("events") for group in parse(text)]
    from pyrometer.analyze import stat as analyze_stat
    from pyrometer.cli.passing import end_like
    from pyrometer.cli.printing import print_on
    from pyrometer.cli.progress import while_working
    from pyrometer.cli.streams import not_vital
    from pyrometer.collect.output import choose_output
    from pyrometer.collect.stat import stat as run_all
    from pyrometer.collect.stat import stat_running

    path = choose_output(output, programs[0] if programs else (), pids) if output else None
    # What a program prints would stand in the middle of a bar.
    with while_working("counting") if options["discard"] or pids else nullcontext() as meter:
        if pids:
            status, repeat = 0, options["repeat"]
            profile = stat_running(pids, groups=groups, repeat=repeat, duration=duration, told=meter)
        else:
            profile, status = run_all(programs, groups=groups, told=meter, **options)
    if path:
        profile.save(path)
    try:
        view = analyze_stat(profile, formulas)
    except SelectionError:
        # What was measured is not lost for a slip in a formula.
        with not_vital():
            print_on(sys.stderr, analyze_stat(profile), form)
        raise
    with not_vital():
        print_on(sys.stderr, view, form)
    end_like(status)


def _check(
    ctx: click.Context,
    programs: Sequence[Sequence[str]],
    pids: Sequence[int],
    duration: float | None,
    options: Mapping[str, Any],
) -> None:
    """What goes with programs only, and what with processes only."""
    if not pids:
        if duration is not None:
            ctx.fail("--duration is for processes that run already (-p): a program is counted to its end.")
        return
    for name, given in (("a program", programs), ("--warmup", options["warmup"]), ("--discard", options["discard"])):
        if given:
            ctx.fail(f"{name} and -p do not go together: a process that runs already is not started.")
    if options["repeat"] > 1 and duration is None:
        ctx.fail("-r with -p needs --duration: how long is each time?")


def _words(ctx: click.Context, text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        ctx.fail(f"--command {text!r}: {error}")
    if not words:
        ctx.fail("--command is empty.")
    return words
