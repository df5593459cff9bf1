"""``pyrometer show``: views of a profile in the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pyrometer.cli.derive import derived
from pyrometer.cli.input import open_input
from pyrometer.cli.metrics import SEVERAL, in_columns, metrics
from pyrometer.cli.options import FRAMES, Percent, many_filters, output_format, split_filters
from pyrometer.cli.printing import print_view
from pyrometer.cli.sources import SOURCES, sources, sources_of
from pyrometer.errors import FunctionNotFoundError

if TYPE_CHECKING:
    from pyrometer.api import Profile

VIEWS: dict[str, frozenset[str]] = {
    "summary": frozenset({"limit", *FRAMES}),
    "top": frozenset({"limit", "min_percent", "by", *FRAMES}),
    "tree": frozenset({"min_percent", "depth", "inverted", *FRAMES}),
    "callers": frozenset({"limit", "min_percent", "function", *FRAMES}),
    "callees": frozenset({"limit", "min_percent", "function", *FRAMES}),
    "lines": frozenset({"limit", "min_percent", *FRAMES}),
    "files": frozenset({"limit", "min_percent", *FRAMES}),
    "annotate": frozenset({"function", "source", "every", "min_percent", "hide_allocators", *SOURCES}),
    "binaries": frozenset({"limit", "min_percent"}),
    "stat": frozenset({"derive"}),
    "accesses": frozenset({"limit"}),
    "causal": frozenset({"limit"}),
}
"""The views, each with the options that have a meaning for it; those of :data:`SEVERAL` have ``--sort`` and
``--derive`` too."""
METHODS = {"binaries": "binaries_view"}
"""Where the table has the view's name."""
OPTIONS = {"source": "--file", "every": "--all"}
"""Where Python has another use for the word."""


@click.command()
@click.argument("file", required=False, type=click.Path(readable=False))
@click.option(
    "--view",
    type=click.Choice(list(VIEWS)),
    help="What to show; default: top; of pyrometer stat's runs stat, of experiments causal.",
)
@click.option("--function", metavar="NAME", help="Of callers, callees, annotate: the function.")
@click.option("--file", "source", metavar="PATH", help="Of annotate: a whole source file.")
@click.option("--all", "every", is_flag=True, help="Of annotate: every source file from --min-percent up.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Rows at most; default 20, summary 10.")
@click.option("--min-percent", type=Percent(0, 100), metavar="P", help="Rows from P % up; tree: 0.5, --all: 0.1.")
@click.option("--by", type=click.Choice(["self", "total"]), help="Of top: sort by; default self.")
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Of tree: levels at most.")
@click.option("--inverted", is_flag=True, help="Of tree: from the leaves to their callers.")
@sources
@metrics
@many_filters
@output_format
def command(file: str | None, view: str | None, form: str, **options: Any) -> None:
    """Show FILE, or the newest profile of this folder.

    \b
      pyrometer show
      pyrometer show --view tree --focus parse --collapse-runtime
      pyrometer show app.pyro --view callers --function memcpy --format json
      pyrometer show callgrind.out.1 --metric Ir --metric D1mr --metric CEst
    """
    chosen, own = split_filters(options)
    names, sort, given = chosen.pop("metric"), own.pop("sort"), own.pop("derive")
    set_options = {name: value for name, value in own.items() if is_given(name, value)}
    set_options |= ({"sort": sort} if sort else {}) | ({"derive": given} if given else {})
    if view is not None:
        _check(view, set_options)
    profile = open_input(file)
    if view is None:
        view = _default(profile)
        _check(view, set_options)
    if view == "stat":
        _refuse_filters(view, names, chosen)
        print_view(profile.stat(derived(given)), form, profile)
        return
    if view in ("accesses", "causal"):
        _refuse_filters(view, names, chosen)
        print_view(getattr(profile, view)(own["limit"] or 20), form, profile)
        return
    for name in ("sort", "derive"):
        set_options.pop(name, None)
    shown = answer(profile, view, (names, sort, given), set_options, chosen)
    print_view(shown, form, profile, chosen | {name: own[name] for name in FRAMES})


def _default(profile: Profile) -> str:
    """What a profile is of first of all."""
    if profile.meta.instrument == "stat":
        return "stat"
    return "causal" if len(profile.experiments) else "top"


def _refuse_filters(view: str, names: tuple[str, ...], chosen: dict[str, Any]) -> None:
    """Of a run that is whole, and of what is no metric, there is no part to choose."""
    given = [name for name, value in {"metric": names, **chosen}.items() if value]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} has no meaning for --view {view}")


@contextmanager
def _advice_names(profile: Profile) -> Iterator[None]:
    """An error in this block that advises to list the functions says of what file."""
    try:
        yield
    except FunctionNotFoundError as error:
        if profile.path and error.cure == error.default_cure:
            error.cure = f"list the functions: pyrometer show {shlex.quote(str(profile.path))} --view top"
        raise


def answer(
    profile: Any,
    view: str,
    which: tuple[tuple[str, ...], str | None, tuple[tuple[str, str], ...]],
    given: dict[str, Any],
    chosen: dict[str, Any],
) -> object:
    """The view that is asked for: of one metric, or with a column for each of several."""
    with _advice_names(profile):
        arguments = _arguments(view, given)
        listing = arguments.pop("every", False) or "file" in arguments
        if view == "annotate":
            arguments["sources"] = sources_of(arguments)
        columns = in_columns(profile, view, *which)
        if listing and columns is None:
            columns = {"metrics": which[0] or [profile.metric_list[0].name]}
        if columns is not None:
            return profile.metric_columns(view, **columns, **arguments, **chosen)
        arguments.pop("min_share", None) if view == "annotate" else None
        metric = which[0][0] if which[0] else None
        if view not in SEVERAL and (len(which[0]) > 1 or metric == "all"):
            raise click.UsageError(f"--view {view} is of one --metric")
        return getattr(profile, METHODS.get(view, view))(**arguments, metric=metric, **chosen)


def is_given(name: str, value: object) -> bool:
    """Whether an option stands on the command line; that no allocator is to be hidden is said, too."""
    return value not in (None, ()) and (value is not False or name == "hide_allocators")


def _check(view: str, given: dict[str, Any]) -> None:
    """Refuse an option that would do nothing."""
    known = {name: names | ({"sort", "derive"} if name in SEVERAL else set()) for name, names in VIEWS.items()}
    for name in sorted(set(given) - known[view]):
        option = OPTIONS.get(name, f"--{name.replace('_', '-')}")
        for_views = ", ".join(each for each, names in known.items() if name in names)
        raise click.UsageError(f"{option} has no meaning for --view {view}; it is for: {for_views}")
    if view == "annotate":
        check_annotate(given, "--view annotate needs one of --function NAME, --file PATH and --all")
    elif "function" in VIEWS[view] and "function" not in given:
        raise click.UsageError(f"--view {view} needs --function NAME")


def check_annotate(given: dict[str, Any], needed: str) -> None:
    """One thing is annotated; ``needed`` says what can be."""
    if sum(name in given for name in ("function", "source", "every")) != 1:
        raise click.UsageError(needed)
    if "min_percent" in given and "every" not in given:
        raise click.UsageError("--min-percent has no meaning for annotate without --all")


def _arguments(view: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options under the names of the Python API."""
    arguments = dict(given)
    if "min_percent" in arguments:
        arguments["min_share"] = arguments.pop("min_percent") / 100
    if "source" in arguments:
        arguments["file"] = arguments.pop("source")
    if "limit" in VIEWS[view]:
        arguments["n"] = arguments.pop("limit", 10 if view == "summary" else 20)
    return arguments
