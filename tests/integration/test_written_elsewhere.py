"""OTLP, Chrome traces, CSV and folders of Parquet of a real recording, read by readers that are not ours."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf import json_format
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.profiles.v1development import profiles_pb2 as otlp

import programs
import pyrometer
from exports import Stacks, exported, stacks_of
from installed import Record, Run
from recordings import Recorded

#: What an event must have by its phase, as the "Trace Event Format" says.
REQUIRED = {
    "M": {"name", "pid", "tid", "args"},
    "B": {"name", "cat", "ts", "pid", "tid", "args"},
    "E": {"name", "cat", "ts", "pid", "tid", "args"},
    "i": {"name", "ts", "pid", "tid", "s"},
    "C": {"name", "ts", "pid", "args"},
}


@pytest.fixture(scope="module")
def recording(recorded: Record) -> Recorded:
    """Threads, a child process, inlined functions, kernel frames."""
    return recorded(programs.rust("known_shares"))


@pytest.fixture(scope="module")
def stacks(recording: Recorded) -> Stacks:
    return stacks_of(recording, lambda seen: seen.value)


def test_otlp_by_the_messages_of_opentelemetry_proto(
    recording: Recorded, stacks: Stacks, run_pyrometer: Run, tmp_path: Path
):
    data = otlp.ProfilesData.FromString(exported(recording, "otlp", run_pyrometer, tmp_path).read_bytes())
    assert len(UnknownFieldSet(data)) == 0
    found: Stacks = Counter()
    threads: Counter[str] = Counter()
    for resource in data.resource_profiles:
        for scope in resource.scope_profiles:
            for profile in scope.profiles:
                read_profile(data.dictionary, profile, found, threads)
    assert found == stacks
    expected: Counter[str] = Counter()
    for seen in recording.observations:
        expected[seen.thread] += seen.value
    assert threads == expected
    meta = recording.profile.meta
    times = [
        time
        for resource in data.resource_profiles
        for scope in resource.scope_profiles
        for profile in scope.profiles
        for sample in profile.samples
        for time in sample.timestamps_unix_nano
    ]
    assert len(times) == sum(seen.count for seen in recording.observations)
    assert all(0 <= time - meta.start_wall <= meta.duration + 1_000_000_000 for time in times)


def read_profile(known: otlp.ProfilesDictionary, profile: otlp.Profile, found: Stacks, threads: Counter[str]) -> None:
    texts = known.string_table
    assert texts[profile.sample_type.type_strindex] == "cpu-time"
    assert texts[profile.sample_type.unit_strindex] == "nanoseconds"
    for sample in profile.samples:
        names: list[str] = []
        for index in known.stack_table[sample.stack_index].location_indices:
            location = known.location_table[index]
            assert location.mapping_index < len(known.mapping_table)
            names += [texts[known.function_table[line.function_index].name_strindex] for line in location.lines]
        found[tuple(reversed(names))] += sum(sample.values)
        attributes = {
            texts[row.key_strindex]: row.value for row in (known.attribute_table[at] for at in sample.attribute_indices)
        }
        threads[attributes["thread.name"].string_value] += sum(sample.values)


def test_otlp_as_json_by_the_messages_of_opentelemetry_proto(recording: Recorded, run_pyrometer: Run, tmp_path: Path):
    data = otlp.ProfilesData.FromString(exported(recording, "otlp", run_pyrometer, tmp_path).read_bytes())
    pretty, line = tmp_path / "pretty", tmp_path / "line"
    pretty.write_text(json_format.MessageToJson(data))
    line.write_text(json_format.MessageToJson(data, indent=None))
    expected = pyrometer.load(tmp_path / "profile.otlp")
    for path in (pretty, line):
        read = pyrometer.load(path)
        assert read.meta.source == "otlp"
        for name in ("metrics", "processes", "threads", "binaries", "functions", "frames", "stacks", "samples"):
            tables = [pa.table(each.table(name)) for each in (read, expected)]  # pyright: ignore[reportArgumentType]
            assert tables[0] == tables[1], name


def test_otlp_json_is_the_message_as_opentelemetry_proto_reads_and_writes_it(
    recording: Recorded, run_pyrometer: Run, tmp_path: Path
):
    message = otlp.ProfilesData.FromString(exported(recording, "otlp", run_pyrometer, tmp_path).read_bytes())
    text = exported(recording, "otlp-json", run_pyrometer, tmp_path).read_text()
    assert json_format.Parse(text, otlp.ProfilesData()) == message
    assert json.loads(text) == json_format.MessageToDict(message)


def test_a_chrome_trace_by_its_documented_form(recording: Recorded, run_pyrometer: Run, tmp_path: Path):
    read = json.loads(exported(recording, "chrome", run_pyrometer, tmp_path).read_text())
    tracks: dict[tuple[int, int], list[dict]] = defaultdict(list)
    for event in read["traceEvents"]:
        assert event.keys() >= REQUIRED[event["ph"]], event
        if event["ph"] in "BE":
            tracks[event["pid"], event["tid"]].append(event)
    total = sum(root["args"]["value"] for events in tracks.values() for root in roots(events))
    assert total == sum(seen.value for seen in recording.observations)
    names = {event["name"] for events in tracks.values() for event in events}
    assert names == {frame.name for seen in recording.observations for frame in seen.stack}


def roots(events: list[dict]) -> list[dict]:
    """The outermost events of a track, which is in the order of time; each end is that of what began last."""
    found: list[dict] = []
    begun: list[dict] = []
    times = [event["ts"] for event in events]
    assert times == sorted(set(times))
    for event in events:
        if event["ph"] == "E":
            beginning = begun.pop()
            assert {**beginning, "ph": "E", "ts": event["ts"]} == event
            continue
        if not begun:
            found.append(event)
        begun.append(event)
    assert begun == []
    return found


def test_a_trace_of_a_profile_without_times_says_that_its_axis_is_none(run_pyrometer: Run, tmp_path: Path):
    (tmp_path / "stacks").write_text("main;work 30\nmain 12\n")
    done = run_pyrometer("export", tmp_path / "stacks", "--to", "chrome", "-o", tmp_path / "trace")
    assert done.returncode == 0, done.stderr
    read = json.loads((tmp_path / "trace").read_text())
    labels = [event["args"]["labels"] for event in read["traceEvents"] if event["name"] == "process_labels"]
    assert labels == ["not over time: the axis is cumulative samples (count, 1 µs for each)"]
    ends = [(event["ph"], event["name"], round(event["ts"], 3)) for event in read["traceEvents"] if event["ph"] in "BE"]
    assert ends == [("B", "main", 0), ("B", "work", 12), ("E", "work", 42), ("E", "main", 42)]
    values = {event["name"]: event["args"]["value"] for event in read["traceEvents"] if event["ph"] == "B"}
    assert values == {"main": 42, "work": 30}


def test_csv_by_polars_and_duckdb(recording: Recorded, stacks: Stacks, run_pyrometer: Run, tmp_path: Path):
    path = exported(recording, "csv", run_pyrometer, tmp_path)
    frame = pl.read_csv(path, infer_schema_length=None)
    found = {tuple(row[0].split(";")): row[1] for row in frame.group_by("stack").agg(pl.sum("value")).iter_rows()}
    folded: Stacks = Counter()
    for stack, value in stacks.items():
        folded[tuple(name.replace(";", ":") for name in stack)] += value
    assert found == folded
    assert frame["count"].sum() == sum(seen.count for seen in recording.observations)
    query = f"select function, sum(value) as value from '{path}' group by all order by value desc"
    selfs = [(row.place.name, row.self.value) for row in recording.profile.top(n=3).rows]
    queried = duckdb.connect().execute(query).fetchall()
    # Functions of the same number of samples are in any order.
    assert [value for _, value in queried[:3]] == [value for _, value in selfs]
    assert set(selfs) <= set(queried)


def test_a_folder_of_parquet_has_the_tables_as_they_are(recording: Recorded, run_pyrometer: Run, tmp_path: Path):
    folder = exported(recording, "parquet", run_pyrometer, tmp_path)
    tables = {path.stem for path in folder.glob("*.parquet")}
    assert {"samples", "stacks", "frames", "functions", "threads"} <= tables
    for name in tables:
        table = pa.table(recording.profile.table(name))  # pyright: ignore[reportArgumentType]
        assert pq.read_table(folder / f"{name}.parquet").to_pylist() == table.to_pylist()
        assert pl.read_parquet(folder / f"{name}.parquet").height == table.num_rows
    assert json.loads((folder / "meta.json").read_text())["command"] == recording.profile.meta.command


def test_a_folder_of_parquet_has_the_selected_samples(recording: Recorded, run_pyrometer: Run, tmp_path: Path):
    focus = recording.profile.top(n=1).rows[0].place.name
    folder = exported(recording, "parquet", run_pyrometer, tmp_path, "--focus", f"^{focus}$")
    query = f"select sum(value) from '{folder}/samples.parquet'"
    expected = sum(seen.value for seen in recording.observations if any(frame.name == focus for frame in seen.stack))
    assert duckdb.connect().execute(query).fetchone() == (expected,)
