"""A ``.pyro`` file and its tables are open to every data tool: read here by pyarrow, polars and DuckDB."""

import json
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import programs
from installed import Record
from recordings import Recorded, rows

TABLES = [
    "metrics",
    "processes",
    "threads",
    "binaries",
    "functions",
    "frames",
    "stacks",
    "samples",
    "calls",
    "counters",
    "events",
    "experiments",
]


@pytest.fixture(scope="module")
def recording(recorded: Record) -> Recorded:
    """Any real recording."""
    return recorded(programs.rust("known_shares"), "4", rate=4_999)


@pytest.fixture(scope="module")
def unzipped(recording: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file's members, unzipped by hand."""
    folder = tmp_path_factory.mktemp("unzipped")
    with zipfile.ZipFile(recording.path) as archive:
        assert archive.testzip() is None
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(folder)
    return folder


def test_the_file_holds_every_table_and_the_meta(unzipped: Path):
    assert {path.name for path in unzipped.iterdir()} == {"meta.json", *(f"{name}.parquet" for name in TABLES)}
    assert json.loads((unzipped / "meta.json").read_text())["schema_version"] >= 1


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_same_by_arrow_and_from_the_file(name: str, recording: Recorded, unzipped: Path):
    table = pa.table(recording.profile.table(name))  # pyright: ignore[reportArgumentType]
    table.validate(full=True)
    assert pq.read_table(unzipped / f"{name}.parquet").to_pylist() == table.to_pylist()


@pytest.mark.parametrize("name", TABLES)
def test_polars_takes_a_table_as_it_is(name: str, recording: Recorded):
    frame = pl.DataFrame(recording.profile.table(name))
    assert frame.height == len(recording.profile.table(name))
    assert frame.columns == list(recording.profile.table(name).columns)


def test_duckdb_finds_the_hottest_function_in_the_unzipped_file(recording: Recorded, unzipped: Path):
    query = f"""
        select functions.name, sum(samples.value) as value
        from '{unzipped}/samples.parquet' as samples
        join '{unzipped}/stacks.parquet' as stacks on samples.stack = stacks.id
        join '{unzipped}/frames.parquet' as frames on stacks.frame = frames.id
        join '{unzipped}/functions.parquet' as functions on frames.function = functions.id
        group by all order by value desc
    """
    queried = duckdb.connect().execute(query).fetchall()
    row = recording.profile.top(n=1).rows[0]
    # Another function may have as many samples.
    assert queried[0][1] == row.self.value
    assert (row.place.name, row.self.value) in queried


def test_only_types_that_every_engine_reads(recording: Recorded):
    allowed = {pa.int32(), pa.int64(), pa.float64(), pa.string(), pa.bool_()}
    for name in TABLES:
        schema = pa.schema(recording.profile.table(name))  # pyright: ignore[reportArgumentType]
        for field in schema:
            inner = field.type.value_type if pa.types.is_list(field.type) else field.type
            assert inner in allowed, f"{name}.{field.name} is {field.type}"


def test_parents_stand_before_their_children(recording: Recorded):
    for row, stack in enumerate(rows(recording.profile.stacks)):
        assert stack["parent"] is None or 0 <= stack["parent"] < row
