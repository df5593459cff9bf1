"""Files of Valgrind's tools, read and written: every number is that of the tools' own viewers."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import pyrometer
from annotations import Annotation, added, annotate
from installed import Run

SOURCES = Path(__file__).resolve().parent.parent / "fixtures" / "valgrind"
CACHES = ["--cache-sim=yes", "--branch-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=8388608,16,64"]
CALLGRIND = {
    "plain": [],
    "instructions": ["--dump-instr=yes", "--collect-jumps=yes", *CACHES],
    "recursions": ["--separate-recs=3", "--separate-callers=2"],
    "names": ["--compress-strings=no"],
    "positions": ["--compress-pos=no", "--dump-instr=yes"],
    "nothing-compressed": ["--compress-strings=no", "--compress-pos=no", "--collect-jumps=yes"],
    "no-lines": ["--dump-line=no", "--dump-instr=yes"],
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recursion, inlined code, a thread, a callback out of the C library, allocations."""
    folder = tmp_path_factory.mktemp("program")
    for name in ["p.c", "p.h"]:
        (folder / name).write_bytes((SOURCES / name).read_bytes())
    flags = ["-g", "-O1", "-fno-optimize-sibling-calls", "-pthread"]
    subprocess.run(["gcc", *flags, "-o", folder / "p", folder / "p.c"], check=True, timeout=60)
    return folder / "p"


def measured(tool: str, options: list[str], command: list[str | Path], out: Path) -> subprocess.CompletedProcess[str]:
    """Run a command under one of Valgrind's tools, which writes to ``out``."""
    start = ["valgrind", f"--tool={tool}", f"--{tool}-out-file={out}", *options]
    return subprocess.run([*start, *command], check=True, capture_output=True, text=True, timeout=120)


def rows(profile: pyrometer.Profile, table: str) -> list[dict]:
    """A table as dicts."""
    return pa.table(profile.table(table)).to_pylist()


def exact_name(function: dict) -> str:
    """As the tool wrote it: ``f@@LIB_2``, ``f.constprop.0``, ``0x000000000001ab70``."""
    name = function["linkage_name"] or function["name"]
    return re.sub(r"^[^ ]+\+0x([0-9a-f]+)(?=$|')", lambda place: f"0x{int(place[1], 16):016x}", name)


def check(profile: pyrometer.Profile, annotation: Annotation, has_lines: bool = True) -> None:
    """Every total, function, line and call is the same."""
    functions, frames, stacks = (rows(profile, table) for table in ["functions", "frames", "stacks"])
    column = [annotation.events.index(metric["name"]) for metric in rows(profile, "metrics")]
    width = len(annotation.events)
    by_function, by_line = [], []
    for sample in rows(profile, "samples"):
        frame = frames[stacks[sample["stack"]]["frame"]]
        at, value = column[sample["metric"]], sample["value"]
        file = frame["file"] or "???"
        by_function.append((f"{file}:{exact_name(functions[frame['function']])}", at, value))
        by_line.append(((file, frame["line"] or 0), at, value))
    assert added(by_function, width) == {name: values for name, values in annotation.functions.items() if any(values)}
    lines = {(file, line): values for (file, line), values in added(by_line, width).items() if file != "???"}
    if has_lines:
        assert lines == annotation.lines
    else:
        assert {line for _, line in lines} <= {0}
    totals = tuple(sum(values) for values in zip(*added(by_function, width).values(), strict=True))
    # Callgrind's `summary:`, which the viewer prints, has instructions that are in none of its lines.
    different = [pair for pair in zip(annotation.totals, totals, strict=True) if pair[0] != pair[1]]
    for said, summed in different[:1]:
        note = f"A summary in the file says {said}, the lines of its part add up to {summed}: the lines count."
        assert note in profile.meta.notes


@pytest.mark.parametrize("options", [[], CACHES], ids=["instructions", "caches"])
@pytest.mark.parametrize("of", ["program", "ls"])
def test_cachegrind_files_have_the_numbers_of_cg_annotate(of: str, options: list[str], program: Path, tmp_path: Path):
    out = tmp_path / "cachegrind.out"
    command: list[str | Path] = [program] if of == "program" else ["/bin/ls", "-l", "/"]
    measured("cachegrind", options or ["--cache-sim=no"], command, out)
    annotation = annotate("cg_annotate", out, tmp_path)
    profile = pyrometer.load(out)
    check(profile, annotation)
    assert len(annotation.functions) > 100
    if of == "program":
        assert len(annotation.lines) > 500
    again = tmp_path / "again.out"
    profile.export("cachegrind", again)
    copy = annotate("cg_annotate", again, tmp_path)
    assert copy == annotation


