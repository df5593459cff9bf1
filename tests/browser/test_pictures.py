"""Pictures of every panel, in ``build/pictures``: to be looked at."""

from collections.abc import Iterable
from pathlib import Path

import known_heap
from playwright.sync_api import Page

import programs
from installed import Record
from looking import Open, settle, show_panel

PICTURES = programs.ROOT / "build" / "pictures"
PANELS = ("overview", "flame", "functions", "tree", "source", "threads")
BLANK = 8_000
"""Bytes: a page without anything on it packs to less."""


def test_pictures_of_every_panel(open_page: Open, recorded: Record, tmp_path: Path):
    profile = recorded(programs.c("known_shares"), "1", rate=1_999).profile
    path = tmp_path / "report.html"
    profile.report(path, title="known_shares")
    look(open_page(f"{path.as_uri()}#runtime=true"), PANELS)


def test_pictures_of_panels_that_few_profiles_have(open_page: Open, tmp_path: Path):
    path = tmp_path / "report.html"
    known_heap.profile().report(path)
    look(open_page(f"{path.as_uri()}#time=16000000000_16400000000"), ("heat", "counters"))
    look(open_page(f"{path.as_uri()}#metric=3&selected=6"), ("heap",))


def look(page: Page, panels: Iterable[str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for panel in panels:
        show_panel(page, panel)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            settle(page)
            assert len(page.screenshot(path=PICTURES / f"{panel}-{theme}.png")) > BLANK
