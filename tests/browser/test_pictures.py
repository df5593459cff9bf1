"""Pictures of every panel, in ``build/pictures``: to be looked at."""

from pathlib import Path

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
    page = open_page(f"{path.as_uri()}#runtime=true")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for panel in PANELS:
        show_panel(page, panel)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            settle(page)
            assert len(page.screenshot(path=PICTURES / f"{panel}-{theme}.png")) > BLANK
