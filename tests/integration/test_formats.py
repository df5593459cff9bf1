"""Exports, read by readers that are not ours and compared with the tables."""

import gzip
import json
import subprocess
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

import programs
from exports import Stacks, exported, stacks_of
from installed import Record, Run
from recordings import Recorded

READERS = Path(__file__).resolve().parent.parent / "readers"
SCHEMA = READERS / "node_modules" / "speedscope" / "dist" / "release" / "file-format-schema.json"

#: The version of Firefox's processed profile format that we write.
FIREFOX_VERSION = 55


@pytest.fixture(scope="module")
def recording(recorded: Record) -> Recorded:
    """Threads, a child process, inlined functions, kernel frames."""
    return recorded(programs.rust("known_shares"))


@pytest.fixture(scope="module")
def stacks(recording: Recorded) -> Stacks:
    return stacks_of(recording, lambda seen: seen.count)


def bare(stacks: Stacks) -> Stacks:
    """Names without what a view adds behind them (`` [kernel]``) or replaces (``;`` in folded stacks)."""
    counts: Stacks = Counter()
    for stack, count in stacks.items():
        counts[tuple(name.removesuffix(" [kernel]").replace(";", ":") for name in stack)] += count
    return counts


def test_pprof_by_the_decoder_of_the_pprof_format_package(
    recording: Recorded, stacks: Stacks, run_pyrometer: Run, tmp_path: Path
):
    path = exported(recording, "pprof", run_pyrometer, tmp_path)
    done = subprocess.run(
        ["node", READERS / "pprof.mjs", path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert read["types"] == [["cpu-time samples", "count"], ["cpu-time", "nanoseconds"]]
    assert read["emptyFirstString"]
    assert read["strayMappings"] == 0
    found: Stacks = Counter()
    for sample in read["samples"]:
        found[tuple(sample["stack"])] += sample["values"][0]
    assert bare(found) == bare(stacks)
    total = sum(seen.value for seen in recording.observations)
    assert sum(sample["values"][1] for sample in read["samples"]) == total


def test_speedscope_by_its_published_schema(recording: Recorded, stacks: Stacks, run_pyrometer: Run, tmp_path: Path):
    path = exported(recording, "speedscope", run_pyrometer, tmp_path)
    read = json.loads(path.read_text())
    jsonschema.validate(read, json.loads(SCHEMA.read_text()))
    names = [frame["name"] for frame in read["shared"]["frames"]]
    found: set[tuple[str, ...]] = set()
    total = 0
    for profile in read["profiles"]:
        assert profile["endValue"] - profile["startValue"] == sum(profile["weights"])
        found |= {tuple(names[frame] for frame in stack) for stack in profile["samples"]}
        total += sum(profile["weights"])
    assert set(bare(Counter(dict.fromkeys(found, 1)))) == set(bare(stacks))
    assert total == sum(seen.value for seen in recording.observations)


def test_firefox_as_its_tables_refer_to_each_other(
    recording: Recorded, stacks: Stacks, run_pyrometer: Run, tmp_path: Path
):
    raw = exported(recording, "firefox", run_pyrometer, tmp_path).read_bytes()
    read = json.loads(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
    assert read["meta"]["preprocessedProfileVersion"] == FIREFOX_VERSION
    found: Stacks = Counter()
    for thread in read["threads"]:
        assert_columns_have_their_length(thread)
        found += firefox_stacks(thread, read.get("shared", {}))
    assert bare(found) == bare(stacks)


def test_firefox_has_lines_addresses_and_binaries(recording: Recorded, run_pyrometer: Run, tmp_path: Path):
    read = json.loads(exported(recording, "firefox", run_pyrometer, tmp_path).read_text())
    expected = {
        (frame.name, frame.line, frame.address, frame.binary, frame.inlined)
        for seen in recording.observations
        for frame in seen.stack
        if frame.kind == "native"
    }
    found: set[tuple] = set()
    for thread in read["threads"]:
        strings, frames, functions = thread["stringArray"], thread["frameTable"], thread["funcTable"]
        for at, function in enumerate(frames["func"]):
            resource = functions["resource"][function]
            if resource < 0:
                continue
            lib = read["libs"][thread["resourceTable"]["lib"][resource]]
            depth, address = frames["inlineDepth"][at], frames["address"][at]
            found.add((strings[functions["name"][function]], frames["line"][at], address, lib["path"], depth > 0))
            symbol = frames["nativeSymbol"][at]
            if symbol is not None:
                assert thread["nativeSymbols"]["address"][symbol] <= address
    assert found >= expected


def assert_columns_have_their_length(thread: dict) -> None:
    for name in ("samples", "stackTable", "frameTable", "funcTable", "nativeSymbols", "resourceTable", "markers"):
        table = thread[name]
        for column in table.values():
            assert not isinstance(column, list) or len(column) == table["length"], name


def firefox_stacks(thread: dict, shared: dict) -> Stacks:
    """Follows samples → stackTable → frameTable → funcTable → the strings."""
    strings = thread.get("stringArray") or shared["stringArray"]
    table, frames, functions = thread["stackTable"], thread["frameTable"], thread["funcTable"]
    counts: Stacks = Counter()
    weights = thread["samples"].get("weight") or [1] * thread["samples"]["length"]
    for leaf, weight in zip(thread["samples"]["stack"], weights, strict=True):
        stack: list[str] = []
        at = leaf
        while at is not None:
            stack.append(strings[functions["name"][frames["func"][table["frame"][at]]]])
            parent = table["prefix"][at]
            assert parent is None or parent < at
            at = parent
        counts[tuple(reversed(stack))] += weight
    return counts


def test_folded_stacks_sum_to_the_samples(recording: Recorded, run_pyrometer: Run, tmp_path: Path):
    lines = exported(recording, "folded", run_pyrometer, tmp_path).read_text().splitlines()
    values = [int(line.rsplit(" ", maxsplit=1)[1]) for line in lines if not line.startswith("#")]
    assert sum(values) == sum(seen.value for seen in recording.observations)
    assert any("known_shares::recurse;known_shares::recurse" in line for line in lines)
