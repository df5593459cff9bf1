"""A folder of Parquet files: the tables of a profile as they are, for DuckDB, polars, Spark and the like."""

from __future__ import annotations

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if it is one of the files."""
    return head.startswith(b"PAR1")


FORMAT = Format(
    "parquet", ".parquet", "a folder of Parquet files (DuckDB, polars)", recognise=recognise, is_folder=True
)
