"""What perf recorded, read by us and by perf itself: the stacks are the same, and so are the shares."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import perf
import programs
import pyrometer
from installed import Run
from recordings import Frame, Recorded, rows, stacks_of

Stack = tuple[str, ...]

REASON = perf.why_missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or "")

#: Stacks that must be the same: the rest are samples in assembler code that perf unwinds by other rules.
SAME = 0.99
RATE = ("-F", "999")


@pytest.fixture(scope="module")
def program() -> Path:
    """Known functions, inlined calls, threads, a child process."""
    return programs.c("perf_data", ("-O2", "-g", "-pthread", "-fomit-frame-pointer", "-Wl,--build-id"))


@pytest.fixture(scope="module")
def with_pointers() -> Path:
    """The same, with frame pointers."""
    flags = ("-O2", "-g", "-pthread", "-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer", "-Wl,--build-id")
    return programs.c("perf_data", flags)


def record(data: Path, *how: str | Path | int) -> Path:
    command = ["perf", "record", "--quiet", *RATE, "-o", data, *how]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return data


def read(data: Path) -> Recorded:
    """The file as every view gets it, without a conversion."""
    return Recorded(data, 0, "", "")


def ours(recorded: Recorded) -> Counter[tuple[str, Stack]]:
    """Samples by metric and stack, without what the compiler inlined."""
    metrics = [row["name"] for row in rows(recorded.profile.metrics)]
    path = stacks_of(recorded.profile)
    counts: Counter[tuple[str, Stack]] = Counter()
    for sample in rows(recorded.profile.samples):
        names = tuple(_our_name(frame) for frame in path(sample["stack"]) if not frame.inlined)
        counts[metrics[sample["metric"]], without_mark(names)] += 1
    return counts


#: What either of us puts at the root of a stack that is deeper than its copy.
CUT = ("[truncated stack]", "[unknown]")


def without_mark(names: Stack) -> Stack:
    return names[1:] if names[0] in CUT else names


def _our_name(frame: Frame) -> str:
    return canonical(frame.linkage_name or frame.name, frame.binary)


def theirs(data: Path) -> Counter[tuple[str, Stack]]:
    """The same by `perf script`."""
    script = ["perf", "script", "-i", data, "--no-inline", "--no-demangle", "-F", "event,ip,sym,dso"]
    text = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    counts: Counter[tuple[str, Stack]] = Counter()
    for event, lines in _samples(text):
        matched = [re.fullmatch(r"\s*[0-9a-f]+ (.*) \((.*)\)", line) for line in lines]
        names = [canonical(match[1], match[2]) for match in matched if match]
        counts[event, without_mark(tuple(reversed(names)))] += 1
    return counts


def _samples(text: str) -> Iterator[tuple[str, list[str]]]:
    """Event and frames: one line, or a line and the frames below it."""
    event, lines = "", []
    for line in text.splitlines():
        head = re.match(r"\s*([a-z][a-z-]*)(:[a-zA-Z]+)?: ?(.*)", line)
        if head:
            if lines:
                yield event, lines
            event = head[1].replace("cpu-clock", "cpu-time")
            lines = [head[3]] if head[3].strip() else []
        elif line.strip():
            lines.append(line)
    if lines:
        yield event, lines


def canonical(name: str, binary: str) -> str:
    """One of the names that the symbols of an address have: which of them is shown is a matter of taste."""
    plain = re.sub(r"\.llvm\.\d+$|@.*", "", name).removeprefix("__vdso_")
    known = _kernel_names() if binary.startswith("[kernel") else _names(binary)
    return known.get(plain, plain)


@cache
def _kernel_names() -> dict[str, str]:
    """The same of the running kernel."""
    symbols = [line.split() for line in Path("/proc/kallsyms").read_text().splitlines()]
    # To whom the kernel hides addresses all are 0.
    return _first_of_each((at, name) for at, _, name, *module in symbols if not module and int(at, 16))


@cache
def _names(binary: str) -> dict[str, str]:
    """First name by name, of the symbols at the same address, also those of the separate debug info."""
    if not Path(binary).is_file():
        return {}
    notes = subprocess.run(["readelf", "-n", binary], capture_output=True, text=True, check=False).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]{2})([0-9a-f]+)", notes)
    debug = [f"/usr/lib/debug/.build-id/{build_id[1]}/{build_id[2]}.debug"] if build_id else []
    names = _first_of_each(each for file in [binary, *filter(os.path.exists, debug)] for each in _symbols(file))
    # Debug info names a clone that the compiler made as the function that it is of; that may not be another one.
    of_clones = {name: re.sub(r"\.constprop\.\d+$", "", name) for name in names}
    return names | {name: plain for name, plain in of_clones.items() if plain not in names}


def _symbols(file: str) -> Iterator[tuple[str, str]]:
    """Address and name of each function."""
    listed = subprocess.run(["readelf", "-Ws", file], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        match line.split():
            case [_, address, _, "FUNC" | "IFUNC", _, _, _, name, *_]:
                yield address, re.sub(r"\.llvm\.\d+$|@.*", "", name)


def _first_of_each(symbols: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each name the first that its address has."""
    first: dict[str, str] = {}
    names: dict[str, str] = {}
    for address, name in symbols:
        names.setdefault(name, first.setdefault(address, name))
    return names


