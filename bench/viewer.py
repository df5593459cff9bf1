"""The viewer beside speedscope, and what it must reach.

``python -m bench.viewer`` writes ``bench/viewer.md``. Both are opened by the Chromium of the tests, each in a browser
of its own: Pyrometer's report from disk, speedscope from a server on this machine, with the profile in its own format.
The largest profile is opened as ``pyrometer view`` serves it.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError

import pyrometer
from bench import machine
from bench.browser import FRAMES, PATIENCE, PYROMETER, SPEEDSCOPE, Opened, Viewer, frames, open_once
from pyrometer.profile import Meta
from pyrometer.serve import Server
from pyrometer.show import report

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "tests" / "readers" / "node_modules" / "speedscope" / "dist" / "release"
REPORT = ROOT / "bench" / "viewer.md"
SIZES = (10_000, 50_000, 200_000)
LARGE = 1_000_000
HUGE = 5_000_000
WITH_SOURCES = 100_000
REPEATS = 3


def synthetic(samples: int, sources: list[Path] | None = None) -> pyrometer.Profile:
    """A program of as many call paths as samples, some sixty deep, as the tests of ``crates/tables`` make them.

    ``sources``: its functions are in these files.
    """
    numbers = random.Random(1)
    functions = 20_000
    stacks: list[dict[str, Any]] = [{"frame": 0}]
    depths = [0]
    for row in range(1, samples):
        parent = max(0, row - 1 - int(numbers.random() ** 3 * row / 2))
        while depths[parent] > 60:
            parent = numbers.randrange(row)
        stacks.append({"frame": int(numbers.random() ** 2 * functions), "parent": parent})
        depths.append(depths[parent] + 1)
    return pyrometer.build(
        Meta(command=["profile"], instrument="record", duration=samples * 1_000_000),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[
            {"name": f"crate{row % 97}::module{row % 977}::function_{row}", **_place(row, sources)}
            for row in range(functions)
        ],
        frames=[{"function": row, **_place(row, sources)} for row in range(functions)],
        stacks=stacks,
        samples=[
            {"stack": numbers.randrange(samples), "value": 1_000_000, "time": row * 1_000_000} for row in range(samples)
        ],
    )


def _place(row: int, sources: list[Path] | None) -> dict[str, Any]:
    """A place in one of the files."""
    return {} if not sources else {"file": str(sources[row % len(sources)]), "line": 1 + row // len(sources)}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Speedscope and the profiles of a folder, at an address of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass(frozen=True)
class Measured:
    """A viewer with a profile."""

    samples: int
    viewer: Viewer
    size: int
    """Bytes of the file."""
    seconds: float
    first_picture: float
    memory: float
    frames: dict[str, list[float]]
    """Milliseconds by kind, sorted."""
    cpu: dict[str, float]

    def worst(self, kind: str = "zoom") -> float:
        """The 95th percentile of its frames."""
        return self.frames[kind][int(0.95 * len(self.frames[kind]))]

    def row(self) -> list[str]:
        """Its cells in the comparison."""
        return [
            f"{self.samples:,}",
            self.viewer.name,
            f"{self.size / 1e6:.1f} MB",
            f"{self.seconds:.2f} s",
            f"{self.memory / 1e6:.0f} MB",
            f"{statistics.median(self.frames['zoom']):.1f} ms",
            f"{self.worst():.1f} ms",
            f"{self.cpu['zoom']:.1f} ms",
        ]


def measure(samples: int, viewer: Viewer, address: str, size: int, kinds: tuple[str, ...] = ("zoom",)) -> Measured:
    """Opens it some times, and once more for frames."""
    runs: list[Opened] = [open_once(viewer, address) for _ in range(REPEATS)]
    found = frames(viewer, address, kinds)
    return Measured(
        samples,
        viewer,
        size,
        statistics.median(run.seconds for run in runs),
        statistics.median(run.first_picture for run in runs),
        statistics.median(run.memory for run in runs),
        {kind: sorted(found[kind].times) for kind in kinds},
        {kind: found[kind].cpu for kind in kinds},
    )


def compare(samples: int, folder: Path) -> tuple[Measured, Measured | None]:
    """Both viewers with a profile of this size; the other one is None if it shows nothing for long."""
    profile = synthetic(samples)
    ours = measure_report(profile, samples, folder)
    json = folder / "profile.json"
    profile.export("speedscope", json)
    with served(folder) as address:
        other = f"{address}/index.html#profileURL={address}/profile.json"
        try:
            return ours, measure(samples, SPEEDSCOPE, other, json.stat().st_size)
        except TimeoutError:
            return ours, None


def measure_report(
    profile: pyrometer.Profile,
    samples: int,
    folder: Path,
    source: bool = False,
    kinds: tuple[str, ...] = ("zoom", "pan"),
) -> Measured:
    """A profile's report."""
    path = folder / "profile.html"
    profile.report(path, source=source)
    return measure(samples, PYROMETER, f"{path.as_uri()}#panel=flame", path.stat().st_size, kinds)


def measure_view(profile: pyrometer.Profile, samples: int, folder: Path) -> tuple[Measured, float]:
    """A profile as ``pyrometer view`` shows it, and the seconds until its server can be asked."""
    path = folder / "profile.pyro"
    profile.save(path)
    begun = time.monotonic()
    server = Server(pyrometer.load(path), grace=PATIENCE)
    ready = time.monotonic() - begun
    threading.Thread(target=server.run, daemon=True).start()
    address = f"{server.address}#panel=flame"
    return measure(samples, PYROMETER, address, path.stat().st_size, ("zoom", "pan")), ready


