"""A table of a profile, handed to any data frame library without a copy of our own.

A table implements the Arrow PyCapsule interface, so ``pyarrow.table(t)``, ``polars.DataFrame(t)``
and ``duckdb.sql("from t")`` take it as it is; none of them is needed for :meth:`Table.rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyrometer import native


class Table:
    """One table: ``len(table)`` rows of :attr:`columns`.

    >>> import pyrometer
    >>> profile = pyrometer.build(metrics=[{"name": "cpu-time", "unit": "ns"}])
    >>> profile.metrics.columns[:3]
    ('id', 'name', 'unit')
    >>> [row["name"] for row in profile.metrics.rows()]
    ['cpu-time']
    """

    def __init__(self, inner: native.Table) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        """The table's name: for instance ``samples``."""
        return self._inner.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(name for name, _ in self._inner.columns)

    @property
    def types(self) -> dict[str, str]:
        """The Arrow type of each column: ``int32``, ``int64``, ``float64``, ``utf8``, ``boolean`` or ``list``."""
        return dict(self._inner.columns)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row as a dictionary; batch by batch, so that a large table is never held whole."""
        names = self.columns
        for batch in self._inner.batches():
            for row in zip(*batch, strict=True):
                yield dict(zip(names, row, strict=True))

    def column(self, name: str) -> list[Any]:
        """All values of one column; an unknown name is a :class:`KeyError`."""
        if name not in self.columns:
            raise KeyError(f"table {self.name} has no column {name!r}, but {', '.join(self.columns)}")
        at = self.columns.index(name)
        return [value for batch in self._inner.batches() for value in batch[at]]

    def __len__(self) -> int:
        return len(self._inner)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._inner.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self._inner.__arrow_c_schema__()

    def __repr__(self) -> str:
        return f"<table {self.name}: {len(self):,} rows of {', '.join(self.columns)}>"
