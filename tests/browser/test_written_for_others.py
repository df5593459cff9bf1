"""What we write for other people's pages, opened in them: Valgrind's viewer of DHAT, and speedscope."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import pyrometer

DHAT = Path("/usr/libexec/valgrind/dh_view.html")
SPEEDSCOPE = Path(__file__).parent.parent / "readers/node_modules/speedscope/dist/release/index.html"
STACKS = "main;work;inner 30\nmain;work 12\nmain;work;work;inner 5\n"

#: ``opened(page's file, format)``: the page with that export in it.
Opened = Callable[[Path, str], Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    (tmp_path / "stacks").write_text(STACKS)
    profile = pyrometer.load(tmp_path / "stacks")
    context = browser.new_context()
    wrong: list[str] = []

    def open_one(viewer: Path, to: str) -> Page:
        # speedscope knows some files by their names alone.
        exported = tmp_path / f"{to}.out.1"
        profile.export(to, exported)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("console", lambda said: wrong.append(said.text) if "Failed" in said.text else None)
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
