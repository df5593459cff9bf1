"""Which metrics a view is asked for, and in which shape it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from pyrometer.api import Profile
from pyrometer.cli.derive import Derivation, derived

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--metric",
        multiple=True,
        metavar="NAME",
        help="Which metric, may be repeated; all: every one. Default: the first.",
    ),
    click.option("--sort", metavar="METRIC", help="Sort by this one; default: the first."),
    click.option(
        "--derive",
        multiple=True,
        type=Derivation(),
        help="A metric of your own, such as 'cost = Ir + 10 Bm'; repeatable.",
    ),
)
SEVERAL = ("top", "lines", "files", "callers", "callees", "tree", "annotate")
"""Views that have a column for each metric."""


def metrics(command: F) -> F:
    """``--metric``, ``--sort`` and ``--derive``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def in_columns(
    profile: Profile, view: str, names: Sequence[str], sort: str | None, given: Sequence[tuple[str, str]]
) -> dict[str, Any] | None:
    """The arguments that name the metrics of a view with a column for each; None if one metric alone is meant."""
    if view not in SEVERAL:
        return None
    from pyrometer.analyze import is_several

    exact = len(profile.metric_list) > 1 and all(metric.kind == "exact" for metric in profile.metric_list)
    # What stands on the command line is meant to be seen; what stands in a file is there to be asked for.
    chosen = [*names, *(name for name, _ in given if name not in names)] if names or given else []
    if not chosen and (sort is not None or (view == "annotate" and exact)):
        chosen = ["all"]
    if given and not names:
        chosen = [profile.metric_list[0].name, *chosen] if profile.metric_list else chosen
    # A formula is computed wherever it stands: one with the name of a recorded metric is an error.
    if view != "files" and not given and not is_several(profile, chosen, sort):
        return None
    return {"metrics": chosen or ["all"], "sort": sort, "derive": derived(given)}
