"""The results as Markdown."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.debug_info import Lookups
from bench.demangle import Demangling
from bench.files import Race
from bench.overhead import PLAIN, Comparison
from bench.pictures import Picture
from bench.process import ROOT
from bench.results import Results
from bench.targets import Outcome, Target, judge

VERDICT = {True: "yes", False: "**no**", None: "not shown"}


def markdown(results: Results, targets: dict[str, Target]) -> str:
    """The whole report; every figure of one run on one machine."""
    parts = [
        "# Benchmark results",
        "Written by `make bench`; every figure is from one run on the machine below. Slowdowns are of paired, "
        "interleaved runs: the Hodges-Lehmann centre with a 95 % bootstrap interval. A target is met, or "
        "missed, when the whole interval says so, and else not shown.",
        "## Machine",
        table(["", ""], results.machine.items()),
        "## Targets",
        table(["target", "", "measured", "met", "why not"], map(_target_row, judge(results, targets))),
    ]
    for comparison in results.comparisons:
        parts += [f"## {comparison.load.name} at {comparison.rate:,} Hz", _comparison(comparison)]
    if results.pictures:
        parts += ["## From the program's end to a flame graph", _pictures(results.pictures)]
    if results.demangling is not None:
        parts += [f"## Demangling {results.demangling.bytes / 1e6:.0f} MB", _demangling(results.demangling)]
    if results.lookups is not None:
        heading = f"## Lines and inlined calls of {results.lookups.addresses:,} addresses"
        parts += [heading, _lookups(results.lookups)]
    for race in results.files.races.values():
        parts += [f"## {race.name}, {race.bytes / 1e6:.0f} MB", _race(race)]
    if results.failures:
        parts += ["## What could not be measured", table(["step", "reason"], results.failures.items())]
    return _without_paths("\n\n".join(parts)) + "\n"


def _without_paths(text: str) -> str:
    """Paths of this machine say nothing to a reader."""
    return text.replace(f"{ROOT}/", "").replace(str(Path.home()), "~")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _target_row(outcome: Outcome) -> list[str]:
    return [outcome.name, outcome.target, outcome.measured, VERDICT[outcome.met], outcome.why]


def _comparison(comparison: Comparison) -> str:
    head = ["recorder", "slowdown", "program's CPU", "samples", "lost", "recorder's CPU a sample"]
    head += ["bytes a sample", "peak memory", "adds before start"]
    rows = [_recorder_row(comparison, name) for name in comparison.runs]
    failed = [[name, reason, *[""] * (len(head) - 2)] for name, reason in comparison.failures.items()]
    plain = f"{PLAIN}: {len(comparison.plain)} runs, median {_median_wall(comparison):.2f} s"
    plain += f"; {comparison.load.description}."
    return plain + "\n\n" + table(head, rows + failed)


def _median_wall(comparison: Comparison) -> float:
    walls = sorted(run.wall for run in comparison.plain)
    return walls[len(walls) // 2]


def _recorder_row(comparison: Comparison, name: str) -> list[str]:
    lost = comparison.lost(name)
    return [
        name,
        comparison.slowdown(name).percent_over_one(),
        comparison.cpu_increase(name).percent_over_one(),
        f"{comparison.typical(name, 'samples'):,.0f}",
        "?" if lost is None else f"{lost:,}",
        f"{comparison.typical(name, 'microseconds a sample'):.1f} µs",
        f"{comparison.typical(name, 'bytes a sample'):,.1f}",
        f"{comparison.typical(name, 'peak') / 1e6:.0f} MB",
        f"{1000 * comparison.typical(name, 'delay'):.0f} ms",
    ]


def _pictures(pictures: Sequence[Picture]) -> str:
    rows = [[picture.chain, _seconds(picture)] for picture in pictures]
    return table(["chain", "time"], rows)


def _lookups(measured: Lookups) -> str:
    head = ["tool", "runs", "median", "from … to", "peak memory"]
    rows = []
    for name, seconds in measured.seconds.items():
        span = f"{min(seconds):.2f} … {max(seconds):.2f} s"
        peak = f"{measured.peaks.get(name, 0) / 1e6:.0f} MB"
        rows.append([name, str(len(seconds)), f"{statistics.median(seconds):.2f} s", span, peak])
    return f"{measured.debug_info / 1e6:.0f} MB of debug info.\n\n" + table(head, rows)


def _demangling(measured: Demangling) -> str:
    head = ["tool", "median", "from … to", "throughput", "peak memory"]
    rows = []
    for name, seconds in measured.seconds.items():
        median = statistics.median(seconds)
        rows.append(
            [
                name,
                f"{median:.2f} s",
                f"{min(seconds):.2f} … {max(seconds):.2f} s",
                f"{measured.bytes / median / 1e6:.0f} MB/s",
                f"{measured.peaks[name] / 1e6:.0f} MB",
            ]
        )
    runs = min(map(len, measured.seconds.values()))
    told = f"`nm` of Rust's and our own libraries, {measured.lines:,} lines; {runs} runs each, in turn."
    return told + "\n\n" + table(head, rows)


def _race(race: Race) -> str:
    head = ["tool", "runs", "median", "from … to", "throughput", "peak memory"]
    rows = []
    for tool, seconds in race.seconds.items():
        median = statistics.median(seconds)
        rows.append(
            [
                f"{tool} (stopped)" if tool in race.stopped else tool,
                str(len(seconds)),
                f"{median:.2f} s",
                f"{min(seconds):.2f} … {max(seconds):.2f} s",
                f"{race.bytes / median / 1e6:,.1f} MB/s",
                f"{race.peaks[tool] / 1e6:.0f} MB" if tool in race.peaks else "not measured",
            ]
        )
    agreement = f" {race.agreement}." if race.agreement else ""
    return f"{race.task}, in turn.{agreement}\n\n" + table(head, rows)


def _seconds(picture: Picture) -> str:
    if picture.failure:
        return f"failed: {picture.failure}"
    return f"> {picture.seconds:.0f} s (stopped)" if picture.stopped else f"{picture.seconds:.2f} s"
