"""A browser, and pages in it that report whatever goes wrong."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import pyrometer
from looking import Open

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
READY = "[data-ready]"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # The sandbox does not work for root, and the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """``open_page(address)``: a page that is ready; at the end, nothing may have gone wrong in it."""
    contexts = []
    wrong: list[str] = []

    def open_one(address: str, **options) -> Page:
        context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.extend([said.text] if said.type in ("error", "warning") else []))
        page.goto(address)
        page.wait_for_selector(READY)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def report(tmp_path: Path) -> Callable[[pyrometer.Profile], str]:
    """The address of a profile's report."""

    def write(profile: pyrometer.Profile) -> str:
        path = tmp_path / "report.html"
        profile.report(path)
        return path.as_uri()

    return write


@pytest.fixture
def page_requests() -> Callable[[Page], list[str]]:
    """The addresses that a page asks for from now on."""

    def listen(page: Page) -> list[str]:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        return asked

    return listen
