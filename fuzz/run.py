"""Runs fuzz targets beside each other, one a processor, each into a log of its own; a table of them at the end.

Usage: python3 fuzz/run.py SECONDS TARGET...

A target that finds something does not stop the others. The exit status is 1 if any did.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/fuzz"
ARTIFACTS = ROOT / "fuzz/artifacts"
# Longer than this an input is a finding, in seconds.
TIMEOUT = 10
# In MiB. zstd reserves the window of 2 GiB that a file of a few bytes may ask for, and touches what it fills of it.
RESIDENT, AT_ONCE = 2048, 4096
# A target that runs fewer inputs in a second of CPU time covers little: its seeds are too large, or it sets up too much
# for each.
SLOW = 200
HEADER = f"{'target':<20}{'inputs':>11}{'CPU s':>8}{'a CPU s':>9}{'corpus':>15}{'edges':>8}"


@dataclass(frozen=True)
class Run:
    """What a target did: inputs tried, seconds of CPU time, the sizes of its corpus, and the edges of code covered."""

    target: str
    inputs: int
    seconds: float
    before: int
    after: int
    edges: int
    failed: bool

    @property
    def rate(self) -> float:
        """Inputs in a second of CPU time: what else the machine does is not the target's fault."""
        return self.inputs / max(self.seconds, 1e-3)

    def __str__(self) -> str:
        """A row below HEADER."""
        corpus = f"{self.before} → {self.after}"
        remark = "  found something" if self.failed else "  slow" if self.rate < SLOW else ""
        numbers = f"{self.inputs:>11,}{self.seconds:>8.1f}{self.rate:>9,.0f}{corpus:>15}{self.edges:>8,}"
        return f"{self.target:<20}{numbers}{remark}"


def main() -> int:
    """Runs the targets, prints how far it is, then the table."""
    seconds, targets = int(sys.argv[1]), sys.argv[2:]
    beside = min(len(os.sched_getaffinity(0)), len(targets))
    minutes, rest = divmod(seconds * -(-len(targets) // beside), 60)
    print(
        f"fuzzing {len(targets)} targets for {seconds} s each, {beside} at a time: {minutes} min {rest} s", flush=True
    )
    runs = run_all(targets, seconds, beside)
    print(f"\n{HEADER}", *sorted(runs, key=lambda run: run.target), sep="\n")
    failed = [run.target for run in runs if run.failed]
    inputs = sum(run.inputs for run in runs)
    print(f"\n{len(runs)} targets tried {inputs:,} inputs; {len(failed)} found something")
    for target in failed:
        print(f"  {target}: the input is in fuzz/artifacts/{target}, what it did in build/fuzz/logs/{target}.log")
    return 1 if failed else 0


def run_all(targets: list[str], seconds: int, beside: int) -> list[Run]:
    """All targets; a line for each that ends."""
    runs: list[Run] = []
    with ThreadPoolExecutor(beside) as pool:
        started = [pool.submit(run_one, target, seconds) for target in targets]
        try:
            for done in as_completed(started):
                run = done.result()
                runs.append(run)
                said = "found something" if run.failed else f"{run.inputs:,} inputs, nothing found"
                print(f"[{len(runs)}/{len(targets)}] {run.target}: {said}", flush=True)
        except BaseException:
            # Those that run are interrupted by the same key.
            pool.shutdown(cancel_futures=True)
            raise
    return runs


def run_one(target: str, seconds: int) -> Run:
    """Fuzzes one target; its own output goes to a log."""
    corpus, log, artifacts = BUILD / "corpus" / target, BUILD / "logs" / f"{target}.log", ARTIFACTS / target
    for folder in [corpus, log.parent, artifacts]:
        folder.mkdir(parents=True, exist_ok=True)
    before = count(corpus)
    limits = [f"-max_total_time={seconds}", f"-timeout={TIMEOUT}"]
    limits += [f"-rss_limit_mb={RESIDENT}", f"-malloc_limit_mb={AT_ONCE}"]
    command = [program(target), f"-artifact_prefix={artifacts}/", *limits, "-print_final_stats=1", corpus]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        # Unlike others, this way of waiting tells the CPU time that was used.
        _, process.returncode, used = os.wait4(process.pid, 0)
    text = log.read_text(errors="replace")
    inputs, edges = last(r"stat::number_of_executed_units: (\d+)", text), last(r" cov: (\d+) ", text)
    return Run(target, inputs, used.ru_utime + used.ru_stime, before, count(corpus), edges, process.returncode != 0)


def program(target: str) -> Path:
    """The target as `cargo fuzz build` leaves it, below the name of this machine."""
    return next(BUILD.glob(f"target/*/release/{target}"))


def count(folder: Path) -> int:
    """Files in a folder."""
    return sum(1 for _ in folder.iterdir())


def last(pattern: str, text: str) -> int:
    """The number that a log says last; 0 if it never does."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
