"""Pictures of every panel, in ``build/pictures``: to be looked at."""

from collections.abc import Iterable
from pathlib import Path

import known_heap
from playwright.sync_api import Browser, Page

import programs
from installed import Record
from looking import Open, settle, show_panel

PICTURES = programs.ROOT / "build" / "pictures"
PANELS = ("overview", "flame", "functions", "tree", "source", "threads")
FLAME = programs.ROOT / "docs" / "flame.png"
"""Of ripgrep, as ``make demo`` records it."""
SMALL = ("heat-light.png", "counters-light.png", "heap-dark.png")
STYLE = """
body { margin: 0; background: #8a867f }
.large { display: block; width: 1280px; height: 480px; object-fit: cover; object-position: top }
div { display: flex; gap: 4px; margin-top: 4px }
div img { width: 424px }
"""
ELSEWHERE = """root => {
  for (const place of document.querySelectorAll(".heading, .path")) {
    place.textContent = place.textContent.replace(root, "/home/you/pyrometer");
  }
}"""
"""Where the sources lie is the affair of the machine that made the pictures."""
BLANK = 8_000
"""Bytes: a page without anything on it packs to less."""


def test_pictures_of_every_panel(open_page: Open, recorded: Record, tmp_path: Path):
    profile = recorded(programs.c("known_shares"), "1", rate=1_999).profile
    path = tmp_path / "report.html"
    profile.report(path, title="known_shares")
    look(open_page(f"{path.as_uri()}#runtime=true"), PANELS)


def test_pictures_of_panels_that_few_profiles_have(open_page: Open, browser: Browser, tmp_path: Path):
    path = tmp_path / "report.html"
    known_heap.profile().report(path)
    look(open_page(f"{path.as_uri()}#time=16000000000_16400000000"), ("heat", "counters"))
    look(open_page(f"{path.as_uri()}#metric=3"), ("heap",))
    compose(browser.new_page(viewport={"width": 1280, "height": 742}), tmp_path)


def compose(page: Page, folder: Path) -> None:
    """One picture of a large program's flame graph, above those of three panels."""
    small = "".join(f'<img src="{(PICTURES / name).as_uri()}">' for name in SMALL)
    path = folder / "all.html"
    path.write_text(f'<style>{STYLE}</style><img class="large" src="{FLAME.as_uri()}"><div>{small}</div>')
    page.goto(path.as_uri())
    assert page.evaluate("() => [...document.images].every(image => image.naturalWidth > 0)")
    assert len(page.screenshot(path=PICTURES / "all.png")) > BLANK
    page.close()


def look(page: Page, panels: Iterable[str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 1200, "height": 720})
    for panel in panels:
        show_panel(page, panel)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            settle(page)
            page.evaluate(ELSEWHERE, str(programs.ROOT))
            assert len(page.screenshot(path=PICTURES / f"{panel}-{theme}.png")) > BLANK
