"""What a page shows, as a test reads it."""

from collections.abc import Callable

from playwright.sync_api import Page

Open = Callable[..., Page]
"""``open_page(address)``: see the fixture."""


def show_panel(page: Page, name: str) -> None:
    """Choose a panel."""
    page.click(f"#tab-{name}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page shows what was asked for."""
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def cells(page: Page) -> list[list[str]]:
    """The rows of the table in sight."""
    rows = page.locator(".table .body .row").all()
    return [[cell.inner_text() for cell in row.locator("[role=gridcell]").all()] for row in rows]


def focused(page: Page) -> str:
    """The text of the element that has the focus."""
    return page.evaluate("() => document.activeElement.innerText")


def spoken(page: Page) -> str:
    """What a screen reader was told last."""
    return page.locator(".spoken").inner_text()


def number_of_boxes(page: Page) -> int:
    """Rectangles of the flame graph."""
    settle(page)
    return int(page.locator(".flame canvas").get_attribute("data-boxes") or -1)


def pixels_that_differ(page: Page, before: bytes) -> bool:
    """Whether the flame graph looks other than it did."""
    settle(page)
    return page.locator(".flame").screenshot() != before


def percent(share: float) -> str:
    """A share as pages write it."""
    return f"{100 * share:.1f} %"
