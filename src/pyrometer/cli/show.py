"""``pyrometer show``: views of a profile in the terminal."""

from __future__ import annotations

from typing import Any

import click

from pyrometer.cli.input import open_input
from pyrometer.cli.options import filters, output_format, split_filters
from pyrometer.cli.printing import print_view

VIEWS: dict[str, frozenset[str]] = {
    "summary": frozenset({"limit", "collapse_runtime"}),
    "top": frozenset({"limit", "min_percent", "by", "collapse_runtime"}),
    "tree": frozenset({"min_percent", "depth", "inverted", "collapse_runtime"}),
    "callers": frozenset({"limit", "min_percent", "function", "collapse_runtime"}),
    "callees": frozenset({"limit", "min_percent", "function", "collapse_runtime"}),
    "lines": frozenset({"limit", "min_percent", "collapse_runtime"}),
    "annotate": frozenset({"function"}),
    "binaries": frozenset({"limit", "min_percent"}),
}
"""The views, each with the options that have a meaning for it."""
METHODS = {"binaries": "binaries_view"}
"""Where the table has the view's name."""


@click.command()
@click.argument("file", required=False, type=click.Path(readable=False))
@click.option("--view", type=click.Choice(list(VIEWS)), default="top", show_default=True, help="What to show.")
@click.option("--function", metavar="NAME", help="Of callers, callees, annotate: the function.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Rows at most; default 20, summary 10.")
@click.option("--min-percent", type=click.FloatRange(0, 100), metavar="P", help="Rows from P % up; tree: 0.5.")
@click.option("--by", type=click.Choice(["self", "total"]), help="Of top: sort by; default self.")
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Of tree: levels at most.")
@click.option("--inverted", is_flag=True, help="Of tree: from the leaves to their callers.")
@filters
@output_format
def command(file: str | None, view: str, form: str, **options: Any) -> None:
    """Show FILE, or the newest profile of this folder.

    \b
      pyrometer show
      pyrometer show --view tree --focus parse --collapse-runtime
      pyrometer show app.pyro --view callers --function memcpy --format json
    """
    chosen, own = split_filters(options)
    given = {name: value for name, value in own.items() if value not in (None, False)}
    _check(view, given)
    profile = open_input(file)
    result = getattr(profile, METHODS.get(view, view))(**_arguments(view, given), **chosen)
    print_view(result, form, profile.path)


def _check(view: str, given: dict[str, Any]) -> None:
    """Refuse an option that would do nothing."""
    for name in sorted(set(given) - VIEWS[view]):
        option = f"--{name.replace('_', '-')}"
        for_views = ", ".join(each for each, known in VIEWS.items() if name in known)
        raise click.UsageError(f"{option} has no meaning for --view {view}; it is for: {for_views}")
    if "function" in VIEWS[view] and "function" not in given:
        raise click.UsageError(f"--view {view} needs --function NAME")


def _arguments(view: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options under the names of the Python API."""
    arguments = dict(given)
    if "min_percent" in arguments:
        arguments["min_share"] = arguments.pop("min_percent") / 100
    if "limit" in VIEWS[view]:
        arguments["n"] = arguments.pop("limit", 10 if view == "summary" else 20)
    return arguments