def assert_same(data: Path) -> Recorded:
    recorded = read(data)
    mine, perfs = ours(recorded), theirs(data)
    assert mine.total() == perfs.total() > 0
    same = (mine & perfs).total()
    differing = (perfs - mine).most_common(3), (mine - perfs).most_common(3)
    assert same >= SAME * perfs.total(), f"{same} of {perfs.total()} are the same; {differing}"
    return recorded


def assert_known(recorded: Recorded) -> None:
    """`alpha` does three times the work of `beta`; both inline `mix`. 600 samples are within four standard errors."""
    leaves: Counter[str] = Counter()
    for seen in recorded.observations:
        names = {frame.name for frame in seen.stack}
        leaves.update({name: seen.count for name in ("alpha", "beta") if name in names})
    share = leaves["alpha"] / leaves.total()
    assert 0.68 < share < 0.82, leaves
    assert any(frame.inlined and frame.name == "mix" for seen in recorded.observations for frame in seen.stack)


def test_stack_copies_are_unwound(program: Path, tmp_path: Path):
    recorded = assert_same(record(tmp_path / "perf.data", "--call-graph", "dwarf", "--", program, 400))
    assert_known(recorded)
    assert recorded.profile.meta.quality.truncated == 0
    assert recorded.profile.meta.command[0] == str(program)


def test_frame_pointers_are_followed(with_pointers: Path, tmp_path: Path):
    assert_known(assert_same(record(tmp_path / "perf.data", "--call-graph", "fp", "--", with_pointers, 400)))


def test_without_stacks_there_are_leaves(program: Path, tmp_path: Path):
    recorded = assert_same(record(tmp_path / "perf.data", "--", program, 400))
    assert_known(recorded)
    assert all(sum(not frame.inlined for frame in seen.stack) == 1 for seen in recorded.observations)


def test_compressed_records_are_unpacked(program: Path, tmp_path: Path):
    assert_known(assert_same(record(tmp_path / "perf.data", "-z", "--call-graph", "dwarf", "--", program, 400)))


@pytest.mark.parametrize("how", [[], ["-z"]], ids=["plain", "compressed"])
def test_files_of_several_threads_are_one_recording(program: Path, tmp_path: Path, run_pyrometer: Run, how: list[str]):
    data = record(tmp_path / "perf.data", "--threads", *how, "--call-graph", "dwarf", "--", program, 300, 2)
    assert {path.name for path in data.iterdir()} > {"data", "data.0"}
    recorded = assert_same(data)
    assert_known(recorded)
    assert recorded.profile.meta.command[0] == str(program)
    done = run_pyrometer("import", data, cwd=tmp_path)
    assert done.returncode == 0
    assert ours(read(tmp_path / "perf.pyro")) == ours(read(data / "data")) == ours(recorded)


