"""``pyrometer counts``: lines, counted."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, NoReturn

import click

from pyrometer.cli.counting import Asked, count_lines, output_path, read_by_nobody
from pyrometer.cli.passing import end_like
from pyrometer.cli.streams import not_vital

_PROGRAM = "pyrometer.counts.program"


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
    asked = Asked(**{name: options.pop(name) for name in Asked._fields})
    _check(ctx, _Sources(files, program, inside, live), weights, asked, options)
    if inside and program:
        _count_inside(program, asked)
    try:
        count_lines(files, program, weights, live, asked, **options)
    except BrokenPipeError:
        read_by_nobody(sys.stdout)


def _check(ctx: click.Context, sources: _Sources, weights: str | None, asked: Asked, options: dict[str, Any]) -> None:
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


def _count_inside(program: list[str], asked: Asked) -> NoReturn:
    from pyrometer.cli.printing import print_summary
    from pyrometer.collect.counts import count_inside

    path = output_path(asked.output, program)
    counted = count_inside(program)
    if path:
        counted.profile.save(path)
    with not_vital():
        print_summary(counted.profile, asked.form)
    end_like(counted.status)
    sys.exit(0)
