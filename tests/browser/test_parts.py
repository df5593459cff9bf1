"""A large profile that a server shows bit by bit looks as it does with all of it in the page."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import known
import pytest
from playwright.sync_api import Page

import pyrometer
from asking import ask
from looking import Open, settle, show_panel, spoken
from pyrometer.serve import Server

WIDE = "zoom=0.2_0.7"
DEEP = "zoom=0.99999_0.999999"
"""A part that only the lightest nodes are in."""
SHOW = """state => new Promise(done => {
  addEventListener("hashchange", done, {once: true});
  location.hash = state;
})"""
"""When the address has changed, the page has begun to ask."""


def profile() -> pyrometer.Profile:
    """Values from one to a hundred million: most nodes are too light to be seen beside the others."""
    numbers = random.Random(1)
    count, functions = 1_500, 60
    stacks = [
        {"frame": 0},
        *({"frame": 1 + row % functions, "parent": (row * row) % max(1, row // 2)} for row in range(count)),
    ]
    rows = [
        {
            "stack": row,
            "metric": row % 2,
            "value": int(10 ** (8 * numbers.random() ** 2)),
            "time": 5_000 + row * 1_000_000,
            "thread": row % 2,
        }
        for row in range(1, count)
    ]
    names = ["main", *(f"crate{row % 7}::work_{row}" for row in range(functions))]
    tables = known.TABLES | {
        "functions": [{"name": name, "binary": int(row % 5 == 0)} for row, name in enumerate(names)],
        "frames": [{"function": row, "inlined": row % 3 == 1} for row in range(functions + 1)],
        "stacks": stacks,
    }
    return pyrometer.build(known.META, **tables, samples=rows)


@contextmanager
def serving(inside: int) -> Iterator[str]:
    """The address of a server that keeps call trees of more nodes to itself."""
    server = Server(profile(), inside=inside)
    threading.Thread(target=server.run, daemon=True).start()
    yield server.address


@pytest.fixture(scope="module")
def parts() -> Iterator[str]:
    with serving(0) as address:
        yield address


@pytest.fixture(scope="module")
def whole() -> Iterator[str]:
    with serving(1_000_000) as address:
        yield address


@pytest.fixture
def both(open_page: Open, parts: str, whole: str) -> Callable[[str], tuple[Page, Page]]:
    """Two pages of an address: one that gets parts, one that has everything."""
    return lambda state: (open_page(f"{parts}#{state}"), open_page(f"{whole}#{state}"))


def asked(page: Page) -> set[str]:
    """What the page has asked its server for."""
    names = page.evaluate("() => performance.getEntriesByType('resource').map(entry => entry.name)")
    return {name.rpartition("/")[2].partition("?")[0] for name in names}


def text(page: Page) -> str:
    settle(page)
    return page.locator("body").inner_text()


def go(pages: tuple[Page, Page], state: str) -> None:
    """Show another state in both."""
    for page in pages:
        page.evaluate(SHOW, state)
        settle(page)


def picture(page: Page) -> str:
    settle(page)
    return page.locator(".flame canvas").evaluate("canvas => canvas.toDataURL()")


def same(pages: tuple[Page, Page], look: Callable[[Page], object]) -> None:
    """Both look the same, if not at once: what is asked of a server takes its time."""
    part, other = pages
    for _ in range(40):
        if look(part) == look(other):
            return
        part.wait_for_timeout(50)
    assert look(part) == look(other)


def test_plain_views_need_no_whole(both):
    pages = both("")
    for metric in (0, 1):
        for panel in ("overview", "functions", "tree", "threads"):
            go(pages, f"panel={panel}&metric={metric}&selected=3")
            same(pages, text)
        for state in ("", WIDE, DEEP, f"{WIDE}&icicle=false&colour=binary"):
            go(pages, f"panel=flame&metric={metric}&{state}")
            same(pages, picture)
            assert pages[1].locator(".flame canvas").get_attribute("data-boxes") != "0"
    assert asked(pages[0]) >= {"tree", "sums", "neighbours"}
    assert "whole" not in asked(pages[0])


def test_looking_closer_by_wheel_and_keyboard_brings_what_was_cut(both):
    pages = both("panel=flame")
    for page in pages:
        box = page.locator(".flame").bounding_box()
        page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 30)
        page.keyboard.down("Control")
        for _ in range(12):
            page.mouse.wheel(0, -120)
        page.keyboard.up("Control")
        page.mouse.move(0, 0)
        page.wait_for_function("() => location.hash.includes('zoom=')")
    same(pages, picture)
    for page in pages:
        page.locator(".flame").focus()
        page.keyboard.press("Home")
        for _ in range(30):
            page.keyboard.press("ArrowDown")
            settle(page)
    same(pages, spoken)
    assert "whole" not in asked(pages[0])


def test_the_keyboard_opens_what_was_cut(both):
    pages = both("panel=tree")
    for keys in (["End", "ArrowRight", "End", "*"], ["Home", "ArrowDown", "ArrowRight", "*", "End", "*"]):
        for page in pages:
            page.locator(".table .body .row").first.focus()
            for key in keys:
                page.keyboard.press(key)
                settle(page)
        same(pages, lambda page: (page.locator(".table").get_attribute("aria-rowcount"), text(page)))
    assert "whole" not in asked(pages[0])


@pytest.mark.parametrize("state", ["panel=flame&inverted=true", "panel=functions&time=100000000_300000000"])
def test_what_needs_the_whole_gets_it(both, state):
    pages = both(state)
    same(pages, text)
    assert "whole" in asked(pages[0])
    for other in (
        "panel=tree&hide=2&metric=1",
        "panel=functions&focus=3",
        "panel=flame&order=time",
        "panel=flame&colour=kind",
    ):
        go(pages, other)
        same(pages, text)
        if "flame" in other:
            same(pages, picture)


def test_a_search_gets_the_whole_once_and_keeps_it(both):
    pages = both("panel=flame")
    for page in pages:
        page.keyboard.press("/")
        page.keyboard.type("work_1")
        page.wait_for_function("() => location.hash.endsWith('search=work_1')")
    same(pages, text)
    assert "% in" in pages[0].locator(".share").inner_text()
    for panel in ("functions", "tree"):
        for page in pages:
            show_panel(page, panel)
        same(pages, text)
    gets = pages[0].evaluate(
        "() => performance.getEntriesByType('resource').filter(one => one.name.endsWith('/whole')).length"
    )
    assert gets == 1


def test_parts_are_given_to_those_who_know_the_token_and_ask_as_they_must(parts):
    root = urlsplit(parts).path
    right = (
        "tree?metric=0",
        "tree?metric=1&open=0.1&window=0_10.5",
        "sums?metric=1",
        "neighbours?metric=0&function=1",
        "whole",
    )
    for name in right:
        assert ask(parts, root + name)[0] == 200
        assert ask(parts, root + name, host="evil.example")[0] == 403
        assert ask(parts, f"/{name}")[0] == 404
    wrong = (
        "tree",
        "tree?metric=2",
        "tree?metric=-1",
        "tree?metric=x",
        "tree?metric=0&open=x",
        "tree?metric=0&open=-1",
    )
    more = (
        "tree?metric=0&window=1",
        "tree?metric=0&window=x_y",
        "sums?metric=7",
        "neighbours?metric=0",
        "whole/..",
        "head",
    )
    for name in (*wrong, *more):
        assert ask(parts, root + name) == (404, b"not found\n")


def test_a_small_profile_comes_whole(whole):
    for name in ("tree?metric=0", "sums?metric=0", "whole"):
        assert ask(whole, urlsplit(whole).path + name)[0] == 404