def test_a_forked_process_reads_after_its_parent_has(program: Path, tmp_path: Path):
    data = record(tmp_path / "perf.data", "--call-graph", "dwarf", "--", program, 50)
    code = (
        "import os, signal, pyrometer\n"
        f"expected = pyrometer.load({str(data)!r}).top(1).rows\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    signal.alarm(60)\n"
        f"    os._exit(pyrometer.load({str(data)!r}).top(1).rows != expected)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_event_is_a_metric(with_pointers: Path, tmp_path: Path):
    data = record(tmp_path / "perf.data", "-e", "cpu-clock,page-faults", "-g", "--", with_pointers, 400)
    recorded = assert_same(data)
    metrics = {row["name"]: row["unit"] for row in rows(recorded.profile.metrics)}
    assert metrics == {"cpu-time": "ns", "page-faults": "count"}
    assert_known(recorded)


def test_a_pipe_is_read(with_pointers: Path, tmp_path: Path):
    data = tmp_path / "perf.data"
    command = ["perf", "record", "--quiet", *RATE, "-g", "-o", "-", "--", str(with_pointers), "300"]
    with data.open("wb") as file:
        subprocess.run(command, check=True, stdout=file, stderr=subprocess.DEVNULL)
    assert_known(assert_same(data))


def test_a_running_process_is_known(with_pointers: Path, tmp_path: Path):
    data = tmp_path / "perf.data"
    child = subprocess.Popen([with_pointers, "2000"])
    try:
        time.sleep(0.3)
        record(data, "-g", "-p", child.pid, "--", "sleep", "0.8")
    finally:
        child.kill()
        child.wait()
    recorded = assert_same(data)
    assert_known(recorded)
    assert recorded.profile.meta.attached == [child.pid]
    assert {(seen.pid, seen.process) for seen in recorded.observations} == {(child.pid, with_pointers.name[:15])}


def test_threads_and_children_are_told_apart(program: Path, tmp_path: Path):
    recorded = assert_same(record(tmp_path / "perf.data", "--call-graph", "dwarf", "--", program, 100, 2, 2))
    assert_known(recorded)
    processes = rows(recorded.profile.processes)
    assert len(processes) == 3
    assert {row["name"] for row in processes} == {program.name[:15]}
    assert sorted(Counter(row["process"] for row in rows(recorded.profile.threads)).values()) == [1, 1, 3]


@pytest.mark.parametrize("how", ["--buildid-mmap", "--no-timestamp", "--no-inherit", "--switch-events"])
def test_options_that_change_the_layout(with_pointers: Path, tmp_path: Path, how: str):
    recorded = assert_same(record(tmp_path / "perf.data", how, "-g", "--", with_pointers, 400))
    assert_known(recorded)
    times = [sample["time"] for sample in rows(recorded.profile.samples)]
    assert all((time is None) == (how == "--no-timestamp") for time in times)


def test_events_that_are_read_together(with_pointers: Path, tmp_path: Path):
    data = record(tmp_path / "perf.data", "-e", "{cpu-clock,page-faults}:S", "-g", "--", with_pointers, 400)
    assert_known(assert_same(data))


def test_ripgrep_is_unwound(tmp_path: Path):
    data = tmp_path / "perf.data"
    try:
        command = [programs.ripgrep(), "-c", "-i", "sherlock|holmes", programs.crate_sources()]
    except programs.CannotBuildError as error:
        pytest.skip(str(error))
    subprocess.run(
        ["perf", "record", "--quiet", *RATE, "--call-graph", "dwarf,65528", "-o", data, "--", *command],
        check=False,
        capture_output=True,
    )
    assert_same(data)


def test_another_binary_names_nothing(
    program: Path, tmp_path: Path, run_pyrometer: Run, monkeypatch: pytest.MonkeyPatch
):
    moved = tmp_path / "moved"
    shutil.copy(program, moved)
    data = record(tmp_path / "perf.data", "--call-graph", "dwarf", "--", moved, 100)
    # perf keeps copies of what it has recorded in the home folder, where they would be found.
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / "root" / str(moved).lstrip("/")
    place.parent.mkdir(parents=True)
    moved.rename(place)
    shutil.copy("/bin/true", moved)
    missing = {row["path"]: row["missing"] for row in rows(read(data).profile.binaries)}
    assert "is not the file that was recorded" in missing[str(moved)]
    assert not any(frame.name == "alpha" for seen in read(data).observations for frame in seen.stack)
    for option, folder in (("--sysroot", tmp_path / "root"), ("--debug-path", place.parent)):
        output = tmp_path / f"{option}.pyro"
        done = run_pyrometer("import", data, "-o", output, option, folder)
        assert done.returncode == 0, done.stderr
        found = pyrometer.load(output)
        assert_known(Recorded(output, 0, "", ""))
        assert found.meta.source == "perf-data"


def test_a_packed_file_is_read_by_every_view(with_pointers: Path, tmp_path: Path, run_pyrometer: Run):
    data = record(tmp_path / "perf.data", "-g", "--", with_pointers, 400)
    packed = tmp_path / "perf.data.gz"
    packed.write_bytes(gzip.compress(data.read_bytes()))
    shown = run_pyrometer("show", packed, "--by", "total")
    assert shown.returncode == 0, shown.stderr
    assert "alpha" in shown.stdout
    assert ours(read(packed)) == ours(read(data))


def test_what_does_not_fit_is_named(with_pointers: Path, tmp_path: Path, run_pyrometer: Run):
    whole = record(tmp_path / "perf.data", "-g", "--", with_pointers, 30).read_bytes()
    cut, old = tmp_path / "cut.data", tmp_path / "old.data"
    cut.write_bytes(whole[: len(whole) // 2])
    old.write_bytes(b"PERFFILE" + bytes(100))
    refused = run_pyrometer("import", cut)
    assert refused.returncode == pyrometer.MalformedFileError.exit_code
    assert re.search(r"cut\.data: byte \d+: expected", refused.stderr), refused.stderr
    assert run_pyrometer("import", cut, "--lenient", "-o", tmp_path / "cut.pyro").returncode == 0
    assert not pyrometer.load(tmp_path / "cut.pyro").meta.complete
    first = run_pyrometer("import", old)
    assert "first version of perf.data" in first.stderr


def test_several_are_one_profile(with_pointers: Path, tmp_path: Path, run_pyrometer: Run):
    files = [record(tmp_path / name, "-g", "--", with_pointers, rounds) for name, rounds in (("a", 30), ("b", 60))]
    each = [pyrometer.load(file) for file in files]
    both = pyrometer.import_files(files)
    totals = [profile.top(focus="alpha").basis.total for profile in (*each, both)]
    assert 0 < totals[0] + totals[1] == totals[2]
    assert len(rows(both.processes)) == sum(len(rows(profile.processes)) for profile in each)
    assert run_pyrometer("import", *files, "-o", tmp_path / "both.pyro").returncode == 0
    assert pyrometer.load(tmp_path / "both.pyro").top() == both.top()
