"""``pyrometer diff``: two profiles of the same program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pyrometer.cli.derive import Derivation, derived
from pyrometer.cli.input import open_input
from pyrometer.cli.options import Percent, many_filters, output_format

if TYPE_CHECKING:
    from pyrometer.analyze import Diff, Difference
    from pyrometer.api import Profile

_BY = ["function", "line", "file", "binary"]
_NAMED = 5
"""So many of what grew are named."""
_HOW = ("by", "inclusive", "normalize", "mod_filename", "mod_funcname")


@click.command()
@click.argument("before", type=click.Path(readable=False))
@click.argument("after", type=click.Path(readable=False))
@click.option("--by", type=click.Choice(_BY), default="function", show_default=True, help="What is compared.")
@click.option("--metric", multiple=True, metavar="NAME", help="Which metric, may be repeated; all: every one.")
@click.option("--derive", multiple=True, type=Derivation(), help="A metric of your own: see pyrometer show.")
@click.option("--inclusive", is_flag=True, help="With all they call, instead of by themselves.")
@click.option("--normalize", is_flag=True, help="Shares of the total, instead of values.")
@click.option("--threshold", type=Percent(0, 100), default=0.0, metavar="P", help="Rows that differ by P %.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Rows at most.")
@click.option("--mod-filename", multiple=True, metavar="s/OLD/NEW/", help="Change file names; flags g, i; repeatable.")
@click.option(
    "--mod-funcname", multiple=True, metavar="s/OLD/NEW/", help="Change function names; flags g, i; repeatable."
)
@click.option("--fail-above", type=Percent(min=0), metavar="P", help="End with 1 if anything grew by P %.")
@many_filters
@output_format
def command(before: str, after: str, form: str, **options: Any) -> int:
    """Compare two profiles: what costs more in AFTER, what costs less, and whether that is more than noise.

    Exact counts are compared exactly. Differences of samples have a 95 % interval; what may be noise is marked.
    --fail-above is of the total before: of everything, or of one row, beyond noise.

    \b
      pyrometer diff old.pyro new.pyro
      pyrometer diff old.pyro new.pyro --normalize --by file --mod-filename 's,/build[0-9]+/,/,'
      pyrometer diff cachegrind.out.1 cachegrind.out.2 --metric all --format json
      pyrometer diff main.pyro branch.pyro --fail-above 2
    """
    limit, fail_above, given = (options.pop(name) for name in ("limit", "fail_above", "derive"))
    how = {name: options.pop(name) for name in _HOW} | {"threshold": options.pop("threshold") / 100}
    if fail_above is not None and how["threshold"] > fail_above / 100:
        raise click.UsageError("--threshold leaves rows out that --fail-above looks for: give it at most the same P.")
    names = options.pop("metric") or (None,)
    old, new = open_input(before), open_input(after)
    if "all" in names:
        names = _in_both(old, new)
    formulas = derived(given)
    views = [old.diff(new, metric=name, derive=formulas, **how, **options) for name in names]
    _print(views, form, limit)
    grown = [] if fail_above is None else [(view, one) for view in views for one in view.above(fail_above / 100)]
    for view, one in grown[:_NAMED]:
        name = f"{one.name or '(all)'} {view.column.name}"
        click.echo(f"above {fail_above:g} %: {name} grew {_growth(view, one)}", err=True)
    if grown[_NAMED:]:
        click.echo(f"above {fail_above:g} %: {len(grown) - _NAMED:,} more", err=True)
    return int(bool(grown))


def _growth(view: Diff, one: Difference) -> str:
    """By how much: what a row grew by is a part of all there was, which the row itself may be little of."""
    if not view.total.before:
        return "from nothing"
    of = " of all" if one is not view.total else ""
    return f"by {100 * one.difference / abs(view.total.before):.1f} %{of}"


def _in_both(old: Profile, new: Profile) -> tuple[str | None, ...]:
    """The metrics of both profiles; what only one has is said."""
    known = [list(dict.fromkeys(metric.name for metric in profile.metric_list)) for profile in (old, new)]
    alone = [name for name in dict.fromkeys(known[0] + known[1]) if name not in known[0] or name not in known[1]]
    common = tuple(name for name in known[0] if name not in alone)
    if alone and common:
        click.echo(f"left out, for only one of both has them: {', '.join(alone)}", err=True)
    return common or (None,)


def _print(views: list[Any], form: str, limit: int) -> None:
    from pyrometer.show import diff

    if form == "json":
        from pyrometer.show import json

        click.echo(json.render_all(views), nl=False)
        return
    grids = diff.limited(views[0], limit) if len(views) == 1 else diff.side_by_side(views, limit)
    if form == "md":
        from pyrometer.show import markdown

        click.echo(markdown.render_grids(grids))
        return
    from pyrometer.show.text import console, show_grid

    target = console()
    for grid in grids:
        show_grid(grid, target)
