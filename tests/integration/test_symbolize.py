"""Debug info from elsewhere: another folder, another machine, the profile itself."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import programs
import pyrometer
from debuginfod_server import sends, serving
from installed import Run
from recordings import Recorded

FLAGS = (*programs.C_FLAGS, "-Wl,--build-id")


@pytest.fixture(autouse=True)
def _no_cache_no_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """What another test looked up must not help this one."""
    monkeypatch.setenv("PYROMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DEBUGINFOD_URLS", raising=False)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program without debug info; ``debug/`` beside it has a file with it, of another name."""
    path = tmp_path / "program"
    shutil.copy(programs.c("known_shares", FLAGS), path)
    (tmp_path / "debug").mkdir()
    subprocess.run(["objcopy", "--only-keep-debug", path, tmp_path / "debug" / "other-name"], check=True)
    subprocess.run(["strip", "-s", path], check=True)
    return path


def record(run_pyrometer: Run, program: Path, *options: str | Path) -> Recorded:
    output = program.parent / f"{len(list(program.parent.glob('*.pyro')))}.pyro"
    done = run_pyrometer("record", "--no-summary", "-o", output, *options, "--", program, "0.5")
    assert done.returncode == 0, done.stderr
    return Recorded(output, done.returncode, done.stdout, done.stderr)


def binary(profile: pyrometer.Profile, name: str = "program") -> dict[str, Any]:
    return next(row for row in profile.binaries.rows() if row["path"].endswith(f"/{name}"))


def lines_known(profile: pyrometer.Profile) -> float:
    """The share of user frames in the program that have a line."""
    paths = [row["path"] for row in profile.binaries.rows()]
    mine = [
        row for row in profile.frames.rows() if row["binary"] is not None and paths[row["binary"]].endswith("/program")
    ]
    return sum(row["line"] is not None for row in mine) / len(mine)


def names(profile: pyrometer.Profile) -> set[str]:
    return {row.place.name for row in profile.top(100).rows}


def test_names_come_when_the_debug_info_does(run_pyrometer: Run, program: Path):
    bare = record(run_pyrometer, program).profile
    assert binary(bare)["symbols_from"] == "none"
    assert "alpha" not in names(bare)
    options = ("--debug-path", program.parent / "debug", "--format", "json")
    done = run_pyrometer("symbolize", program.parent / "0.pyro", *options)
    assert done.returncode == 0, done.stderr
    shown = {row["path"]: row["symbols_from"] for row in json.loads(done.stdout)["rows"]}
    assert shown[str(program)] == f"debug-path:{program.parent}/debug/other-name"
    again = pyrometer.load(program.parent / "0.pyro")
    assert {"alpha", "beta"} <= names(again)
    assert lines_known(again) > 0.8
    assert again.meta.quality.samples == bare.meta.quality.samples


def test_a_binary_without_a_recorded_id_has_the_debug_info_of_its_own(program: Path, tmp_path: Path):
    """Heap profiles of gperftools and jemalloc, and raw files of heaptrack, tell paths and addresses alone."""
    text = subprocess.run(
        ["readelf", "-Ws", tmp_path / "debug" / "other-name"], capture_output=True, text=True, check=True
    )
    alpha = next(line.split()[1] for line in text.stdout.splitlines() if line.endswith(" alpha"))
    address = int(alpha, 16) + 1
    heap = tmp_path / "some.heap"
    heap.write_text(
        f"heap profile: 2: 18 [3: 27] @ heapprofile\n1: 9 [1: 9] @ {address + 1:#x}\n1: 9 [2: 18] @ 0xffff0011\n\n"
        f"MAPPED_LIBRARIES:\n0-100000 r-xp 00000000 00:00 1 {program}\n"
        "ffff0000-ffffffff r-xp 00000000 00:00 2 /nowhere/x.so\n"
    )
    read = pyrometer.load(heap)
    assert read.meta.quality.unsymbolized == read.meta.quality.samples
    found = read.symbolize(tmp_path / "found.pyro", debug_paths=[tmp_path / "debug"], offline=True)
    assert binary(found)["symbols_from"] == f"debug-path:{tmp_path}/debug/other-name"
    assert {"alpha", "x.so+0x10"} == names(found)
    quality = found.meta.quality
    assert 0 < quality.unsymbolized < quality.samples


def test_what_is_no_file_is_not_replaced(run_pyrometer: Run, program: Path):
    recorded = record(run_pyrometer, program)
    pipe = program.parent / "pipe"
    os.mkfifo(pipe)
    folded = program.parent / "x.folded"
    folded.write_text("a;b 3\n")
    for command, file in (("symbolize", recorded.path), ("import", folded)):
        done = run_pyrometer(command, file, "-o", pipe)
        assert done.returncode == 98, done.stderr
    assert pipe.is_fifo()


def test_recording_takes_the_same_options(run_pyrometer: Run, program: Path):
    profile = record(run_pyrometer, program, "--debug-path", program.parent / "debug").profile
    assert binary(profile)["symbols_from"].startswith("debug-path:")
    assert "alpha" in names(profile)


def test_a_bundle_names_everything_on_a_machine_without_the_files(
    run_pyrometer: Run, program: Path, monkeypatch: pytest.MonkeyPatch
):
    bundled = record(run_pyrometer, program, "--bundle", "--debug-path", program.parent / "debug")
    plain = record(run_pyrometer, program, "--debug-path", program.parent / "debug")
    assert bundled.path.stat().st_size > plain.path.stat().st_size
    program.unlink()
    shutil.rmtree(program.parent / "debug")
    monkeypatch.setenv("PYROMETER_CACHE", str(program.parent / "empty"))
    before = bundled.profile.top(100)
    again = bundled.profile.symbolize(program.parent / "again.pyro")
    assert binary(again)["symbols_from"] == "bundle"
    assert [row.place.name for row in again.top(100).rows] == [row.place.name for row in before.rows]
    assert lines_known(again) == lines_known(bundled.profile)
    # The copy carries the files too.
    third = again.symbolize(program.parent / "third.pyro")
    assert binary(third)["symbols_from"] == "bundle"


