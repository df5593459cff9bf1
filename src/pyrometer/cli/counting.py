"""Lines, counted and printed as ``pyrometer counts`` was asked; without click, for most counts need none of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from pyrometer.cli.passing import end_like
from pyrometer.cli.streams import not_vital
from pyrometer.errors import PyrometerError

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = 130
_WEIGHT_GROUP = re.compile(r"\(\?P?<weight>")


class Asked(NamedTuple):
    """What to print, and what to keep."""

    form: str = "text"
    both: bool = False
    stats: bool = False
    histogram: bool = False
    top: int | None = None
    output: str | None = None


def count_lines(
    files: tuple[str, ...], program: list[str] | None, weights: Any, live: bool, asked: Asked, **options: Any
) -> None:
    """Count the lines of files, of standard input, or of what a program prints; print what was asked, and end.

    Args:
        files: paths; none, or ``-`` alone, is standard input.
        program: the program and its arguments.
        weights: as of :class:`~pyrometer.collect.lines.LineRules`, None if none are asked for.
        live: whether to show the heaviest meanwhile.
        asked: what to print.
        options: ``erase``, ``prefix``, ``pattern`` and ``by``, as of the rules.
    """
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
    path = output_path(asked.output, program, files)
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
        read_by_nobody(sys.stderr if program else sys.stdout)
    except PyrometerError as error:
        if not program:
            raise
        from pyrometer.collect.printed import with_status

        raise with_status(error, status) from None


def read_by_nobody(stream: Any) -> None:
    """Whoever reads has had enough: that is no failure here.

    Python flushes a stream once more at exit; into a closed pipe that would print an error.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _known(files: tuple[str, ...]) -> tuple[str, ...]:
    """``-`` is standard input, if it stands alone."""
    return () if files == ("-",) else files


def output_path(output: str | None, program: list[str] | None, files: tuple[str, ...] = ()) -> Path | None:
    """Where to keep the counts, which is none of the files that are counted; None if they are not kept."""
    if output is None:
        return None
    from pathlib import Path

    from pyrometer.collect.output import choose_output
    from pyrometer.profile.target import check_apart

    check_apart(Path(output), map(Path, files))
    return choose_output(output, program or [], ())


def _print(counted: Any, asked: Asked, stream: Any) -> None:
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
            print(("\n" if at else "") + histogram(row), file=stream)
    elif counted.spread is not None:
        counted.spread.print(stream.fileno(), counted.weights != "unit", asked.top)
    else:
        counted.tally.print(stream.fileno(), asked.top)


def _say(counted: Any, rules: Any, passed: bool) -> None:
    """What is not in the table."""
    if counted.interrupted:
        with not_vital():
            print("interrupted: these are the lines until then", file=sys.stderr)
    left_out = counted.tally.left_out
    if not left_out or passed:
        return
    wanted = f"do not begin with {rules.prefix!r}" if rules.pattern is None else "do not match"
    with not_vital():
        print(f"{left_out:,} of {counted.tally.lines:,} lines {wanted}, and were not counted", file=sys.stderr)


def _keep(counted: Any, path: Path, program: list[str]) -> None:
    from pyrometer.collect.counts import with_facts
    from pyrometer.profile import ProfileData
    from pyrometer.tally import profile_of

    ProfileData(with_facts(profile_of(counted), program)).save(path)