@dataclass(frozen=True)
class Target:
    """Something to reach, in a number that may be as large as another."""

    name: str
    found: float
    most: float
    unit: str

    def row(self) -> list[str]:
        """Its cells."""
        digits = 0 if self.unit in ("MB", "KB") else 2 if self.unit == "s" else 1
        texts = [f"{number:.{digits}f} {self.unit}" for number in (self.most, self.found)]
        return [self.name, *texts, "yes" if self.found <= self.most else "no"]


def targets(large: Measured, sourced: Measured, huge: Measured) -> list[Target]:
    """What was asked for. That five million nodes are usable is read as three seconds and twenty pictures a second."""
    code = sum(part.stat().st_size for part in report.PARTS.iterdir())
    million = f"{LARGE:,} nodes"
    return [
        Target("the page without a profile", code / 1e3, 250, "KB"),
        Target(f"{million}: first picture, from unpacked data", large.first_picture, 300, "ms"),
        *(Target(f"{million}: 95 % of {kind} frames", large.worst(kind), 16, "ms") for kind in large.frames),
        Target(f"{million} and samples: the tab's memory", large.memory / 1e6, 300, "MB"),
        Target(f"{WITH_SOURCES:,} samples with sources: report", sourced.size / 1e6, 5, "MB"),
        Target(f"{WITH_SOURCES:,} samples with sources: until it is there", sourced.seconds, 1, "s"),
        Target(f"{HUGE:,} nodes, served: until it is there", huge.seconds, 3, "s"),
        Target(f"{HUGE:,} nodes, served: the tab's memory", huge.memory / 1e6, 300, "MB"),
        *(Target(f"{HUGE:,} nodes, served: 95 % of {kind} frames", huge.worst(kind), 50, "ms") for kind in huge.frames),
    ]


def ahead(pairs: list[tuple[Measured, Measured | None]]) -> list[Target]:
    """Whether it needs less than speedscope, of each."""
    found: list[Target] = []
    for ours, other in pairs:
        if other:
            name = f"{ours.samples:,} samples beside speedscope"
            own, others = (statistics.median(one.frames["zoom"]) for one in (ours, other))
            found += [
                Target(f"{name}: until it is there", ours.seconds, other.seconds, "s"),
                Target(f"{name}: memory", ours.memory / 1e6, other.memory / 1e6, "MB"),
                Target(f"{name}: median zoom frame", own, others, "ms"),
                Target(f"{name}: 95 % of zoom frames", ours.worst(), other.worst(), "ms"),
            ]
    return found


def table(titles: tuple[str, ...], rows: list[list[str]], texts: int) -> list[str]:
    """Lines of Markdown; the first columns are texts."""
    bars = ["---"] * texts + ["---:"] * (len(titles) - texts)
    return [f"| {' | '.join(row)} |" for row in (list(titles), bars, *rows)]


def main() -> None:
    """Measure, and write the report."""
    sources = sorted((ROOT / "crates").glob("*/src/**/*.rs"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(PAGE, folder, dirs_exist_ok=True)
        pairs = [compare(samples, folder) for samples in SIZES]
        sourced = measure_report(synthetic(WITH_SOURCES, sources), WITH_SOURCES, folder, source=True)
        large = measure_report(synthetic(LARGE), LARGE, folder, kinds=("zoom", "pan", "search"))
        huge, ready = measure_view(synthetic(HUGE), HUGE, folder)
    REPORT.write_text("\n".join(lines(pairs, sourced, large, huge, ready)) + "\n")
    print(REPORT.read_text())


def lines(
    pairs: list[tuple[Measured, Measured | None]], sourced: Measured, large: Measured, huge: Measured, ready: float
) -> list[str]:
    """The report."""
    facts = machine.describe()
    titles = ("samples", "viewer", "file", "until it is there", "memory", "zoom frame", "95 %", "CPU a frame")
    rows = [one.row() for pair in pairs for one in pair if one]
    rows += [
        [f"{ours.samples:,}", SPEEDSCOPE.name, f"not within {PATIENCE // 1000} s", *[""] * 5]
        for ours, other in pairs
        if not other
    ]
    rows += [one.row() for one in (sourced, large, huge)]
    goals = [target.row() for target in (*targets(large, sourced, huge), *ahead(pairs))]
    return [
        "# The viewer beside speedscope",
        "",
        f"By `python -m bench.viewer`: medians of {REPEATS} openings, and {FRAMES} frames of each kind, at 1920×1080",
        "in Chromium without a GPU. Frames come directly one after the other, in a browser without a limit to their",
        "rate: with one, none seems shorter than 16.7 ms. CPU a frame is that of all the browser's processes. The",
        f"profiles are synthetic, with as many call paths as samples; {WITH_SOURCES:,} samples are of functions in the",
        f"files of `crates/`, which the report holds; {HUGE:,} are opened as `pyrometer view` serves them, after",
        f"{ready:.1f} s in which the server reads them; the others are reports. A search frame is another name that is",
        "typed into the field.",
        "",
        f"{facts['CPU']}, {facts['cores']} cores, {os.getloadavg()[0]:.1f} processes waiting for them at the end.",
        "",
        *table(titles, rows, 2),
        "",
        "## What it must reach",
        "",
        *table(("", "at most", "measured", "reached"), goals, 1),
    ]


if __name__ == "__main__":
    main()
