"""Other tools' files: how fast we read and show large ones, against the tools that they are made for.

Alone: ``python -m bench.files [--rounds N] [--megabytes N] [--only NAME]``.

Every race is of paired runs in turn, from the command's start to its end, on files in the page cache, its output thrown
away. What a tool caches of a file (we keep tables of symbols of perf.data's binaries) is said with its name.
"""

import argparse
import filecmp
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyrometer
from bench import perf_data, perf_texts, valgrind_files
from bench.process import ROOT, WORK, RunError, run, up_to_date
from bench.ratios import Centre, paired_ratio
from bench.recorders import PEERS, VENV

READ_RATE = ROOT / "target" / "release" / "examples" / "read_rate"
OURS = "pyrometer"
INFERNO = "inferno-collapse-perf -n 1"
#: Seconds that a run of a peer may take; what takes longer is stopped, and is a lower bound.
PATIENCE = 150.0
#: Rounds that a peer takes part in which needs more than :data:`SLOW` seconds: they tell it from a tenth of that.
SLOW_ROUNDS, SLOW = 3, 20.0


@dataclass
class Race:
    """Tools that do the same with one file."""

    name: str
    task: str
    bytes: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    """The largest resident set, in bytes."""
    stopped: set[str] = field(default_factory=set)
    """Tools that were stopped after :data:`PATIENCE`."""
    agreement: str = ""
    """What was compared of what they print, and how it came out; empty if nothing was."""
    agrees: bool | None = None

    def times_faster(self, peer: str, ours: str = OURS) -> Centre:
        """How many times faster than a peer we are, of paired runs."""
        theirs = self.seconds[peer]
        return paired_ratio(theirs, self.seconds[ours][: len(theirs)])


@dataclass
class Files:
    """What was measured of files."""

    races: dict[str, Race] = field(default_factory=dict)
    rates: dict[str, list[float]] = field(default_factory=dict)
    """MB/s of each file's reading alone; a value each run."""
    sizes: dict[str, int] = field(default_factory=dict)


def race(entry: Race, commands: Mapping[str, str], rounds: int) -> Race:
    """Runs all of them in turn, ours first."""
    for at in range(rounds):
        for name, command in commands.items():
            slow = at >= SLOW_ROUNDS and statistics.median(entry.seconds[name]) > SLOW
            if not name.startswith(OURS) and slow:
                continue
            if name in entry.stopped:
                continue
            try:
                usage = run([command], shell=True, timeout=PATIENCE)
            except RunError as error:
                if name.startswith(OURS) or not str(error).startswith("stopped"):
                    raise
                entry.stopped.add(name)
                entry.seconds.setdefault(name, []).append(PATIENCE)
                continue
            entry.seconds.setdefault(name, []).append(usage.wall)
            # Of a pipe that would be the shell's.
            if " | " not in command:
                entry.peaks[name] = max(entry.peaks.get(name, 0), usage.peak)
    return entry


