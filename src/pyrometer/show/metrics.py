"""Views with several metrics as grids: a column each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyrometer.analyze import (
    Amount,
    MetricAnnotation,
    MetricColumn,
    MetricListing,
    MetricRow,
    MetricTable,
    MetricTree,
)
from pyrometer.profile import units
from pyrometer.show import causal, guides, words
from pyrometer.show.grid import Cell, Column, Figure, Grid, Row
from pyrometer.show.lines import code, line_name

ALL = "(all)"
NOUNS = {"top": "function", "lines": "line", "files": "file", "callers": "caller", "callees": "callee"}


def table(view: MetricTable) -> list[Grid]:
    """The grid of a table; what is in all of the profile first."""
    kind = "called" if any(row.calls is not None for row in view.rows) else view.kind
    place, titles = _PLACES.get(kind, (_function, [Column("function", "name")]))
    rows = [
        Row([*totals(view.columns), *[""] * (len(titles) - 1), ALL], quiet=True),
        *(
            Row([*figures(view.columns, _shown(view, row)), *place(row, name)])
            for row, name in zip(view.rows, words.places([row.place for row in view.rows]), strict=True)
        ),
    ]
    many = words.plural(view.known, NOUNS[view.kind])
    notes = words.levels(row.place for row in view.rows)
    notes += [f"{len(view.rows)} of {many} shown"] if len(view.rows) < view.known else []
    return [Grid(_heading(view), [*columns(view.columns), *titles], rows, [*notes, *_formulas(view.columns)])]


def _shown(view: MetricTable, row: MetricRow) -> Sequence[Amount]:
    return row.self if view.by == "self" else row.total


def _heading(view: MetricTable) -> str:
    sort = view.columns[0].name
    if view.function is not None:
        return f"{view.kind.capitalize()} of {view.function} by {sort}"
    noun = {"top": "functions", "lines": "source lines", "files": "files"}[view.kind]
    return words.heading(view.basis, noun, f"{view.by} {sort}")


def _function(_: MetricRow, name: str) -> list[Cell]:
    return [name]


def _called(row: MetricRow, name: str) -> list[Cell]:
    return ["" if row.calls is None else f"{row.calls:,}", name]


def _line(row: MetricRow, _: str) -> list[Cell]:
    return [line_name(row.place.file, row.place.line), words.place(row.place)]


def _file(row: MetricRow, _: str) -> list[Cell]:
    return [row.place.name]


_PLACES = {
    "called": (_called, [Column("calls", "number"), Column("function", "name")]),
    "lines": (_line, [Column("line"), Column("function", "name")]),
    "files": (_file, [Column("file", "name")]),
}


def tree(view: MetricTree) -> list[Grid]:
    """The grid of a tree; its columns are totals."""
    rows = [
        Row([*figures(view.columns, node.total), words.place(node.place)], guide, node.inlined)
        for guide, node in guides.draw(view.roots)
    ]
    way = "from the leaves to their callers" if view.inverted else "from the root"
    estimate = ", estimate" if view.basis.paths == "estimate" else ""
    hidden = [f"{words.plural(view.hidden, 'smaller or deeper node')} hidden"] if view.hidden else []
    heading = f"Call tree {way}{estimate}, by total {view.columns[0].name}"
    titles = [*columns(view.columns), Column("function", "name")]
    levels = words.levels(node.place for _, node in view.walk())
    return [Grid(heading, titles, rows, [*levels, *hidden, *_formulas(view.columns)])]


def annotation(view: MetricAnnotation) -> list[Grid]:
    """What there is of all, then a grid a file."""
    titles = [*columns(view.columns), Column("", "name")]
    rows = [Row([*totals(view.columns), ALL])]
    if any(amount.value for amount in view.elsewhere):
        rows.append(Row([*figures(view.columns, view.elsewhere), "in no known line"], quiet=True))
    rows.extend(Row([*figures(view.columns, file.self), file.path]) for file in view.files)
    notes = [f"{words.plural(view.small, 'smaller file')} left out"] if view.small else []
    heading = view.function or f"Source files by {view.columns[0].name}"
    return [
        Grid(heading, titles, rows, [*notes, *_formulas(view.columns)]),
        *(_listing(view.columns, file) for file in view.files),
        *causal.part(view.causal),
    ]


def _listing(chosen: Sequence[MetricColumn], file: MetricListing) -> Grid:
    calls = any(line.total[0].value != line.self[0].value for line in file.lines)
    total = [MetricColumn(f"{chosen[0].name}-with-calls", *_rest(chosen[0]))] if calls else []
    shown = [chosen[0], *total, *chosen[1:]]
    titles = [*columns(shown), Column("line", "number"), Column("source", "code")]
    rows: list[Row] = []
    nothing = [""] * len(shown)
    before = None
    for line in file.lines:
        if before is not None and line.line > before + 1:
            rows.append(Row([*nothing, "…", ""], quiet=True))
        before = line.line
        amounts = [line.self[0], *line.total[: len(total)], *line.self[1:]]
        costs = any(amount.value for amount in amounts)
        cells = figures(shown, amounts, zero="") if costs else nothing
        rows.append(Row([*cells, str(line.line), code(line.text)], "", not costs))
    notes = [f"no source: {file.missing}"] if file.missing else []
    if file.changed:
        notes.append("the file changed after the recording: its lines may have moved")
    return Grid(file.path, titles, rows, notes)


def _rest(column: MetricColumn) -> tuple[str, str | None, int | float | None, bool]:
    return column.unit, column.formula, column.total, column.is_sum


def columns(chosen: Iterable[MetricColumn]) -> list[Column]:
    """A column for each metric."""
    return [Column(one.name, "number", optional=True) for one in chosen]


def totals(chosen: Sequence[MetricColumn]) -> list[Cell]:
    """The cells of all there is."""
    share = [1.0 if one.is_sum and one.total else None for one in chosen]
    return figures(chosen, [Amount(one.total, part) for one, part in zip(chosen, share, strict=True)])


def figures(chosen: Sequence[MetricColumn], amounts: Sequence[Amount], zero: str | None = None) -> list[Cell]:
    """The cells of a place; ``zero`` in place of a sum that is nothing, and of a ratio where all of them are."""
    pairs = list(zip(chosen, amounts, strict=True))
    nothing = zero is not None and not any(amount.value for column, amount in pairs if column.is_sum)
    return [
        zero
        if zero is not None and (nothing or (column.is_sum and not amount.value))
        else figure(column, amount, keep=at == 0)
        for at, (column, amount) in enumerate(pairs)
    ]


def figure(column: MetricColumn, amount: Amount, keep: bool) -> Figure:
    """A value and its share: whole, brief, and brief without the share, unless that is to be kept."""
    whole, brief = words.amount(amount.value, column.unit)
    if amount.share is None:
        return Figure(whole, whole, brief)
    percent = units.percent(amount.share)
    share = f"{percent:>5}%"
    shortest = f"{brief} {share}" if keep else brief
    return Figure(f"{whole} ({percent} %)", f"{whole} {share}", f"{brief} {share}", shortest)


def _formulas(chosen: Iterable[MetricColumn]) -> list[str]:
    return [f"{one.name} = {one.formula}" for one in chosen if one.formula]