def test_differences_and_sums_of_files_are_those_of_cg_diff_and_cg_merge(tmp_path: Path):
    files = [tmp_path / "before", tmp_path / "after"]
    for file, arguments in zip(files, (["/"], ["-l", "/"]), strict=True):
        measured("cachegrind", CACHES, ["/bin/ls", *arguments], file)
    merged, differing = tmp_path / "merged", tmp_path / "differing"
    subprocess.run(["cg_merge", "-o", merged, *files], check=True, capture_output=True, timeout=60)
    differing.write_bytes(subprocess.run(["cg_diff", *files], check=True, capture_output=True, timeout=60).stdout)
    check(pyrometer.import_files(files), annotate("cg_annotate", merged, tmp_path))
    annotation = annotate("cg_annotate", differing, tmp_path, lines=False)
    before, after = map(pyrometer.load, files)
    for at, metric in enumerate(annotation.events):
        expected: Counter[str] = Counter()
        for place, values in annotation.functions.items():
            expected[place.partition(":")[0]] += values[at]
        found = before.diff(after, by="file", metric=metric)
        assert found.total.difference == annotation.totals[at]
        changed = {row.name: row.difference for row in found.rows if row.difference}
        assert changed == {name: value for name, value in expected.items() if value}


@pytest.mark.parametrize("of", ["program", "ls"])
@pytest.mark.parametrize("form", CALLGRIND)
def test_callgrind_files_have_the_numbers_of_callgrind_annotate(of: str, form: str, program: Path, tmp_path: Path):
    out = tmp_path / "callgrind.out"
    command: list[str | Path] = [program] if of == "program" else ["/bin/ls", "-l", "/"]
    measured("callgrind", CALLGRIND[form], command, out)
    has_lines = form != "no-lines"
    annotation = annotate("callgrind_annotate", out, tmp_path, has_lines)
    profile = pyrometer.load(out)
    check(profile, annotation, has_lines)
    if of == "program" and has_lines:
        check_calls(profile, annotation)
    again = tmp_path / "again.out"
    profile.export("callgrind", again)
    copy = annotate("callgrind_annotate", again, tmp_path, has_lines)
    assert (copy.functions, copy.lines) == (annotation.functions, annotation.lines)
    assert copy.totals == tuple(map(sum, zip(*copy.functions.values(), strict=True)))


def check_calls(profile: pyrometer.Profile, annotation: Annotation) -> None:
    """Calls out of our own program, by line and callee, are the same."""
    functions = rows(profile, "functions")
    file = next(file for file, _ in annotation.lines if file.endswith("/p.c"))
    found = {}
    for call in rows(profile, "calls"):
        if call["metric"] == 0 and functions[call["caller"]]["file"] == file:
            callee = functions[call["callee"]]
            key = (file, call["line"], f"{callee['file'] or '???'}:{exact_name(callee)}")
            found.setdefault(key, []).append(call["count"])
    expected = {key: count for key, count in annotation.calls.items() if key[0] == file}
    # Of several functions that call from one line the viewer shows one.
    assert {key: count for key, count in expected.items() if count not in found.get(key, [])} == {}
    assert len(expected) >= 10


def test_threads_of_callgrind_are_threads(program: Path, tmp_path: Path):
    measured("callgrind", ["--separate-threads=yes"], [program], tmp_path / "out")
    files = sorted(tmp_path.glob("out-*"))
    profile = pyrometer.import_files(files)
    assert [thread["tid"] for thread in rows(profile, "threads")] == [1, 2]
    totals = {}
    for sample in rows(profile, "samples"):
        totals[sample["thread"]] = totals.get(sample["thread"], 0) + sample["value"]
    said = [int(number) for file in files for number in re.findall(r"^totals: (\d+)$", file.read_text(), re.MULTILINE)]
    assert list(totals.values()) == said


def test_parts_of_callgrind_are_added_up(program: Path, tmp_path: Path):
    out = tmp_path / "out"
    measured("callgrind", ["--combine-dumps=yes", "--dump-before=heap"], [program], out)
    said = [int(total) for total in re.findall(r"^totals: (\d+)$", out.read_text(), re.MULTILINE)]
    assert len(said) > 2
    assert sum(sample["value"] for sample in rows(pyrometer.load(out), "samples")) == sum(said)