def _made(name: str, make: Callable[[Path, int], None], megabytes: int) -> Path:
    """A file that is made at its first use."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"{megabytes}-{name}"
    if not path.exists():
        make(path, megabytes * 1_000_000)
    return path


def _needs(tool: str, package: str) -> None:
    if shutil.which(tool) is None:
        raise RunError(f"{tool} is not installed: apt-get install {package}")


def texts(found: Files, megabytes: int, rounds: int) -> None:
    """``perf script``'s text as inferno's lines, on one core."""
    inferno = PEERS / "inferno-collapse-perf"
    if not inferno.exists():
        raise RunError("there is no build/peers/bin/inferno-collapse-perf: make peers")
    text = _made("perf.txt", perf_texts.write, megabytes)
    ours, theirs = WORK / "ours.folded", WORK / "theirs.folded"
    entry = Race("perf script text", "`export --to inferno` of a text of perf script", text.stat().st_size)
    commands = {
        OURS: f"exec taskset -c 0 {VENV}/pyrometer export {text} --to inferno -o {ours}",
        INFERNO: f"exec taskset -c 0 {inferno} -n 1 {text} > {theirs}",
    }
    found.races[entry.name] = race(entry, commands, rounds)
    entry.agrees = filecmp.cmp(ours, theirs, shallow=False)
    lines = theirs.read_bytes().count(b"\n")
    entry.agreement = f"{lines:,} lines, " + ("identical" if entry.agrees else "not identical")


def annotate(found: Files, megabytes: int, rounds: int) -> None:
    """Valgrind's files against Valgrind's own scripts."""
    for tool, make, script in (
        ("callgrind.out", valgrind_files.callgrind, "callgrind_annotate"),
        ("cachegrind.out", valgrind_files.cachegrind, "cg_annotate"),
    ):
        _needs(script, "valgrind")
        file = _made(tool, make, megabytes)
        found.sizes[tool] = file.stat().st_size
        entry = Race(tool, f"`show` of {tool}, {script} of the same", file.stat().st_size)
        commands = {OURS: f"exec {VENV}/pyrometer show {file}", script: f"exec {script} {file}"}
        found.races[tool] = race(entry, commands, rounds)
        entry.agrees, entry.agreement = _same_totals(file, script)


def _same_totals(file: Path, script: str) -> tuple[bool, str]:
    """Whether the sum of the first event is the same."""
    theirs = _output([script, str(file)])
    line = next((line for line in theirs.splitlines() if "PROGRAM TOTALS" in line), "")
    total = re.sub(r"\D", "", line.split("(")[0].split()[0]) if line else ""
    ours = str(pyrometer.load(file).top(metric="Ir").basis.total)
    return total == ours, f"Ir in all: {ours} and {total}"


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RunError(f"{command[0]}: {done.stderr[-200:]}")
    return done.stdout


def rates(found: Files, megabytes: int, rounds: int) -> None:
    """How fast the files are read into a profile, without what comes before and after."""
    for tool, make in (("callgrind.out", valgrind_files.callgrind), ("cachegrind.out", valgrind_files.cachegrind)):
        file = _made(tool, make, megabytes)
        found.sizes[tool] = file.stat().st_size
        for _ in range(rounds):
            told = _output([str(READ_RATE), str(file)])
            found.rates.setdefault(tool, []).append(float(told.split()[-2]))


def heaptrack(found: Files, megabytes: int, rounds: int) -> None:
    """A recording of heaptrack, from the file to the first table."""
    for tool in ("heaptrack", "heaptrack_print"):
        _needs(tool, "heaptrack")
    file = _heaptrack_file(megabytes)
    entry = Race("heaptrack", "`show` of a recording of heaptrack, heaptrack_print of the same", file.stat().st_size)
    commands = {OURS: f"exec {VENV}/pyrometer show {file}", "heaptrack_print": f"exec heaptrack_print {file}"}
    found.races[entry.name] = race(entry, commands, rounds)
    entry.agrees, entry.agreement = _same_heap(file)


def _heaptrack_file(megabytes: int) -> Path:
    """Of Python compiling its own library's modules, again and again for a larger file."""
    path = WORK / f"{megabytes}-heaptrack"
    found = [*WORK.glob(f"{path.name}.*st"), *WORK.glob(f"{path.name}.gz")]
    if found:
        return found[0]
    # On one line: heaptrack writes the command as it is, and its file is one of lines.
    code = (
        "import ast, pathlib, sysconfig; "
        "paths = sorted(pathlib.Path(sysconfig.get_path('stdlib')).glob('*.py')); "
        "[compile(ast.parse(path.read_text(errors='replace')), 'x', 'exec') "
        f"for path in paths * {max(1, megabytes // 25)}]"
    )
    command = ["heaptrack", "-o", str(path), sys.executable, "-c", code]
    # Python's own allocator would hide most of its allocations.
    subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONMALLOC": "malloc"})
    found = [*WORK.glob(f"{path.name}.*st"), *WORK.glob(f"{path.name}.gz")]
    if not found:
        raise RunError("heaptrack recorded nothing")
    return found[0]


