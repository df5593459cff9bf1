"""Measures, and writes a report a part: ``python -m bench.run [--quick] [--part recording|names|files|counts]``.

``recording`` writes ``bench/results.md``, ``names`` (symbols, lines, demangling) ``bench/names.md``, ``files`` (other
tools' files) ``bench/files.md``, ``counts`` (lines) ``bench/counts.md``.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import counted_lines, coverage, debug_info, demangle, files, loads, machine, overhead, pictures, scale
from bench.process import RunError, up_to_date
from bench.recorders import Pyrometer
from bench.report import markdown
from bench.results import Results
from bench.targets import COUNTS, FILES, NAMES, RECORDING, Target

RATES = (999, 4_999)


@dataclass(frozen=True)
class Size:
    """How much is run."""

    rounds: int
    seconds: float
    """That ripgrep searches; as often over the same tree as that takes."""
    allocations: int
    long_samples: int
    long_rate: int
    megabytes: int
    """Of `nm` output."""
    addresses: int
    text: int
    """Megabytes of `perf script`'s text."""
    files: int
    """Megabytes of other tools' files."""
    races: int
    """Rounds of each."""
    passes: int
    """Of the program that perf records."""
    lines: int
    """Megabytes of lines to count."""
    limit: float
    """Seconds after which a chain from recording to picture is stopped."""


FULL = Size(
    rounds=12,
    seconds=2,
    allocations=200,
    long_samples=5_200_000,
    long_rate=20_000,
    megabytes=100,
    addresses=300_000,
    text=600,
    files=100,
    races=5,
    passes=10,
    lines=1000,
    limit=180,
)
QUICK = Size(
    rounds=2,
    seconds=1,
    allocations=60,
    long_samples=100_000,
    long_rate=20_000,
    megabytes=10,
    addresses=20_000,
    text=20,
    files=5,
    races=2,
    passes=1,
    lines=20,
    limit=30,
)


def main() -> None:
    """Runs every step; one that fails is named in the report and stops no other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to see that everything works")
    parser.add_argument("--part", choices=PARTS, action="append", help="one part; default: all")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the reports go")
    options = parser.parse_args()
    up_to_date()
    for name in options.part or PARTS:
        part = PARTS[name]
        results = measure(part.steps, QUICK if options.quick else FULL)
        report = options.folder / part.report
        report.write_text(markdown(results, part.targets))
        print(f"written: {report}")


def measure(steps: "Steps", size: Size) -> Results:
    """All steps, in order."""
    results = Results(machine.describe())
    for name, step in steps.items():
        started = time.monotonic()
        print(f"{name} …", end=" ", flush=True, file=sys.stderr)
        try:
            step(results, size)
        except (RunError, OSError, ValueError, KeyError) as error:
            results.failures[name] = str(error)
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return results


def _overhead(load: Callable[[Size], loads.Load], rate: int) -> Callable[[Results, Size], None]:
    def step(results: Results, size: Size) -> None:
        results.comparisons.append(overhead.compare(load(size), rate, size.rounds))

    return step


def _pictures(results: Results, size: Size) -> None:
    results.pictures = pictures.draw(loads.ripgrep(2 * size.seconds), size.limit)


def _openings(results: Results, size: Size) -> None:
    results.help_time = scale.help_time()
    results.second_opening = scale.opening(Pyrometer.output)


def _scale(results: Results, size: Size) -> None:
    results.scale = scale.long_recording(loads.allocator, size.long_samples, size.long_rate)


def _lookups(results: Results, size: Size) -> None:
    results.lookups = debug_info.measure(size.addresses, size.rounds // 2)


def _coverage(results: Results, size: Size) -> None:
    results.coverage = coverage.measure(loads.ripgrep(size.seconds))


def _demangling(results: Results, size: Size) -> None:
    results.demangling = demangle.measure(size.megabytes, size.rounds)


def _texts(results: Results, size: Size) -> None:
    files.texts(results.files, size.text, size.races)


def _rates(results: Results, size: Size) -> None:
    files.rates(results.files, size.files, size.races)


def _annotate(results: Results, size: Size) -> None:
    files.annotate(results.files, size.files, size.races)


def _heaptrack(results: Results, size: Size) -> None:
    files.heaptrack(results.files, size.files, size.races)


def _recordings(results: Results, size: Size) -> None:
    files.recordings(results.files, RATES[1], size.races, size.passes)


def _lines(results: Results, size: Size) -> None:
    counted_lines.measure(results.files, size.lines, size.races)


def _ripgrep(size: Size) -> loads.Load:
    return loads.ripgrep(size.seconds)


def _allocator(size: Size) -> loads.Load:
    return loads.allocator(size.allocations)


Steps = dict[str, Callable[[Results, Size], None]]


@dataclass(frozen=True)
class Part:
    """Steps whose results are a report of their own."""

    report: str
    targets: dict[str, Target]
    steps: Steps


PARTS = {
    "recording": Part(
        "results.md",
        RECORDING,
        {
            **{f"ripgrep at {rate:,} Hz": _overhead(_ripgrep, rate) for rate in RATES},
            **{f"allocator at {rate:,} Hz": _overhead(_allocator, rate) for rate in RATES},
            "pictures": _pictures,
            "openings": _openings,
            "five million samples": _scale,
        },
    ),
    "names": Part("names.md", NAMES, {"demangling": _demangling, "lookups": _lookups, "coverage": _coverage}),
    "counts": Part("counts.md", COUNTS, {"lines": _lines}),
    "files": Part(
        "files.md",
        FILES,
        {
            "text of perf script": _texts,
            "rates of reading": _rates,
            "Valgrind's scripts": _annotate,
            "heaptrack": _heaptrack,
            "recordings of perf": _recordings,
        },
    ),
}


if __name__ == "__main__":
    main()
