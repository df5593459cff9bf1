"""``pyrometer counts``: lines, counted."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from pyrometer.cli.passing import end_like
from pyrometer.cli.streams import not_vital
from pyrometer.errors import PyrometerError

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = 130
_PROGRAM = "pyrometer.counts.program"
_WEIGHT_GROUP = re.compile(r"\(\?P?<weight>")


class WrongUsage(click.UsageError):
    """With the exit code of the program of this name, whose options these are."""

    exit_code = 1


class CountsCommand(click.Command):
    """What stands behind ``--`` is a program; everything else is as of the program ``counts``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the program away."""
        try:
            if "--" in args:
                at = args.index("--")
                ctx.meta[_PROGRAM] = args[at + 1 :]
                if not args[at + 1 :]:
                    ctx.fail("Give a program after --.")
                args = args[:at]
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise WrongUsage(error.format_message(), ctx) from error


class _Sources(NamedTuple):
    """Where lines come from."""

    files: tuple[str, ...]
    program: list[str] | None
    inside: bool
    live: bool


class _Asked(NamedTuple):
    """What to print, and what to keep."""

    form: str
    both: bool
    stats: bool
    histogram: bool
    top: int | None
    output: str | None


@click.command(cls=CountsCommand)
@click.option(
    "-i", "-w", "--integral", "weights", flag_value="integral", help="Weigh lines by their last whole number."
)
@click.option("-f", "--fractional", "weights", flag_value="fractional", help="Weigh them by their last number.")
@click.option(
    "-e", "--erase", is_flag=True, help="Replace the weights by NNN, so that lines that differ in them are one."
)
@click.option("--prefix", metavar="TAG", help="Count only lines that begin with TAG, without it.")
@click.option(
    "--match", "pattern", metavar="REGEX", help="Count only lines that match, by the groups; (?<weight>…) weighs."
)
@click.option("--by", multiple=True, metavar="FIELD", help="Count by a field: NAME of NAME=value, or a word's number.")
@click.option("--both", is_flag=True, help="Two tables: by number and by weight.")
@click.option("--stats", is_flag=True, help="Mean, percentiles and spread of the weights of each key.")
@click.option("--histogram", is_flag=True, help="A histogram of the weights of each key.")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the first N keys.")
@click.option("--live", is_flag=True, help="Show the heaviest while lines arrive; other lines pass through.")
@click.option("--inside", is_flag=True, help="Count what PROGRAM counts in itself, in place of what it prints.")
@click.option("-o", "--output", type=click.Path(), help="Keep the counts as a profile.")
@click.option("--format", "form", type=click.Choice(["text", "json", "md", "csv"]), default="text", show_default=True)
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILES]… [-- PROGRAM]")
@click.pass_context
def command(
    ctx: click.Context, files: tuple[str, ...], weights: str | None, live: bool, inside: bool, **options: Any
) -> None:
    """Count equal lines of FILES, of standard input, or of what PROGRAM prints on stderr.

    Print a line at the interesting place, run the program, and count. Without --match and --by, all that stands on a
    line is its key. Files may be packed (gzip, zstd). The options -i, -w, -f and -e, and the table, are those of the
    program counts.

    \b
      ./program 2>&1 | pyrometer counts
      pyrometer counts -i -e --stats log.txt.gz
      pyrometer counts --prefix 'ID:' --live -- ./program --its-options
    """
    program = ctx.meta.get(_PROGRAM)
    asked = _Asked(**{name: options.pop(name) for name in _Asked._fields})
    _check(ctx, _Sources(files, program, inside, live), weights, asked, options)
    if inside and program:
        _count_inside(program, asked)
    try:
        _count(files, program, weights, live, asked, **options)
    except BrokenPipeError:
        # Whoever reads has had enough; that is no failure here.
        _read_by_nobody(sys.stdout)


def _check(ctx: click.Context, sources: _Sources, weights: str | None, asked: _Asked, options: dict[str, Any]) -> None:
    """Refuse what contradicts itself."""
    files, program, inside = sources.files, sources.program, sources.inside
    keyed = options["pattern"] is not None or options["by"]
    if files and program:
        raise WrongUsage("Count either FILES or what PROGRAM prints.", ctx)
    if inside and not program:
        raise WrongUsage("--inside needs a program after --.", ctx)
    if inside and (weights or options["erase"] or options["prefix"] is not None or keyed):
        raise WrongUsage("--inside counts keys as the program made them; it takes no options about lines.", ctx)
    if inside and (sources.live or asked.both or asked.stats or asked.histogram or asked.top or asked.form == "csv"):
        raise WrongUsage("--inside gives a summary as text, json or md; -o keeps the counts for every view.", ctx)
    if not {"", "0"}.isdisjoint(options["by"]):
        raise WrongUsage("--by takes a name, or a word's number: 1 the first, -1 the last.", ctx)
    if options["erase"] and keyed:
        raise WrongUsage("-e erases from whole lines; --match and --by choose the key instead.", ctx)
    if (asked.both, asked.stats, asked.histogram).count(True) > 1:
        raise WrongUsage("Choose one of --both, --stats and --histogram.", ctx)
    if asked.form != "text" and (asked.both or asked.histogram):
        raise WrongUsage(f"--format {asked.form} has all of it with --stats.", ctx)


def _count(
    files: tuple[str, ...], program: list[str] | None, weights: Any, live: bool, asked: _Asked, **options: Any
) -> None:
    from pyrometer.cli.live import watching
    from pyrometer.collect.lines import LineRules, count_files
    from pyrometer.tally import Counted

    spread = asked.both or asked.stats or asked.histogram
    if spread or _WEIGHT_GROUP.search(options["pattern"] or ""):
        weights = weights or "integral"
    detailed = spread or (asked.output is not None and weights is not None)
    # Weights of keys that have their weights in them are not spread at all.
    erase = options.pop("erase") or (spread and options["pattern"] is None and not options["by"] and not asked.both)
    rules = LineRules(weights or "unit", erase, detailed=detailed, **options)
    path = _output(asked.output, program)
    counting = rules.counting(live)
    selects = rules.prefix is not None or rules.pattern is not None
    with watching(live, selects, sys.stderr if program else sys.stdout, bool(program)) as to:
        if program:
            from pyrometer.collect.printed import count_stderr

            status, interrupted = count_stderr(counting, program, others=to.others, stdout=to.stdout, look=to.look)
        else:
            others = to.others if live else None
            interrupted = count_files(counting, _known(files), others=others, look=to.look)
            status = INTERRUPTED if interrupted else 0
    tally = counting.finish()
    counted = Counted(tally, rules.weights, tally.spread() if detailed else None, interrupted)
    with _ending_as(program, status):
        _print(counted, asked, sys.stderr if program else sys.stdout)
        _say(counted, rules, passed=bool(program) or live)
    if path:
        _keep(counted, path, program or [])
    end_like(status)


@contextmanager
def _ending_as(program: list[str] | None, status: int) -> Iterator[None]:
    """What goes wrong in this block is told with the status that a program ended with; nobody reading is no failure."""
    try:
        yield
    except BrokenPipeError:
        _read_by_nobody(sys.stderr if program else sys.stdout)
    except PyrometerError as error:
        if not program:
            raise
        from pyrometer.collect.printed import with_status

        raise with_status(error, status) from None


def _read_by_nobody(stream: Any) -> None:
    """Python flushes a stream once more at exit; into a closed pipe that would print an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _known(files: tuple[str, ...]) -> tuple[str, ...]:
    """``-`` is standard input, if it stands alone."""
    return () if files == ("-",) else files