#: Our metric for each sum that heaptrack_print ends with.
HEAP_SUMS = {"calls to allocation functions": "alloc-blocks", "temporary memory allocations": "temporary-blocks"}


def _same_heap(file: Path) -> tuple[bool, str]:
    theirs = _output(["heaptrack_print", str(file)])
    profile = pyrometer.load(file)
    same, told = True, []
    for line, metric in HEAP_SUMS.items():
        match = re.search(rf"^{line}: (\d+)", theirs, re.MULTILINE)
        ours = str(profile.top(metric=metric).basis.total)
        same = same and match is not None and match.group(1) == ours
        told.append(f"{line}: {ours} and {match.group(1) if match else 'none'}")
    return same, "; ".join(told)


def recordings(found: Files, rate: int, rounds: int, passes: int = 10) -> None:
    """Recordings of perf, from the file to a table; ours from an empty cache of symbols, and from a filled one.

    The program is ripgrep, going over the same files ``passes`` times; where a sample is small, ten times as often.
    """
    collapse = PEERS / "inferno-collapse-perf"
    for kind in perf_data.KINDS:
        data = perf_data.record(WORK, kind, rate, passes if kind.copies else 10 * passes)
        task = "`show` of a recording of perf, `perf script` of it into inferno-collapse-perf"
        entry = Race(f"perf.data, {kind.name}", task, data.stat().st_size)
        cold, warm = WORK / "cold-cache", WORK / "warm-cache"
        show = f"{VENV}/pyrometer show {data}"
        commands = {
            WARM: f"PYROMETER_CACHE={warm} exec {show}",
            COLD: f"rm -rf {cold}; PYROMETER_CACHE={cold} exec {show}",
            PERF: f"perf script --no-inline -i {data} | {collapse}",
        }
        if kind.copies:
            commands[PERF_INLINED] = f"perf script --inline -i {data} | {collapse}"
        else:
            fields = "comm,pid,tid,time,event,ip,sym,dso,srcline"
            commands[PERF_LINES] = f"perf script --no-inline -F {fields} -i {data} | {collapse}"
        run([commands[WARM]], shell=True)
        found.races[entry.name] = race(entry, commands, rounds)


WARM, COLD = f"{OURS}, warm cache", f"{OURS}, empty cache"
PERF, PERF_INLINED = "perf script --no-inline | inferno", "perf script --inline | inferno"
#: perf tells no inlined calls of frame pointers; lines of the source are what it can tell beyond names.
PERF_LINES = "perf script -F +srcline | inferno"

STEPS: dict[str, Callable[[Files, int, int], None]] = {
    "texts": texts,
    "rates": rates,
    "annotate": annotate,
    "heaptrack": heaptrack,
    "recordings": recordings,
}


def main() -> None:
    """Measures and prints, for one who works on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=4000)
    parser.add_argument("--only", choices=STEPS, action="append")
    options = parser.parse_args()
    up_to_date()
    found = Files()
    for name in options.only or STEPS:
        STEPS[name](found, options.rate if name == "recordings" else options.megabytes, options.rounds)
    for name, rates in found.rates.items():
        print(f"{name}: read at {statistics.median(rates):.0f} MB/s ({min(rates):.0f} … {max(rates):.0f})")
    for entry in found.races.values():
        print(f"{entry.name}, {entry.bytes / 1e6:.0f} MB; {entry.agreement}")
        for tool, seconds in entry.seconds.items():
            print(f"  {tool}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} … {max(seconds):.2f})")
        for tool in entry.seconds:
            if not tool.startswith(OURS):
                first = next(iter(entry.seconds))
                ratio = entry.times_faster(tool, first)
                print(f"  {ratio.value:.1f} times faster than {tool} ({ratio.low:.1f} … {ratio.high:.1f})")


if __name__ == "__main__":
    main()