def test_a_bundle_holds_no_code(run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "program"
    shutil.copy(programs.c("known_shares", FLAGS), path)
    bundled = record(run_pyrometer, path, "--bundle")
    subprocess.run(["python3", "-m", "zipfile", "-e", bundled.path, tmp_path / "out"], check=True)
    build_id = binary(bundled.profile)["build_id"]
    subprocess.run(
        ["zstd", "-dq", tmp_path / "out" / "bundle" / build_id / "image.zst", "-o", tmp_path / "image"], check=True
    )
    was, image = path.read_bytes(), (tmp_path / "image").read_bytes()
    assert len(was) == len(image)
    sections = subprocess.run(["objdump", "-h", path], capture_output=True, text=True, check=True).stdout.split("\n")
    where = {words[1]: (int(words[5], 16), int(words[2], 16)) for words in map(str.split, sections) if len(words) == 7}
    for name, kept in ((".text", False), (".rodata", False), (".eh_frame", True), (".debug_info", True)):
        start, size = where[name]
        assert (image[start : start + size] == was[start : start + size]) is kept, name
        assert any(image[start : start + size]) is kept, name


def test_what_does_not_fit_is_said_and_the_profile_is_whole(
    run_pyrometer: Run, program: Path, monkeypatch: pytest.MonkeyPatch
):
    debug = program.parent / "debug" / "other-name"
    short = program.parent / "debug" / "a-short-one"
    short.write_bytes(debug.read_bytes()[:20_000])
    stranger = program.parent / "debug" / "program.debug"
    shutil.copy(programs.c("known_shares", ("-O1", "-g", "-Wl,--build-id")), stranger)
    profile = record(run_pyrometer, program, "--debug-path", stranger).profile
    assert binary(profile)["symbols_from"] == "none"
    refused = [note for note in profile.meta.notes if "was not used" in note]
    assert len(refused) == 1
    assert "program.debug was not used for" in refused[0]
    assert "another build" in refused[0]
    again = profile.symbolize(debug_paths=[program.parent / "debug"])
    assert binary(again)["symbols_from"].endswith("/other-name")
    assert any("a-short-one was not used" in note and "cut short" in note for note in again.meta.notes)
    assert again.meta.quality.samples == profile.meta.quality.samples
    assert "alpha" in names(again)
    short.unlink()
    stranger.unlink()
    monkeypatch.setenv("PYROMETER_CACHE", str(program.parent / "empty"))
    last = again.symbolize(debug_paths=[program.parent / "debug"])
    assert not [note for note in last.meta.notes if "was not used" in note], "what was said then"


def test_the_assembly_has_the_lines_of_separate_debug_info(run_pyrometer: Run, program: Path):
    root = program.parent / "root" / "usr" / "lib" / "debug"
    root.mkdir(parents=True)
    link = ["objcopy", f"--add-gnu-debuglink={program.parent / 'debug' / 'other-name'}", program]
    subprocess.run(link, check=True)
    shutil.move(program.parent / "debug" / "other-name", program.parent / "other-name")
    profile = record(run_pyrometer, program).profile
    assert binary(profile)["symbols_from"].startswith("debuglink:")
    listing = profile.annotate("alpha").assembly[0]
    assert any(one.line for one in listing.instructions)


@pytest.fixture
def server(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A debuginfod server with the program's debug info; what it was asked for."""
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    with serving() as running:
        content = (program.parent / "debug" / "other-name").read_bytes()
        running.has(sends(content), notes.split("Build ID:")[1].split()[0])
        monkeypatch.setenv("DEBUGINFOD_URLS", running.address)
        monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "downloads"))
        yield running.asked


def test_recording_asks_the_users_servers(run_pyrometer: Run, program: Path, server: list[str]):
    profile = record(run_pyrometer, program).profile
    assert binary(profile)["symbols_from"].startswith(f"debuginfod:{program.parent}/downloads/")
    assert binary(profile)["missing"] is None
    assert {"alpha", "beta"} <= names(profile)
    assert not [note for note in profile.meta.notes if "debuginfod" in note]


def test_offline_asks_nobody(run_pyrometer: Run, program: Path, server: list[str]):
    profile = record(run_pyrometer, program, "--offline").profile
    assert (server, binary(profile)["symbols_from"]) == ([], "none")
    again = profile.symbolize()
    assert server
    assert binary(again)["symbols_from"].startswith("debuginfod:")
    # What has come before is used, and nothing else is asked for.
    asked = list(server)
    third = record(run_pyrometer, program, "--offline").profile
    assert binary(third)["symbols_from"].startswith("debuginfod:")
    assert server == asked


def test_a_server_that_fails_costs_a_note(
    run_pyrometer: Run, program: Path, server: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9")
    profile = record(run_pyrometer, program).profile
    assert binary(profile)["symbols_from"] == "none"
    assert any(f"no debug info of {program} from debuginfod" in note for note in profile.meta.notes)


def test_a_folder_that_is_not_there_is_a_usage_error(run_pyrometer: Run, program: Path):
    done = run_pyrometer("record", "--debug-path", "/no/such/folder", "--", program)
    assert done.returncode == 2
    assert "/no/such/folder" in done.stderr
