"""The viewer beside speedscope, on the same profiles: until it is there, memory, and frames while zooming.

``python -m bench.viewer`` writes ``bench/viewer.md``. Both are opened by the Chromium of the tests, each in a browser
of its own: Pyrometer's report from disk, speedscope from a server on this machine, with the profile in its own format.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError, sync_playwright

import pyrometer
from bench import machine
from pyrometer.profile import Meta

ROOT = Path(__file__).parents[1]
SPEEDSCOPE = ROOT / "tests" / "readers" / "node_modules" / "speedscope" / "dist" / "release"
REPORT = ROOT / "bench" / "viewer.md"
SIZES = (10_000, 50_000, 200_000)
REPEATS = 3
FRAMES = 60
PATIENCE = 60_000
"""Milliseconds."""
ZOOM = """async ([selector, frames]) => {
  const target = document.querySelector(selector);
  const {left, top} = target.getBoundingClientRect();
  const times = [];
  for (let frame = 0; frame < frames; frame++) {
    const begun = performance.now();
    const at = {clientX: left + 700, clientY: top + 60, deltaY: frame % 20 < 10 ? -30 : 30, ctrlKey: true};
    target.dispatchEvent(new WheelEvent("wheel", {...at, bubbles: true, cancelable: true}));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    times.push(performance.now() - begun);
  }
  return times;
}"""


@dataclass(frozen=True)
class Viewer:
    """How a viewer is opened and asked."""

    name: str
    ready: str
    """JavaScript that is true when the profile is drawn."""
    canvas: str
    """What is zoomed."""


PYROMETER = Viewer("Pyrometer", "() => document.documentElement.dataset.ready === 'true'", ".flame")
OTHER = Viewer("speedscope", "() => document.title.includes('profile') && document.querySelector('canvas')", "canvas")


@dataclass(frozen=True)
class Opened:
    """One opening."""

    seconds: float
    memory: int
    """Bytes of the tab's process after zooming."""
    frames: list[float]
    """Milliseconds from a wheel event to the end of its frame."""


def synthetic(samples: int) -> pyrometer.Profile:
    """A program of as many call paths as samples, some sixty deep, as the tests of ``crates/tables`` make them."""
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
        functions=[{"name": f"crate{row % 97}::module{row % 977}::function_{row}"} for row in range(functions)],
        frames=[{"function": row} for row in range(functions)],
        stacks=stacks,
        samples=[
            {"stack": numbers.randrange(samples), "value": 1_000_000, "time": row * 1_000_000} for row in range(samples)
        ],
    )


def open_once(viewer: Viewer, address: str) -> Opened:
    """Opens a page in a new browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_function(viewer.ready, polling=10)
        seconds = page.evaluate("() => performance.now()") / 1000
        frames = page.evaluate(ZOOM, [viewer.canvas, FRAMES])
        found = Opened(seconds, _memory(), frames)
        browser.close()
        return found


def _memory() -> int:
    """Bytes of the largest renderer, shared ones divided by who shares them (PSS): that of the page."""
    largest = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                sizes = (process / "smaps_rollup").read_text()
                largest = max(largest, int(sizes.partition("Pss:")[2].split()[0]) * 1024)
        except (OSError, IndexError):
            continue
    return largest


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


def compare(samples: int, folder: Path) -> list[str]:
    """The rows of the table for a profile of this size."""
    profile = synthetic(samples)
    report, json = folder / "profile.html", folder / "profile.json"
    profile.report(report, source=False)
    profile.export("speedscope", json)
    with served(folder) as address:
        other = f"{address}/index.html#profileURL={address}/profile.json"
        pages = ((PYROMETER, f"{report.as_uri()}#panel=flame", report), (OTHER, other, json))
        return [_row(samples, viewer, page, file) for viewer, page, file in pages]


def _row(samples: int, viewer: Viewer, address: str, file: Path) -> str:
    begins = (f"{samples:,}", viewer.name, f"{file.stat().st_size / 1e6:.1f} MB")
    try:
        runs = [open_once(viewer, address) for _ in range(REPEATS)]
    except TimeoutError:
        return f"| {' | '.join(begins)} | not within {PATIENCE // 1000} s | | | |"
    frames = sorted(frame for run in runs for frame in run.frames)
    cells = (
        *begins,
        f"{statistics.median(run.seconds for run in runs):.2f} s",
        f"{statistics.median(run.memory for run in runs) / 1e6:.0f} MB",
        f"{statistics.median(frames):.1f} ms",
        f"{frames[int(0.95 * len(frames))]:.1f} ms",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, and write the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(SPEEDSCOPE, folder, dirs_exist_ok=True)
        rows = [row for samples in SIZES for row in compare(samples, folder)]
    facts = machine.describe()
    titles = ("samples", "viewer", "file", "until it is there", "memory", "frame", "95th percentile")
    lines = [
        "# The viewer beside speedscope",
        "",
        f"By `python -m bench.viewer`: medians of {REPEATS} openings with {FRAMES} frames of zooming each,",
        "at 1920×1080 in Chromium without a GPU; no frame is shorter than the display's 16.7 ms. The profiles",
        "are synthetic, with as many call paths as samples.",
        "",
        f"{facts['CPU']}, {facts['cores']} cores, {os.getloadavg()[0]:.1f} processes waiting for them at the end.",
        "",
        f"| {' | '.join(titles)} |",
        f"|---:|---|{'---:|' * (len(titles) - 2)}",
        *rows,
    ]
    REPORT.write_text("\n".join(lines) + "\n")
    print(REPORT.read_text())


if __name__ == "__main__":
    main()