def _output(output: str | None, program: list[str] | None) -> Path | None:
    if output is None:
        return None
    from pyrometer.collect.output import choose_output

    return choose_output(output, program or [], ())


def _print(counted: Any, asked: _Asked, stream: Any) -> None:
    stream.flush()
    if asked.form != "text":
        from pyrometer.show import tally

        write = {"json": tally.write_json, "csv": tally.write_csv, "md": tally.write_markdown}[asked.form]
        write(counted, asked.top, stream)
    elif asked.both:
        counted.spread.print(stream.fileno(), False, asked.top)
        os.write(stream.fileno(), b"\n")
        counted.spread.print(stream.fileno(), True, asked.top)
    elif asked.stats:
        from pyrometer.show.tally import spread_grid
        from pyrometer.show.text import console, show_grid

        show_grid(spread_grid(counted, asked.top), console(stream))
    elif asked.histogram:
        from pyrometer.show.tally import histogram

        for at, row in enumerate(counted.rows(asked.top)):
            click.echo(("\n" if at else "") + histogram(row), file=stream)
    elif counted.spread is not None:
        counted.spread.print(stream.fileno(), counted.weights != "unit", asked.top)
    else:
        counted.tally.print(stream.fileno(), asked.top)


def _say(counted: Any, rules: Any, passed: bool) -> None:
    """What is not in the table."""
    if counted.interrupted:
        with not_vital():
            click.echo("interrupted: these are the lines until then", err=True)
    left_out = counted.tally.left_out
    if not left_out or passed:
        return
    wanted = f"do not begin with {rules.prefix!r}" if rules.pattern is None else "do not match"
    with not_vital():
        click.echo(f"{left_out:,} of {counted.tally.lines:,} lines {wanted}, and were not counted", err=True)


def _keep(counted: Any, path: Path, program: list[str]) -> None:
    from pyrometer.collect.counts import with_facts
    from pyrometer.profile import ProfileData
    from pyrometer.tally import profile_of

    ProfileData(with_facts(profile_of(counted), program)).save(path)


def _count_inside(program: list[str], asked: _Asked) -> NoReturn:
    from pyrometer.cli.printing import print_summary
    from pyrometer.collect.counts import count_inside

    path = _output(asked.output, program)
    counted = count_inside(program)
    if path:
        counted.profile.save(path)
    with not_vital():
        print_summary(counted.profile, asked.form)
    end_like(counted.status)
    sys.exit(0)
