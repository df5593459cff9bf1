"""A page in a browser of its own: until it is there, the tab's memory, and frames.

A browser draws no more often than its display does, so that a frame seems to last 16.7 ms however little work it is.
Frames are therefore measured in a second browser, which has no such limit: one directly after the other.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PATIENCE = 120_000
"""Milliseconds."""
FRAMES = 60
TICK = os.sysconf("SC_CLK_TCK")
UNLIMITED = ("--disable-gpu-vsync", "--disable-frame-rate-limit")
FRAME = "await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));"
AT = "document.elementFromPoint(700, 400)"
"""What is zoomed: the picture, in both viewers."""
WHEEL = f"""async ([frames, zooms]) => {{
  const times = [];
  for (let frame = 0; frame < frames; frame++) {{
    const begun = performance.now();
    const by = frame % 20 < 10 ? -30 : 30;
    const turned = zooms ? {{deltaY: by, ctrlKey: true}} : {{deltaX: by}};
    const at = {{clientX: 700, clientY: 400, bubbles: true, cancelable: true}};
    {AT}.dispatchEvent(new WheelEvent("wheel", {{...at, ...turned}}));
    {FRAME}
    times.push(performance.now() - begun);
  }}
  return times;
}}"""
SEARCH = f"""async frames => {{
  const times = [];
  const said = new Set();
  const field = document.querySelector("input[name=search]");
  field.focus();
  for (let frame = 0; frame < frames; frame++) {{
    const begun = performance.now();
    field.value = `function_${{frame}}`;
    field.dispatchEvent(new InputEvent("input", {{bubbles: true}}));
    {FRAME}
    times.push(performance.now() - begun);
    said.add(document.querySelector(".share").textContent);
  }}
  if (said.size < frames / 4) throw new Error("what is typed is not searched for");
  return times;
}}"""
"""Another name each time, as if each were typed with one key."""


@dataclass(frozen=True)
class Viewer:
    """How a viewer is opened."""

    name: str
    ready: str
    """JavaScript that is true when the profile is drawn."""


PYROMETER = Viewer("Pyrometer", "() => document.documentElement.dataset.ready === 'true'")
SPEEDSCOPE = Viewer("speedscope", "() => document.title.includes('profile') && document.querySelector('canvas')")


@dataclass(frozen=True)
class Opened:
    """One opening."""

    seconds: float
    first_picture: float
    """Milliseconds from unpacked data; NaN if the page does not say it."""
    memory: int
    """Bytes of the tab's process after zooming."""


@dataclass(frozen=True)
class Frames:
    """Milliseconds from an event to the end of its frame, and of CPU time of all the browser's processes a frame."""

    times: list[float]
    cpu: float


def open_once(viewer: Viewer, address: str) -> Opened:
    """Opens a page as it is opened on a desk."""
    with _page(viewer, address, ()) as page:
        seconds = page.evaluate("() => performance.now()") / 1000
        first = page.evaluate("() => performance.getEntriesByName('first picture')[0]?.duration ?? NaN")
        page.evaluate(WHEEL, [FRAMES, True])
        return Opened(seconds, first, _memory())


def frames(viewer: Viewer, address: str, kinds: tuple[str, ...] = ("zoom", "pan")) -> dict[str, Frames]:
    """Frames of each kind (``zoom``, ``pan``, ``search``), without a limit to their rate."""
    with _page(viewer, address, UNLIMITED) as page:
        _check_that_it_zooms(viewer, page)
        return {kind: _frames(page, kind) for kind in kinds}


def _frames(page: Page, kind: str) -> Frames:
    before = _cpu_time()
    times = page.evaluate(SEARCH, FRAMES) if kind == "search" else page.evaluate(WHEEL, [FRAMES, kind == "zoom"])
    return Frames(times, 1000 * (_cpu_time() - before) / FRAMES)


def _check_that_it_zooms(viewer: Viewer, page: Page) -> None:
    """Frames in which nothing happens would be quick."""
    before = page.screenshot()
    page.evaluate(WHEEL, [10, True])
    page.wait_for_timeout(500)
    if page.screenshot() == before:
        raise RuntimeError(f"{viewer.name} does not zoom by the wheel")


@contextmanager
def _page(viewer: Viewer, address: str, options: tuple[str, ...]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        executable = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", *options])
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_function(viewer.ready, polling=10)
        yield page
        browser.close()


def _memory() -> int:
    """Bytes of the largest renderer, shared ones divided by who shares them (PSS): that of the page."""
    largest = 0
    for process in _descendants():
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                sizes = (process / "smaps_rollup").read_text()
                largest = max(largest, int(sizes.partition("Pss:")[2].split()[0]) * 1024)
        except (OSError, IndexError):
            continue
    return largest


def _cpu_time() -> float:
    """Seconds of the processes that this one has started, and of theirs."""
    return sum(int(_stat(process)[11]) + int(_stat(process)[12]) for process in _descendants()) / TICK


def _descendants() -> list[Path]:
    parents = {process: _stat(process)[1:2] for process in Path("/proc").glob("[0-9]*")}
    found, ours = [], {str(os.getpid())}
    while ours:
        children = [process for process, parent in parents.items() if parent and parent[0] in ours]
        found += children
        ours = {process.name for process in children}
    return found


def _stat(process: Path) -> list[str]:
    """The fields of a process from its state on; zeros once it has ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50