@pytest.mark.parametrize("mode", ["heap", "copy", "ad-hoc"])
def test_dhat_files_have_the_sums_that_dhat_prints(mode: str, program: Path, tmp_path: Path):
    out = tmp_path / "dhat.out"
    said = measured("dhat", [f"--mode={mode}"], [program], out).stderr
    totals = {}
    for name, first, second in re.findall(r"== ([\w -]+): +([\d,]+) \w+(?: in ([\d,]+) \w+)?$", said, re.MULTILINE):
        totals[name] = tuple(int(text.replace(",", "")) for text in (first, second) if text)
    # Younger than the file the program is none to look names up in: what is written are those of the file.
    built = program.stat().st_mtime_ns
    os.utime(out, ns=(built - 1, built - 1))
    profile = pyrometer.load(out)
    metrics = [metric["name"] for metric in rows(profile, "metrics")]
    sums = dict.fromkeys(metrics, 0)
    for sample in rows(profile, "samples"):
        sums[metrics[sample["metric"]]] += sample["value"]
    names = {"heap": "alloc-bytes alloc-blocks", "copy": "copy-bytes copy-blocks", "ad-hoc": "units events"}[mode]
    expected = {"Total": names}
    if mode == "heap":
        expected |= {"At t-gmax": "peak-bytes peak-blocks", "At t-end": "exit-bytes exit-blocks"}
        expected |= {"Reads": "read-bytes", "Writes": "written-bytes"}
    assert {name: tuple(sums[metric] for metric in names.split()) for name, names in expected.items()} == totals
    again = tmp_path / "again.json"
    profile.export("dhat", again)
    before, after = (json.loads(path.read_text()) for path in (out, again))
    # The points of the viewer, their frames written out.
    points = [
        sorted(
            json.dumps([{**point, "fs": [document["ftbl"][at] for at in point["fs"]]}], sort_keys=True)
            for point in document["pps"]
        )
        for document in (before, after)
    ]
    assert points[0] == points[1]
    assert {key: after[key] for key in before if key not in ("pps", "ftbl")} == {
        key: before[key] for key in before if key not in ("pps", "ftbl")
    }


def test_massif_files_have_the_peak_that_ms_print_shows(program: Path, tmp_path: Path):
    out = tmp_path / "massif.out"
    measured("massif", ["--time-unit=B", "--detailed-freq=1"], [program], out)
    shown = subprocess.run(["ms_print", out], check=True, capture_output=True, text=True, timeout=60).stdout
    (peak,) = re.findall(r"\b(\d+) \(peak\)", shown)
    (useful,) = re.findall(rf"^ +{peak} +[\d,]+ +[\d,]+ +([\d,]+)", shown, re.MULTILINE)
    profile = pyrometer.load(out)
    (metric,) = [row for row, metric in enumerate(rows(profile, "metrics")) if metric["name"] == "peak-bytes"]
    found = sum(sample["value"] for sample in rows(profile, "samples") if sample["metric"] == metric)
    assert found == int(useful.replace(",", ""))
    assert {counter["name"] for counter in rows(profile, "counters")} >= {"heap-bytes", "heap-extra-bytes"}


@pytest.mark.parametrize(("to", "tool"), [("callgrind", "callgrind_annotate"), ("cachegrind", "cg_annotate")])
def test_stacks_are_shown_by_valgrinds_viewers(to: str, tool: str, run_pyrometer: Run, tmp_path: Path):
    (tmp_path / "stacks").write_text("main;work;inner 30\nmain;work 12\nmain;work;work;inner 5\n")
    out = tmp_path / "out"
    done = run_pyrometer("export", tmp_path / "stacks", "--to", to, "-o", out)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("left out, for") == 1
    annotation = annotate(tool, out, tmp_path)
    shown = {name: values for name, values in annotation.functions.items() if any(values)}
    assert shown == {"???:inner": (35,), "???:work": (12,)}
    if to == "callgrind":
        shown = subprocess.run([tool, "--inclusive=yes", out], check=True, capture_output=True, text=True, timeout=60)
        assert re.search(r"^47 \(100\.0%\)  \?\?\?:main", shown.stdout, re.MULTILINE), shown.stdout
