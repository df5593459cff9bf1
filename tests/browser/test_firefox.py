"""The page in Firefox."""

from collections.abc import Iterator

import known_heap
import pytest

from marionette import FIREFOX, Firefox

DOWN, ENTER = "\ue015", "\ue007"
FAILED = "return document.querySelector('.failure')?.innerText ?? ''"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if FIREFOX is None:
        pytest.skip("there is no Firefox: apt-get install firefox-esr")
    browser = Firefox(tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    known_heap.profile().report(path)
    return path.as_uri()


def test_a_report_opens_from_disk(firefox: Firefox, address: str):
    firefox.open(address)
    assert "parse_request" in firefox.run("return document.querySelector('.hottest').innerText")
    boxes = "return Number(document.querySelector('.flame canvas')?.dataset.boxes ?? 0)"
    firefox.press("2")
    assert firefox.wait(boxes) == 5


def test_every_panel_is_shown(firefox: Firefox, address: str):
    firefox.open(f"{address}#panel=overview")
    for number in range(1, 10):
        firefox.press(str(number))
        shown = f"return document.querySelectorAll('[role=tab]')[{number - 1}].getAttribute('aria-selected') === 'true'"
        firefox.wait(shown)
        firefox.wait("return !document.querySelector('[aria-busy]')")
        assert firefox.run("return document.querySelector('main').innerText.length") > 20
        assert firefox.run(FAILED) == ""


def test_time_is_chosen_by_keyboard(firefox: Firefox, address: str):
    firefox.open(f"{address}#panel=heat")
    firefox.run("document.querySelector('.map').focus()")
    firefox.press(DOWN, ENTER)
    assert firefox.wait("return location.hash.match(/time=([^&]*)/)?.[1]") == "1000000000_1020000000"


def test_canvases_have_the_colours_of_the_theme(firefox: Firefox, address: str):
    pixel = "return [...document.querySelector('.flame canvas').getContext('2d').getImageData(5, 5, 1, 1).data].join()"
    firefox.open(f"{address}#panel=flame")
    firefox.wait("return document.querySelector('.flame canvas').dataset.boxes > 0")
    light = firefox.run(pixel)
    firefox.run("document.querySelector('header button[title=\"Dark or light\"]').click()")
    assert firefox.run(pixel) != light
