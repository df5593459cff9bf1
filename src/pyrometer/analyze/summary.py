"""A recording at a glance: what was recorded, how well, and where its time went."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from pyrometer.analyze.basis import Basis, weigh
from pyrometer.analyze.lines import Lines, lines_of
from pyrometer.analyze.top import Top, top_of
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, Meta, Metric, ProfileData
from pyrometer.profile.reach import is_file


@frozen
class MetricTotal:
    """The sum of all samples of a metric."""

    metric: Metric
    total: int
    samples: int


@frozen
class Summary:
    """The hottest functions by self and by total, and the hottest lines."""

    basis: Basis
    meta: Meta
    cpus_used: float | None
    """CPU time of the program over the length of the recording; None if not measured."""
    metrics: tuple[MetricTotal, ...]
    by_self: Top
    by_total: Top
    """With ``collapse_runtime``."""
    lines: Lines
    file: str | None
    bytes_on_disk: int | None


def summary(profile: ProfileData, n: int = 10, **filters: Unpack[FilterOptions]) -> Summary:
    """The ``n`` hottest functions and lines of a profile, and what it is of.

    Of the metrics of a heap profile these are with ``hide_allocators``, unless that is said to be false.
    """
    meta = profile.meta
    path = profile.path
    weighed = weigh(profile, filters, by_self=True)
    # Every stack passes through the runtime's start-up: by total, those frames would fill the list.
    collapsed = replace(weighed.filters, collapse_runtime=True)
    return Summary(
        basis=weighed.basis,
        meta=meta,
        cpus_used=meta.cpu_time / meta.duration if meta.cpu_time and meta.duration else None,
        metrics=tuple(
            MetricTotal(metric, value, samples)
            for metric, (value, samples) in zip(profile.metric_list, profile.native.totals(), strict=True)
        ),
        by_self=top_of(weighed, n, "self"),
        by_total=top_of(replace(weighed, filters=collapsed), n, "total"),
        lines=lines_of(weighed, n),
        file=None if path is None else str(path),
        bytes_on_disk=path.stat().st_size if path is not None and is_file(path) else None,
    )
