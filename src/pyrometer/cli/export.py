"""``pyrometer export``: a profile for another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyrometer.api import Profile
from pyrometer.cli.input import open_input
from pyrometer.cli.options import STDOUT, filters, real_output
from pyrometer.formats import FORMATS, Format, by_name

_NAMES = [each.name for each in FORMATS if each.name != "flamegraph"]
_SUFFIXES = (".recording", ".pyro")


@click.command()
@click.argument("file", required=False, type=click.Path(readable=False))
@click.option(
    "--to", "target", type=click.Choice(_NAMES), required=True, metavar="FORMAT", help=f"One of {', '.join(_NAMES)}."
)
@click.option("-o", "--output", type=click.Path(), help="Where to, - is stdout; default: beside FILE.")
@click.option("--inverted", is_flag=True, help="Of folded: from the leaves to their callers.")
@filters
def command(file: str | None, target: str, output: str | None, inverted: bool, **chosen: Any) -> None:
    """Write FILE, or the newest profile of this folder, in another tool's format.

    \b
      pyrometer export --to pprof -o app.pb.gz
      pyrometer export app.pyro --to speedscope
    """
    profile = open_input(file)
    known = by_name(target)
    path = real_output(output) or beside(profile.path or Path("profile"), known.suffix)
    left_out = profile.export(target, path, inverted, **chosen)
    if any(chosen.values()) and _selects_nothing(profile, known, chosen):
        click.echo("no samples: the filters leave none", err=True)
    if left_out:
        click.echo(f"left out, for {target} has no place for it: {'; '.join(left_out)}", err=True)
    if path != STDOUT:
        click.echo(f"wrote {path}, for {known.title}", err=True)


def _selects_nothing(profile: Profile, known: Format, chosen: dict[str, Any]) -> bool:
    """Whether the filters leave no sample of any metric that the format holds."""
    held = [chosen["metric"]] if "metric" in known.options else [metric.name for metric in profile.metric_list]
    each: list[dict[str, Any]] = [{**chosen, "metric": metric} for metric in held]
    return not any(profile.top(1, **filters).basis.samples for filters in each)


def beside(path: Path, suffix: str) -> str:
    """The profile's path with another suffix."""
    name = path.name
    for old in _SUFFIXES:
        name = name.removesuffix(old)
    return str(path.with_name(f"{name}{suffix}"))
