"""Counted lines as JSON, CSV, Markdown, and tables of how their weights are spread."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from pyrometer.show import words
from pyrometer.show.grid import Column, Grid, Row
from pyrometer.show.markdown import escape, render_grids
from pyrometer.spread import PERCENTILES, Spread
from pyrometer.tally import Counted, KeyRow

_BARS = "▁▂▃▄▅▆▇█"
_RANKS = {50: 1, 99: 3, 90: 4, 75: 5, 25: 6}
"""Of the columns of percentiles: where there is no room, the last is left out first."""
NARROW = 12
"""Bars of a histogram in a table; wider ones have several powers of two in one."""
WIDE = 40
"""Letters of the longest bar of a histogram of its own."""
GAP = 3
"""More empty bars than this, one after the other, are one line."""
PLAIN = 10**9
"""From here on the bounds of bars are written with four digits and an exponent."""


def spread_grid(counted: Counted, most: int | None) -> Grid:
    """How the weights of each key are spread: a row a key."""
    columns = [
        Column("count", "number"),
        Column("sum", "number"),
        Column("mean", "number"),
        Column("min", "number", optional=True),
        *(Column(_title(at), "number", optional=True, rank=_RANKS[at]) for at in PERCENTILES),
        Column("max", "number", optional=True, rank=2),
        Column("std-dev", "number", optional=True, rank=7),
        Column("spread"),
        Column("key", "name"),
    ]
    rows = [Row([*_figures(row), row.key]) for row in counted.rows(most)]
    rest = counted.keys - len(rows)
    notes = [f"{words.plural(rest, 'more key')}: --top N or --format csv has them"] if rest else []
    return Grid(f"{words.plural(counted.keys, 'key')}, weights by key", columns, rows, notes)


def _figures(row: KeyRow) -> Iterator[str]:
    spread = row.spread
    if spread is None:
        raise TypeError("counted without the weights of each key")
    yield f"{spread.count:,}"
    for value in (row.value, spread.mean, spread.least, *spread.percentiles, spread.most, spread.deviation):
        yield figure(value)
    yield sparkline(spread)


def _title(percentile: int) -> str:
    return "median" if percentile == 50 else f"p{percentile}"


def figure(value: float) -> str:
    """A number in a table: whole ones whole, others with four digits."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def sparkline(spread: Spread) -> str:
    """The histogram in a few letters: from the least to the largest weight, by powers of two."""
    bars = dict(spread.histogram)
    bounds = _bounds(spread)
    width = -(-len(bounds) // NARROW)
    sums = [sum(bars.get(bound, 0) for bound in bounds[at : at + width]) for at in range(0, len(bounds), width)]
    top = max(sums)
    # A bar with anything in it is seen.
    return "".join(" " if not part else _BARS[min(part * len(_BARS) // top, len(_BARS) - 1)] for part in sums)


def _bounds(spread: Spread) -> list[float]:
    """The bounds of all bars between the first and the last one, empty ones too."""
    first, last = spread.histogram[0][0], spread.histogram[-1][0]
    bounds = [first]
    while bounds[-1] < last:
        bounds.append(_next(bounds[-1], spread))
    return bounds


def _next(bound: float, spread: Spread) -> float:
    if bound > 0:
        return bound * 2
    nearest = min((abs(other) for other, _ in spread.histogram if other), default=1.0)
    if bound == 0:
        return min((other for other, _ in spread.histogram if other > 0), default=nearest)
    return bound / 2 if -bound > nearest else 0.0


def histogram(row: KeyRow) -> str:
    """The histogram of a key, a line a bar."""
    spread = row.spread
    if spread is None:
        raise TypeError("counted without the weights of each key")
    bars = dict(spread.histogram)
    top = max(bars.values())
    runs = [(count, list(some)) for count, some in itertools.groupby(_bounds(spread), lambda at: bars.get(at, 0))]
    ranges = {at: _range(at) for count, some in runs for at in some if count or len(some) <= GAP}
    wide = max(map(len, ranges.values()))
    high = max(len(f"{count:,}") for count in bars.values())
    lines: list[str] = []
    for count, some in runs:
        if some[0] not in ranges:
            lines.append(f"{'…':>{wide}} {words.plural(len(some), 'bar')} without any")
            continue
        bar = "█" * -(-count * WIDE // top)
        lines.extend(f"{ranges[at]:>{wide}} {count:>{high},} {bar}".rstrip() for at in some)
    head = f"{row.key}: {words.plural(spread.count, 'event')}, sum {figure(row.value)}, mean {figure(spread.mean)}"
    return "\n".join([head, *lines])


def _range(bound: float) -> str:
    if bound == 0:
        return "0"
    near, far = _bound(bound), _bound(bound * 2)
    return f"[{near}, {far})" if bound > 0 else f"({far}, {near}]"


def _bound(bound: float) -> str:
    if abs(bound) >= PLAIN:
        return f"{bound:.4g}"
    return figure(int(bound) if bound == int(bound) else bound)


def write_json(counted: Counted, most: int | None, stream: TextIO) -> None:
    """One object, its keys written one by one: there may be millions. What is no finite number is null."""
    head = {
        "view": "counts",
        "weights": counted.weights,
        "lines": counted.tally.lines,
        "left_out": counted.tally.left_out,
        "interrupted": counted.interrupted,
        "total": _finite(counted.total),
        "keys": counted.keys,
    }
    stream.write(json.dumps(head, indent=2, ensure_ascii=False)[:-2] + ',\n  "rows": [')
    for at, row in enumerate(counted.rows(most)):
        plain = row._asdict()
        del plain["spread"]
        if row.spread is not None:
            names = (f"p{at}" for at in PERCENTILES)
            plain["spread"] = asdict(row.spread) | {
                "percentiles": dict(zip(names, row.spread.percentiles, strict=True))
            }
        stream.write(("," if at else "") + "\n    " + json.dumps(_finite(plain), ensure_ascii=False))
    stream.write("\n  ]\n}\n")


def _finite(value: Any) -> Any:
    """A value as JSON can have it, which knows no infinity."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_csv(counted: Counted, most: int | None, stream: TextIO) -> None:
    """A line of titles, then one a key."""
    writer = csv.writer(stream, lineterminator="\n")
    titles = ["rank", "weight" if counted.weights != "unit" else "count", "share", "running", "key"]
    spread = ["count", "mean", "std-dev", "min", *(f"p{at}" for at in PERCENTILES), "max"]
    writer.writerow(titles + (spread if counted.spread is not None else []))
    for at, row in enumerate(counted.rows(most)):
        cells: list[object] = [at + 1, row.value, row.share, row.running, row.key]
        if row.spread is not None:
            rest = row.spread
            cells += [rest.count, rest.mean, rest.deviation, rest.least, *rest.percentiles, rest.most]
        writer.writerow(cells)


def write_markdown(counted: Counted, most: int | None, stream: TextIO) -> None:
    """A table."""
    if counted.spread is not None:
        stream.write(render_grids([spread_grid(counted, most)]) + "\n")
        return
    weights = {"unit": "", "integral": " (weighted integral)", "fractional": " (weighted fractional)"}
    stream.write(f"**{figure(counted.total)} counts{weights[counted.weights]}**\n\n")
    stream.write("| rank | sum | % | running % | key |\n| ---: | ---: | ---: | ---: | --- |\n")
    for at, row in enumerate(counted.rows(most)):
        shares = ["" if share is None else f"{100 * share:.1f}" for share in (row.share, row.running)]
        stream.write(f"| {at + 1} | {figure(row.value)} | {shares[0]} | {shares[1]} | {escape(row.key)} |\n")
