"""A profile from rows: for importers, for tests, and for measurements of your own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pyrometer import native
from pyrometer.errors import InvalidRowsError
from pyrometer.profile.meta import Meta

Row = Mapping[str, Any]

# What a column holds when a row leaves it out; columns that may be null need no entry.
DEFAULTS: dict[str, dict[str, Any]] = {
    "metrics": {"name": "", "unit": "count", "kind": "sampled", "period": 0, "description": ""},
    "processes": {"pid": 0, "name": "", "command_line": "", "start": 0},
    "threads": {"process": 0, "tid": 0, "name": "", "start": 0},
    "binaries": {"path": "", "symbols_from": ""},
    "functions": {"name": "", "linkage_name": "", "aliases": []},
    "frames": {"inlined": False, "kind": "native"},
    "stacks": {},
    "calls": {"line": None},
    "counters": {},
    "events": {"time": 0, "duration": 0, "payload": "{}"},
    "experiments": {},
}
_SAMPLE = {"thread": 0, "time": None, "cpu": None, "metric": 0, "value": 1, "count": 1}


def build_native(meta: Meta | None, samples: Iterable[Row], tables: Mapping[str, Iterable[Row]]) -> native.Profile:
    """The Rust side's profile of these rows.

    A row may leave out what can be null or has a default (:data:`DEFAULTS`); its id is its place.
    A :class:`~pyrometer.InvalidRowsError` names the first row that does not fit.
    """
    unknown = sorted(set(tables) - set(DEFAULTS))
    if unknown:
        raise InvalidRowsError(f"there is no table {unknown[0]!r}", cure=f"choose from: {', '.join(DEFAULTS)}")
    given = {name: [dict(row) for row in rows] for name, rows in tables.items()}
    complete = {name: [DEFAULTS[name] | row for row in given.get(name, ())] for name in DEFAULTS}
    if not complete["threads"]:
        complete["processes"] = complete["processes"] or [DEFAULTS["processes"] | {}]
        complete["threads"] = [DEFAULTS["threads"] | {}]
    known = meta or Meta(creator="pyrometer.build")
    texts = {name: json.dumps(rows) for name, rows in complete.items()}
    built = native.Profile.build(known.to_json(), texts, [_sample(at, row) for at, row in enumerate(samples)])
    for name, rows in given.items():
        columns = [column for column, _ in built.table(name).columns]
        for at, row in enumerate(rows):
            _refuse_unknown(name, at, row, columns)
    return built


def _refuse_unknown(table: str, at: int, row: Row, columns: Collection[str]) -> None:
    unknown = sorted(set(row) - set(columns))
    if unknown:
        raise InvalidRowsError(
            f"row {at} of {table} has {unknown[0]!r}, which is no column", cure=f"choose from: {', '.join(columns)}"
        )


def _sample(at: int, row: Row) -> tuple[Any, ...]:
    _refuse_unknown("samples", at, row, ("stack", *_SAMPLE))
    if "stack" not in row:
        raise InvalidRowsError(f"row {at} of samples has no stack", cure="name the row of its leaf in stacks")
    whole = _SAMPLE | dict(row)
    return tuple(whole[name] for name in ("stack", "thread", "time", "cpu", "metric", "value", "count"))
