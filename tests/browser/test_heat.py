"""The heat map of a long recording."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

import pyrometer
from looking import Open, cells, settle, show_panel, spoken
from pyrometer.profile import Meta

SECOND = 1_000_000_000
LENGTH = 40


def profile(seconds: int = LENGTH) -> pyrometer.Profile:
    """Of a program that works by 100 samples a second, and in the tenth second on something else."""
    return pyrometer.build(
        Meta(command=["long"], instrument="record", start=SECOND, duration=seconds * SECOND),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1, "name": "long"}],
        threads=[{"tid": 1, "name": "long"}],
        functions=[{"name": "usual"}, {"name": "rare"}],
        frames=[{"function": 0}, {"function": 1}],
        stacks=[{"frame": 0}, {"frame": 1}],
        samples=[
            {"stack": int(at // 100 == 10), "value": 1_000_000, "time": SECOND + at * SECOND // 100, "thread": 0}
            for at in range(seconds * 100)
        ],
    )


@pytest.fixture
def page(open_page: Open, report) -> Page:
    return open_page(f"{report(profile())}#panel=heat")


def chosen(page: Page) -> list[float]:
    """Seconds from and to."""
    time = parse_qs(urlsplit(page.url).fragment).get("time", [""])[0]
    return [float(part) / SECOND for part in time.split("_")] if time else []


def names(page: Page) -> list[str]:
    show_panel(page, "functions")
    return [row[6] for row in cells(page)]


def test_a_part_is_chosen_by_keyboard(page: Page):
    page.locator(".map").focus()
    for _ in range(10):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+End")
    assert spoken(page) == "10.00 s – 11.00 s: 100 ms"
    page.keyboard.press("Enter")
    settle(page)
    assert chosen(page) == [10, 11]
    page.keyboard.press("Escape")
    settle(page)
    assert chosen(page) == []


def test_a_part_is_chosen_by_dragging(page: Page):
    box = page.locator(".map").bounding_box()
    assert box
    row = 20 + 10.5 * int((box["height"] - 20) / LENGTH)
    page.mouse.move(box["x"] + 75, box["y"] + row)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + row, steps=3)
    page.mouse.up()
    settle(page)
    start, end = chosen(page)
    assert start == 10
    assert 10.4 < end < 10.6
    assert names(page) == ["rare"]


def test_its_rows_are_a_table(page: Page):
    rows = cells(page)
    assert [(row[0], row[1]) for row in rows[:2]] == [("0.00 s", "100 ms"), ("1.00 s", "100 ms")]
    assert page.locator(".heat .table").get_attribute("aria-rowcount") == str(LENGTH + 1)
    page.locator(".heat .table .body .row").nth(10).focus()
    page.locator(".heat .table .body .row").nth(10).click()
    page.keyboard.press("Enter")
    settle(page)
    assert chosen(page) == [10, 11]
    assert names(page) == ["rare"]


def test_a_short_recording_has_none(open_page: Open, report):
    page = open_page(f"{report(profile(3))}#panel=heat")
    assert page.locator("#tab-heat").count() == 0
    assert page.locator("#tab-overview").get_attribute("aria-selected") == "true"


def test_hours_scroll_behind_a_canvas_of_the_window(open_page: Open, report):
    hours = pyrometer.build(
        Meta(command=["long"], instrument="record", duration=3000 * SECOND),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": "work"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 1_000, "time": at * SECOND, "thread": 0} for at in range(3000)],
    )
    page = open_page(f"{report(hours)}#panel=heat")
    assert page.locator(".map").evaluate("map => map.scrollHeight") > 10_000
    assert page.locator(".map canvas").evaluate("canvas => canvas.height") < 900
    page.locator(".map").focus()
    for _ in range(20):
        page.keyboard.press("PageDown")
    assert page.locator(".map").evaluate("map => map.scrollTop") > 400
    assert spoken(page).startswith("200.00 s")
