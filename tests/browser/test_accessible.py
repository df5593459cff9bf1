"""Every panel passes axe's rules of WCAG 2.2, levels A and AA, in both themes."""

from collections.abc import Iterable
from pathlib import Path

import known
import known_heap
import pytest
from playwright.sync_api import Page

from looking import Open, settle

AXE = Path(__file__).parents[2] / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PANELS = ("overview", "flame", "functions", "tree", "source", "threads")


def violations(page: Page, panels: Iterable[str]) -> list[str]:
    page.evaluate(AXE.read_text())
    found = []
    for panel in panels:
        page.evaluate(f"() => location.hash = 'panel={panel}&selected=3&search=solve&hide=2'")
        settle(page)
        assert page.locator(f"#tab-{panel}").get_attribute("aria-selected") == "true"
        results = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        found += [
            f"{panel}: {one['id']}: {one['nodes'][0]['html'][:200]}: {one['nodes'][0]['failureSummary']}"
            for one in results["violations"]
        ]
        assert len(results["passes"]) > 10
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, report, theme: str):
    # axe is brought in from outside: the page's own policy would refuse it.
    page = open_page(report(known.profile()), color_scheme=theme, bypass_csp=True)
    assert "\n".join(violations(page, PANELS)) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_panels_that_few_profiles_have(open_page: Open, report, theme: str):
    page = open_page(report(known_heap.profile()), color_scheme=theme, bypass_csp=True)
    assert "\n".join(violations(page, ("heat", "counters", "heap"))) == ""


def test_the_tree_grid_says_where_a_row_is(open_page: Open, report):
    page = open_page(f"{report(known.profile())}#panel=tree")
    rows = page.locator("[role=treegrid] .body [role=row]")
    first, second = rows.nth(0), rows.nth(1)
    assert [first.get_attribute(f"aria-{name}") for name in ("level", "expanded", "posinset", "setsize")] == [
        "1",
        "true",
        "1",
        "1",
    ]
    assert [second.get_attribute(f"aria-{name}") for name in ("level", "posinset", "setsize")] == ["2", "1", "2"]
    first.focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(":focus").get_attribute("aria-expanded") == "false"
    assert rows.count() == 1


def test_what_is_chosen_is_shown_where_colours_are_forced(open_page: Open, report):
    page = open_page(f"{report(known.profile())}#panel=functions", forced_colors="active")
    row = page.locator(".table .body .row[aria-selected=true]")
    assert row.evaluate("row => getComputedStyle(row).outlineStyle") == "solid"
