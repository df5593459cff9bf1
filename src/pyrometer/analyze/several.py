"""Every view that can show several metrics, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, cast

from pyrometer.analyze.columns import MetricsOptions
from pyrometer.analyze.metric_annotation import (
    MetricAnnotation,
    annotate_all,
    annotate_file,
    annotate_function,
    with_causal,
)
from pyrometer.analyze.metric_tables import (
    MetricTable,
    Shown,
    metric_files,
    metric_lines,
    metric_neighbours,
    metric_top,
)
from pyrometer.analyze.metric_tree import MetricTree, metric_tree
from pyrometer.analyze.source import SOURCES, Sources
from pyrometer.analyze.top import By
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData

TableView = Literal["top", "lines", "files", "callers", "callees"]
View = TableView | Literal["tree", "annotate"]
Several = MetricTable | MetricTree | MetricAnnotation


class ColumnsOptions(FilterOptions, total=False):
    """The keyword arguments of a view with several metrics."""

    sort: str | None
    """The metric that rows are sorted by; default: the first."""
    derive: Mapping[str, str] | None
    """Formulas of derived metrics by name."""
    n: int
    """Rows at most; default 20."""
    by: By
    """Of ``top``: by its own cost or with all it calls."""
    min_share: float | None
    """Of the metric sorted by, 0 to 1; default 0, of a tree 0.005, of all files 0.001."""
    depth: int | None
    """Of ``tree``: levels at most."""
    inverted: bool
    """Of ``tree``: from the leaves to their callers."""
    function: str | None
    """Of ``callers``, ``callees`` and ``annotate``."""
    file: str | None
    """Of ``annotate``: all of a file."""
    sources: Sources
    """Of ``annotate``: where sources are looked for, and how much of them is shown."""


@frozen
class Question:
    """What to show of a view; each view looks at the fields that have a meaning for it."""

    n: int = 20
    by: By = "self"
    min_share: float | None = None
    """Default: 0; of a tree 0.005, of all files 0.001."""
    depth: int | None = None
    inverted: bool = False
    function: str | None = None
    file: str | None = None
    sources: Sources = SOURCES
    filters: FilterOptions = field(default_factory=FilterOptions)

    @property
    def shown(self) -> Shown:
        """Which rows of a table."""
        return Shown(self.n, self.min_share or 0.0, self.by)


def several(profile: ProfileData, view: View, metrics: Sequence[str], options: ColumnsOptions) -> Several:
    """A view with a column for each metric; a :class:`ValueError` for one that has none."""
    if view not in _VIEWS:
        raise ValueError(f"view is one of {', '.join(_VIEWS)}, not {view!r}")
    rest: dict[str, Any] = dict(options)
    chosen = MetricsOptions(tuple(metrics), rest.pop("sort", None), rest.pop("derive", None))
    asked = {name: rest.pop(name) for name in _ASKED if name in rest}
    return _VIEWS[view](profile, chosen, Question(**asked, filters=cast(FilterOptions, rest)))


_ASKED = ("n", "by", "min_share", "depth", "inverted", "function", "file", "sources")


def _callers(profile: ProfileData, options: MetricsOptions, question: Question) -> Several:
    return metric_neighbours(profile, options, _function(question), "callers", question.shown, **question.filters)


def _callees(profile: ProfileData, options: MetricsOptions, question: Question) -> Several:
    return metric_neighbours(profile, options, _function(question), "callees", question.shown, **question.filters)


def _function(question: Question) -> str:
    if question.function is None:
        raise ValueError("the view needs a function")
    return question.function


def _tree(profile: ProfileData, options: MetricsOptions, question: Question) -> Several:
    min_share = 0.005 if question.min_share is None else question.min_share
    return metric_tree(profile, options, min_share, question.depth, question.inverted, **question.filters)


def _annotate(profile: ProfileData, options: MetricsOptions, question: Question) -> Several:
    return with_causal(profile, _annotated(profile, options, question))


def _annotated(profile: ProfileData, options: MetricsOptions, question: Question) -> MetricAnnotation:
    if question.function is not None:
        return annotate_function(profile, options, question.function, question.sources, **question.filters)
    if question.file is not None:
        return annotate_file(profile, options, question.file, question.sources, **question.filters)
    min_share = 0.001 if question.min_share is None else question.min_share
    return annotate_all(profile, options, min_share, question.sources, **question.filters)


_VIEWS: dict[str, Callable[[ProfileData, MetricsOptions, Question], Any]] = {
    "top": lambda profile, options, question: metric_top(profile, options, question.shown, **question.filters),
    "lines": lambda profile, options, question: metric_lines(profile, options, question.shown, **question.filters),
    "files": lambda profile, options, question: metric_files(profile, options, question.shown, **question.filters),
    "callers": _callers,
    "callees": _callees,
    "tree": _tree,
    "annotate": _annotate,
}
