"""In a narrow window, as of a phone or of very large letters, only tables and pictures scroll sideways."""

from pathlib import Path

import known_heap
import pytest
from playwright.sync_api import Page, ViewportSize

import programs
from installed import Record
from looking import Open, settle, show_panel

NARROWEST: ViewportSize = {"width": 320, "height": 640}
"""As WCAG 2.2 has it in 1.4.10."""
FITS = "() => document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"


@pytest.fixture(params=["recorded", "heap"])
def page(request: pytest.FixtureRequest, open_page: Open, recorded: Record, tmp_path: Path) -> Page:
    path = tmp_path / "report.html"
    if request.param == "heap":
        known_heap.profile().report(path)
    else:
        recorded(programs.c("known_shares"), "1", rate=1_999).profile.report(path)
    opened = open_page(f"{path.as_uri()}#selected=1&search=a")
    opened.set_viewport_size(NARROWEST)
    return opened


def test_no_panel_is_wider_than_the_window(page: Page):
    for tab in page.locator("[role=tab]").all():
        tab.click()
        settle(page)
        assert page.evaluate(FITS), tab.inner_text()
        assert page.locator("[name=search]").evaluate("search => search.clientWidth") > NARROWEST["width"] / 2


def test_names_stand_first_in_the_rows_of_tables(page: Page):
    show_panel(page, "functions")
    box = "() => document.querySelector('.table .body .row .name').getBoundingClientRect()"
    assert page.evaluate(f"({box})().left") < NARROWEST["width"] / 4
    assert page.evaluate(f"({box})().width") > NARROWEST["width"] / 3
    # What is scrolled to stands beside them.
    page.locator("main .table").evaluate("table => table.scrollLeft = table.scrollWidth")
    settle(page)
    assert page.evaluate(f"({box})().left") == 0


def test_deep_calls_have_room_for_their_names(page: Page):
    show_panel(page, "tree")
    cramped = "names => names.filter(it => it.clientWidth < 60 && it.scrollWidth > it.clientWidth).length"
    assert page.locator(".table .body .name .name").evaluate_all(cramped) == 0


def test_allocation_points_are_reached_beside_the_cards_and_the_details(open_page: Open, tmp_path: Path):
    path = tmp_path / "report.html"
    known_heap.profile().report(path)
    page = open_page(f"{path.as_uri()}#panel=heap&metric=3&selected=1")
    page.set_viewport_size({"width": 375, "height": 800})
    settle(page)
    row = page.locator(".points .body .row").first
    row.scroll_into_view_if_needed()
    row.click()
    settle(page)
    assert row.get_attribute("aria-selected") == "true"
    assert page.locator(".points .table").evaluate("table => table.clientHeight") > 200
