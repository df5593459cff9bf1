"""What we write for other people's pages, opened in them: Valgrind's viewer of DHAT, and speedscope."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import pyrometer

DHAT = Path("/usr/libexec/valgrind/dh_view.html")
SPEEDSCOPE = Path(__file__).parent.parent / "readers/node_modules/speedscope/dist/release/index.html"
STACKS = "main;work;inner 30\nmain;work 12\nmain;work;work;inner 5\n"

#: What viewers say on the console of what they cannot make sense of.
COMPLAINTS = ("Failed", "Tried to end", "still open")

#: ``opened(page's file, format, profile or none for that of STACKS)``: the page with that export in it.
Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    (tmp_path / "stacks").write_text(STACKS)
    context = browser.new_context()
    wrong: list[str] = []

    def open_one(viewer: Path, to: str, profile: pyrometer.Profile | None = None) -> Page:
        # speedscope knows some files by their names alone.
        exported = tmp_path / f"{to}.out.1"
        (profile or pyrometer.load(tmp_path / "stacks")).export(to, exported)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on(
            "console", lambda said: wrong.extend([said.text] if any(word in said.text for word in COMPLAINTS) else [])
        )
        page.goto(viewer.as_uri())
        page.set_input_files("input[type=file]", exported)
        return page

    yield open_one
    context.close()
    assert wrong == []


def test_dhats_viewer_shows_the_tree(opened: Opened):
    page = opened(DHAT, "dhat")
    page.get_by_text("Total:", exact=False).first.wait_for()
    text = page.inner_text("body")
    assert "47 samples (100%" in text
    assert "inner" in text


@pytest.mark.parametrize("to", ["speedscope", "folded", "inferno", "pprof", "chrome", "callgrind"])
def test_speedscope_opens_it(opened: Opened, to: str):
    page = opened(SPEEDSCOPE, to)
    page.get_by_text("Time Order").wait_for()
    page.get_by_text("Sandwich").click()
    page.get_by_text("inner").first.wait_for()


def test_speedscope_finds_every_end_in_a_trace_of_odd_nanoseconds(opened: Opened):
    # Ends at one moment, also of a recursion, of which no sum of a beginning and a length is the same double.
    depths = [8, 3, 5, 8, 1, 8]
    timed = pyrometer.build(
        pyrometer.Meta(duration=10**9),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        functions=[{"name": f"inner {at % 3}"} for at in range(8)],
        frames=[{"function": at} for at in range(8)],
        stacks=[{"frame": at, "parent": at - 1 if at else None} for at in range(8)],
        samples=[
            {"stack": depths[at % 6] - 1, "time": 1_000_003 + at * 333_337, "value": 333_337} for at in range(600)
        ],
    )
    page = opened(SPEEDSCOPE, "chrome", timed)
    page.get_by_text("Time Order").wait_for()
