"""Recordings of perf: ``pyrometer import`` against ``perf script`` on the same files.

Alone: ``python -m bench.perf_data [--rounds N] [--rate HZ]``.

Both end with every sample's stack by name, ours with inlined calls and lines too. perf (until 7.0) tells inlined calls
of copied stacks only; for frame pointers it is measured twice: names alone, and names with lines, which is the nearest
to what we give. The cache of symbols is emptied before each of our runs.
"""

import argparse
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import ROOT, WORK, RunError, run
from bench.ratios import paired_ratio
from bench.recorders import VENV

RIPGREP = ROOT / "build" / "ripgrep" / "bin" / "rg"
SOURCES = Path.home() / ".cargo" / "registry" / "src"
#: A run of perf that takes longer is not waited for: what it has done by then is a lower bound.
LONGEST = 20.0


@dataclass(frozen=True)
class Kind:
    """A way of recording, and how perf shows what came of it."""

    name: str
    graph: str
    shown: Sequence[tuple[str, Sequence[str]]]

    @property
    def copies(self) -> bool:
        """Whether each sample holds a copy of the stack."""
        return self.graph == "dwarf"


NAMES = ("names", ("-F", "comm,tid,time,event,ip,sym"))
LINES = ("names and lines", ("-F", "comm,tid,time,event,ip,sym,srcline"))
KINDS = [
    Kind("stack copies (dwarf)", "dwarf", [NAMES]),
    Kind("frame pointers (fp)", "fp", [NAMES, LINES]),
]


@dataclass
class Measured:
    """Seconds of each round."""

    ours: list[float] = field(default_factory=list)
    theirs: dict[str, list[float]] = field(default_factory=dict)
    peak: int = 0
    samples: int = 0


def record(folder: Path, kind: Kind, rate: int, passes: int = 1) -> Path:
    """Records ripgrep over the crates' sources, a text that every machine with Rust has, as often as ``passes``."""
    data = folder / f"{kind.graph}.data"
    command = ["perf", "record", "--quiet", "-F", str(rate), "--call-graph", kind.graph, "-o", str(data), "--"]
    done = subprocess.run(
        [*command, str(RIPGREP), "-c", "-i", r"sherlock|holmes|\w+ing", *[str(SOURCES)] * passes],
        capture_output=True,
        check=False,
    )
    if not data.exists():
        raise RunError(f"perf cannot record here: {done.stderr.decode()}")
    return data


def measure(data: Path, kind: Kind, rounds: int) -> Measured:
    """Runs in turn, so that what else the machine does meets all of them."""
    measured = Measured()
    output, cache = data.with_suffix(".pyro"), data.with_suffix(".cache")
    own = f"PYROMETER_CACHE={cache} exec {VENV}/pyrometer import {data} -o {output} --format json"
    for _ in range(rounds):
        shutil.rmtree(cache, ignore_errors=True)
        output.unlink(missing_ok=True)
        usage = run([own], shell=True)
        measured.ours.append(usage.wall)
        measured.peak = max(measured.peak, usage.peak)
        for name, fields in kind.shown:
            measured.theirs.setdefault(name, []).append(_perf(data, fields))
    header = subprocess.run(
        ["perf", "script", "-i", str(data), "-F", "time", "-G"], capture_output=True, text=True, check=False
    )
    measured.samples = len(header.stdout.splitlines())
    return measured


def _perf(data: Path, fields: Sequence[str]) -> float:
    command = f"timeout {LONGEST} perf script -i {data} {' '.join(fields)} > /dev/null 2>&1; [ $? -le 124 ]"
    return run([command], shell=True).wall


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rate", type=int, default=4000)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="perf-data-") as folder:
        for kind in KINDS:
            data = record(Path(folder), kind, options.rate)
            measured = measure(data, kind, options.rounds)
            own = statistics.median(measured.ours)
            print(
                f"{kind.name}: {measured.samples:,} samples, {data.stat().st_size / 1e6:.1f} MB; "
                f"pyrometer import {own:.2f} s, {measured.peak / 1e6:.0f} MB"
            )
            for name, seconds in measured.theirs.items():
                ratio = paired_ratio(seconds, measured.ours)
                bound = " or more, stopped" if max(seconds) >= LONGEST else ""
                times = f"{ratio.value:.1f} times ours ({ratio.low:.1f} … {ratio.high:.1f})"
                print(f"  perf script, {name}: {statistics.median(seconds):.2f} s{bound}, {times}")


if __name__ == "__main__":
    main()
