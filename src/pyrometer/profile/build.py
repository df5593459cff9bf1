"""A profile from rows: for importers, for tests, and for measurements of your own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from operator import index
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
_SAMPLE_COLUMNS = ("stack", "thread", "time", "cpu", "metric", "value", "count")
_SAMPLE = {"thread": 0, "time": None, "cpu": None, "metric": 0, "value": 1, "count": 1}


def build_native(meta: Meta | None, samples: Iterable[Row], tables: Mapping[str, Iterable[Row]]) -> native.Profile:
    """The Rust side's profile of these rows.

    A row may leave out what can be null or has a default (:data:`DEFAULTS`); its id is its place.
    A :class:`~pyrometer.InvalidRowsError` names the first row that does not fit.
    """
    unknown = sorted(set(tables) - set(DEFAULTS))
    if unknown:
        raise InvalidRowsError(f"there is no table {unknown[0]!r}", cure=f"choose from: {', '.join(DEFAULTS)}")
    given = {name: [_row(name, at, row) for at, row in enumerate(rows)] for name, rows in tables.items()}
    complete = {name: [DEFAULTS[name] | row for row in given.get(name, ())] for name in DEFAULTS}
    if not complete["threads"]:
        complete["processes"] = complete["processes"] or [DEFAULTS["processes"] | {}]
        complete["threads"] = [DEFAULTS["threads"] | {}]
    known = meta or Meta(creator="pyrometer.build")
    texts = {name: _text(name, rows) for name, rows in complete.items()}
    observed = [_sample(at, row) for at, row in enumerate(samples)]
    try:
        built = native.Profile.build(known.to_json(), texts, observed)
    except (TypeError, OverflowError):
        _refuse_what_is_no_number(observed)
        raise
    for name, rows in given.items():
        columns = [column for column, _ in built.table(name).columns]
        for at, row in enumerate(rows):
            _refuse_unknown(name, at, row, columns)
    return built


def _row(table: str, at: int, row: Row) -> dict[str, Any]:
    if not hasattr(row, "keys"):
        raise InvalidRowsError(f"row {at} of {table} is {row!r}", cure="a row is a dictionary: of columns, values")
    return dict(row)


def _text(table: str, rows: list[dict[str, Any]]) -> str:
    """Rows as the Rust side reads them; numbers of numpy are numbers."""
    try:
        return json.dumps(rows, default=_plain, allow_nan=False)
    except (TypeError, ValueError):
        for at, row in enumerate(rows):
            for column, value in row.items():
                _refuse_value(table, at, column, value)
        raise


def _plain(value: Any) -> Any:
    """What numpy and the like have in place of a number or a list."""
    if not hasattr(value, "tolist"):
        raise TypeError(f"{value!r} is no value of a table")
    return value.tolist()


def _refuse_value(table: str, at: int, column: str, value: Any) -> None:
    try:
        json.dumps(value, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        cure = "values are texts, whole numbers, true or false, and None for what is not known"
        raise InvalidRowsError(f"row {at} of {table} has {value!r} for {column}", cure=cure) from error


def _refuse_what_is_no_number(samples: list[tuple[Any, ...]]) -> None:
    for at, sample in enumerate(samples):
        for column, value in zip(_SAMPLE_COLUMNS, sample, strict=True):
            fits = value is None or (hasattr(value, "__index__") and abs(index(value)) < 1 << 63)
            if not fits:
                raise InvalidRowsError(
                    f"row {at} of samples has {value!r} for {column}", cure="values are whole numbers of 64 bits"
                )


def _refuse_unknown(table: str, at: int, row: Row, columns: Collection[str]) -> None:
    unknown = sorted(set(row) - set(columns))
    if unknown:
        raise InvalidRowsError(
            f"row {at} of {table} has {unknown[0]!r}, which is no column", cure=f"choose from: {', '.join(columns)}"
        )


def _sample(at: int, row: Row) -> tuple[Any, ...]:
    _refuse_unknown("samples", at, _row("samples", at, row), _SAMPLE_COLUMNS)
    if "stack" not in row:
        raise InvalidRowsError(f"row {at} of samples has no stack", cure="name the row of its leaf in stacks")
    whole = _SAMPLE | dict(row)
    return tuple(whole[name] for name in _SAMPLE_COLUMNS)
