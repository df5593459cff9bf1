"""Each view as grids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch
from pathlib import PurePath

from pyrometer.analyze import (
    Accesses,
    Annotation,
    Assembly,
    Basis,
    Binaries,
    Causal,
    Diff,
    Estimate,
    Lines,
    MetricAnnotation,
    MetricTable,
    MetricTree,
    Neighbours,
    Node,
    SourceListing,
    Stat,
    Summary,
    Top,
    Tree,
)
from pyrometer.profile import Metric, units
from pyrometer.show import accesses, causal, diff, guides, metrics, words
from pyrometer.show.grid import Cell, Column, Grid, Row
from pyrometer.show.headline import headline
from pyrometer.show.lines import code, line_name
from pyrometer.show.stat import stat_grids


def share_columns(basis: Basis, title: str) -> list[Column]:
    """A share in percent, its bar, and (for a sampled metric) its interval."""
    columns = [Column(f"{title} %", "number"), Column("", "bar")]
    return columns if basis.metric.kind == "exact" else [*columns, Column("95 %", "number")]


def share_cells(basis: Basis, estimate: Estimate) -> list[Cell]:
    """The cells of :func:`share_columns`."""
    cells: list[Cell] = [words.share(estimate), estimate.share]
    return cells if basis.metric.kind == "exact" else [*cells, words.interval(estimate)]


@singledispatch
def grids(view: object) -> list[Grid]:
    """The grids of a view; a :class:`TypeError` for what is no view."""
    raise TypeError(f"{type(view).__name__} is no view")


@grids.register
def _top(view: Top) -> list[Grid]:
    other = "total" if view.by == "self" else "self"
    columns = [
        *share_columns(view.basis, view.by),
        Column(f"{other} %", "number"),
        Column("function", "name"),
    ]
    names = words.places([row.place for row in view.rows])
    rows = [
        Row([*share_cells(view.basis, shown), words.share(rest), name])
        for row, name in zip(view.rows, names, strict=True)
        for shown, rest in [(row.self, row.total) if view.by == "self" else (row.total, row.self)]
    ]
    heading = f"{words.heading(view.basis, 'functions', view.by)} · {words.total(view.basis)}"
    notes = [*words.levels(row.place for row in view.rows), *_rest(len(rows), view.functions, "function")]
    return [Grid(heading, columns, rows, notes)]


@grids.register
def _stat(view: Stat) -> list[Grid]:
    return stat_grids(view)


@grids.register
def _accesses(view: Accesses) -> list[Grid]:
    return [accesses.grid(view)]


@grids.register
def _causal(view: Causal) -> list[Grid]:
    return [causal.grid(view)]


@grids.register
def _summary(view: Summary) -> list[Grid]:
    first, *facts = headline(view, width=1000)
    notes = [f"note: {note}" for note in view.meta.notes]
    parts = (part for each in (view.by_self, view.by_total, view.lines) for part in grids(each))
    return [Grid(first, [], [], [*facts, *notes]), *parts]


@grids.register
def _lines(view: Lines) -> list[Grid]:
    columns = [
        *share_columns(view.basis, "self"),
        Column("total %", "number"),
        Column("line"),
        Column("function", "name"),
    ]
    rows = [
        Row([*share_cells(view.basis, row.self), words.share(row.total), line_name(row.file, row.line), row.function])
        for row in view.rows
    ]
    heading = f"{words.heading(view.basis, 'source lines')} · {words.total(view.basis)}"
    notes = _rest(len(rows), view.lines, "line")
    if not view.lines and view.basis.total:
        notes = ["no line numbers: a program has them if it is built with debug info, e.g. -g or debug = 1"]
    return [Grid(heading, columns, rows, notes)]


@grids.register
def _binaries(view: Binaries) -> list[Grid]:
    columns = [*share_columns(view.basis, "self"), Column("names from"), Column("binary", "name")]
    rows = [Row([*share_cells(view.basis, row.self), _source_kind(row.symbols_from), row.path]) for row in view.rows]
    heading = f"Where names come from · {words.total(view.basis)}"
    files = [f"{PurePath(row.path).name}: {row.symbols_from}" for row in view.rows if ":" in row.symbols_from]
    missing = [f"missing: {row.missing}" for row in view.rows if row.missing]
    is_cachegrinds = view.basis.metric.name == "Ir" and not view.rows
    counted = ", for Cachegrind tells none: pyrometer instructions --calls does" if is_cachegrinds else ""
    unknown = [f"{words.share(view.unknown)} % is of code whose binary is not in the profile{counted}"]
    rest = _rest(len(rows), view.binaries, "binary", "binaries")
    return [Grid(heading, columns, rows, [*files, *missing, *(unknown if view.unknown.value else []), *rest])]


def _source_kind(symbols_from: str) -> str:
    return symbols_from.split(":", 1)[0]


@grids.register
def _tree(view: Tree) -> list[Grid]:
    sampled = view.basis.metric.kind != "exact"
    columns = [
        Column("total %", "number"),
        *([Column("95 %", "number")] if sampled else []),
        *([] if view.inverted else [Column("self %", "number")]),
        Column("function", "name"),
    ]
    rows = [
        Row(_node_cells(node, sampled, view.inverted), guide, node.inlined) for guide, node in guides.draw(view.roots)
    ]
    way = "from the leaves to their callers" if view.inverted else "from the root"
    estimate = ", estimate" if view.basis.paths == "estimate" else ""
    hidden = [f"{words.plural(view.hidden, 'smaller or deeper node')} hidden"] if view.hidden else []
    notes = [*words.levels(node.place for _, node in view.walk()), *hidden]
    return [Grid(f"Call tree {way}{estimate} · {words.total(view.basis)}", columns, rows, notes)]


def _node_cells(node: Node, sampled: bool, inverted: bool) -> list[Cell]:
    interval = [words.interval(node.total)] if sampled else []
    # Upside down, what "ends" in a node is what has no further caller: of no use to a reader.
    own = [] if inverted else [words.share(node.self)]
    return [words.share(node.total), *interval, *own, words.place(node.place)]


@grids.register
def _neighbours(view: Neighbours) -> list[Grid]:
    counted = view.basis.paths == "calls"
    calls = [Column("calls", "number")] if counted else []
    columns = [*share_columns(view.basis, "edge"), *calls, Column("function", "name")]
    names = words.places([row.place for row in view.rows])
    rows = [
        Row([*share_cells(view.basis, row.edge), *([f"{row.edge.count:,}"] if counted else []), name])
        for row, name in zip(view.rows, names, strict=True)
    ]
    inside = any(row.edge.count and not row.edge.value for row in view.rows) if counted else False
    notes = [
        *(["calls inside of a cycle, and of a function to itself, have no cost of their own"] if inside else []),
        *words.levels(row.place for row in view.rows),
        f"{view.function}: self {words.share(view.self)} %, total {words.share(view.total)} %",
        *_rest(len(rows), view.neighbours, view.direction[:-1]),
    ]
    heading = f"{view.direction.capitalize()} of {view.function} · {words.total(view.basis)}"
    return [Grid(heading, columns, rows, notes)]


grids.register(Diff, diff.limited)
grids.register(MetricTable, metrics.table)
grids.register(MetricTree, metrics.tree)
grids.register(MetricAnnotation, metrics.annotation)


@grids.register
def _annotation(view: Annotation) -> list[Grid]:
    shares = f"self {words.share(view.self)} %, total {words.share(view.total)} % of {words.total(view.basis)}"
    parts = [
        *(_source(source, view.basis.metric) for source in view.sources),
        *(_assembly(listing, view.basis.metric) for listing in view.assembly),
    ]
    return [Grid(view.function, [], [], [shares]), *parts, *causal.part(view.causal)]


def _source(source: SourceListing, metric: Metric) -> Grid:
    columns = [
        Column("self %", "number"),
        Column(_counted(metric), "number"),
        Column("total %", "number"),
        Column("line", "number"),
        Column("source", "code"),
    ]
    rows: list[Row] = []
    before = None
    for line in source.lines:
        if before is not None and line.line > before + 1:
            rows.append(Row(["", "", "", "…", ""], quiet=True))
        before = line.line
        cells = [*_costs(line.self, metric), _percent(line.total), str(line.line), code(line.text)]
        rows.append(Row(cells, quiet=not line.total.count))
    notes = [f"no source: {source.missing}"] if source.missing else []
    if source.changed:
        notes.append("the file changed after the recording: its lines may have moved")
    return Grid(source.path, columns, rows, notes)


def _assembly(listing: Assembly, metric: Metric) -> Grid:
    columns = [
        Column("self %", "number"),
        Column(_counted(metric), "number"),
        Column("address", "number"),
        Column("instruction"),
        Column("line"),
        Column("compiled from", "name"),
    ]
    rows = list(_instruction_rows(listing, metric))
    notes = [f"no machine code: {listing.missing}"] if listing.missing else []
    return Grid(f"{PurePath(listing.binary).name}: {listing.symbol or 'addresses'}", columns, rows, notes)


def _instruction_rows(listing: Assembly, metric: Metric) -> Iterable[Row]:
    before = None
    for at, one in enumerate(listing.instructions):
        if one.gap and at:
            yield Row(["", "", "…", "", "", ""], quiet=True)
        place = (line_name(one.file, one.line), one.function)
        origin = place if place != before else ("", "")
        before = place
        # A jump inside the symbol needs the offset alone.
        text = one.text.replace(f"{listing.symbol}+", "+") if listing.symbol else one.text
        yield Row([*_costs(one.self, metric), f"{one.address:x}", text, *origin], quiet=not one.self.count)


def _counted(metric: Metric) -> str:
    """What the costs of a line are counted in: a metric that is not sampled has no samples."""
    return metric.name if metric.kind == "exact" else "samples"


def _costs(estimate: Estimate, metric: Metric) -> list[Cell]:
    if not estimate.count:
        return ["", ""]
    exact = metric.kind == "exact"
    return [_percent(estimate), units.value(estimate.value, metric.unit) if exact else f"{estimate.count:,}"]


def _percent(estimate: Estimate) -> str:
    return words.share(estimate) if estimate.count else ""


def _rest(shown: int, known: int, noun: str, nouns: str = "") -> Sequence[str]:
    several = f"{known:,} {nouns}" if nouns else words.plural(known, noun)
    return [f"{shown} of {several} shown"] if shown < known else []
