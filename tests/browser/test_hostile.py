"""Profiles that are small, deep, large or hostile are shown as any other."""

from collections.abc import Callable
from typing import Any

import pytest

import pyrometer
from looking import Open, cells, number_of_boxes, settle, show_panel
from pyrometer.profile import Meta

PANELS = ("overview", "flame", "functions", "tree", "source", "threads")
Report = Callable[[pyrometer.Profile], str]


def of_stacks(stacks: list[list[str]], **more: Any) -> pyrometer.Profile:
    """A profile with one sample of each stack."""
    names = list(dict.fromkeys(name for stack in stacks for name in stack))
    rows: list[dict[str, Any]] = []
    leaves = []
    for stack in stacks:
        for depth, name in enumerate(stack):
            rows.append({"frame": names.index(name)} | ({"parent": len(rows) - 1} if depth else {}))
        leaves.append(len(rows) - 1)
    return pyrometer.build(
        Meta(command=["program"], instrument="record"),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1, "name": "program"}],
        threads=[{"tid": 1, "name": "main"}],
        functions=[{"name": name} for name in names],
        frames=[{"function": row} for row in range(len(names))],
        stacks=rows,
        samples=[{"stack": leaf, "value": 10, "time": at * 1000, "thread": 0} for at, leaf in enumerate(leaves)],
        **more,
    )


def test_one_sample(open_page: Open, report: Report):
    page = open_page(report(of_stacks([["main", "work"]])))
    assert "work itself takes 100.0 % (20.7–100.0), 10.0 ns" in page.locator(".hottest").inner_text()
    show_panel(page, "flame")
    assert number_of_boxes(page) == 2
    assert ", 1 sample," in page.locator(".timeline").inner_text()


def test_no_sample(open_page: Open, report: Report):
    page = open_page(report(of_stacks([])))
    for panel in ("overview", "flame", "functions", "tree", "source"):
        show_panel(page, panel)
        assert "There are no samples" in page.locator("main").inner_text(), panel
    show_panel(page, "overview")
    assert "In which binary" not in page.locator("main").inner_text()
    for name in PANELS:
        show_panel(page, name)
    assert cells(page) == [["main (1)", "program (1)"]]


def test_no_metric(open_page: Open, report: Report):
    page = open_page(report(pyrometer.build(Meta(command=["program"]))))
    for name in PANELS:
        show_panel(page, name)


MARKUP = [
    "<script>document.title = 'bad'</script>",
    "</script><script>document.title = 'bad'</script>",
    "<img src=x onerror=\"document.title='bad'\">",
    "<!--",
    '"><b>',
    "@CODE@",
]


def test_markup_in_names_is_text(open_page: Open, report: Report):
    profile = of_stacks([["main", name] for name in MARKUP])
    meta = Meta(command=MARKUP, notes=MARKUP, instrument="record")
    page = open_page(report(pyrometer.Profile(profile.native.with_meta(meta.to_json()))))
    for name in PANELS:
        show_panel(page, name)
        assert page.locator("main img, main b, main script").count() == 0
    assert page.title() != "bad"
    show_panel(page, "functions")
    assert sorted(row[6] for row in cells(page)) == sorted([*MARKUP, "main"])


def test_markup_in_names_of_series_and_sites_is_text(open_page: Open, report: Report):
    named = {"counters": [{"name": name, "time": at, "value": 1e308 * (-1) ** at} for at, name in enumerate(MARKUP)]}
    profile = pyrometer.build(
        Meta(command=["program"], instrument="heap"),
        metrics=[{"name": "peak-bytes", "unit": "bytes", "kind": "exact"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": name} for name in MARKUP],
        frames=[{"function": row} for row in range(len(MARKUP))],
        stacks=[{"frame": row} for row in range(len(MARKUP))],
        samples=[{"stack": row, "value": 1} for row in range(len(MARKUP))],
        **named,
    )
    page = open_page(report(profile))
    for name in ("overview", "heap", "counters"):
        show_panel(page, name)
        assert page.locator("main img, main b, main script").count() == 0
    assert page.title() != "bad"
    series = page.locator(".counters .table").first.locator(".body .row [role=gridcell]:first-child")
    assert series.all_inner_texts() == MARKUP


def test_names_of_ten_thousand_letters(open_page: Open, report: Report):
    long = "Vec<" * 2_500 + "x" + ">" * 2_500
    page = open_page(report(of_stacks([[long, f"{long}::push"]])))
    assert page.locator(".hottest").evaluate("list => list.clientHeight") < 300
    for name in PANELS:
        show_panel(page, name)
    assert page.evaluate("() => document.body.scrollWidth <= window.innerWidth")
    show_panel(page, "flame")
    page.locator(".flame").click(position={"x": 200, "y": 30})
    settle(page)
    assert page.evaluate("() => document.body.scrollWidth <= window.innerWidth")


@pytest.fixture(scope="module")
def deep() -> pyrometer.Profile:
    """A recursion of 100,000 frames."""
    depth = 100_000
    return pyrometer.build(
        Meta(command=["deep"], instrument="record"),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": "one"}, {"name": "other"}],
        frames=[{"function": 0}, {"function": 1}],
        stacks=[{"frame": at % 2} | ({"parent": at - 1} if at else {}) for at in range(depth)],
        samples=[{"stack": depth - 1, "value": 10}],
    )


def test_a_stack_of_a_hundred_thousand_frames(open_page: Open, report: Report, deep: pyrometer.Profile):
    page = open_page(report(deep))
    show_panel(page, "flame")
    height = page.evaluate("() => document.querySelector('.flame canvas').height")
    assert height <= 2 * 900
    assert 20 < number_of_boxes(page) < 100
    page.locator(".flame").evaluate("element => element.scrollTop = element.scrollHeight")
    assert 20 < number_of_boxes(page) < 100
    page.check("[name=inverted]")
    settle(page)
    page.check("[name=recursion]")
    settle(page)
    assert number_of_boxes(page) == 2
    show_panel(page, "tree")
    page.locator(".table .body .row").first.focus()
    for key in ("*", "End", "Home"):
        page.keyboard.press(key)


def test_many_functions(open_page: Open, report: Report):
    many = 100_000
    profile = pyrometer.build(
        Meta(command=["many"], instrument="record"),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": f"function_{at}"} for at in range(many)],
        frames=[{"function": at} for at in range(many)],
        stacks=[{"frame": at} for at in range(many)],
        samples=[{"stack": at, "value": 1} for at in range(many)],
    )
    page = open_page(report(profile))
    show_panel(page, "flame")
    assert number_of_boxes(page) < 2 * 1400
    show_panel(page, "functions")
    assert "100,000 functions" in page.locator(".count").inner_text()
    page.locator(".table .body .row").first.focus()
    page.keyboard.press("End")
    assert page.locator(":focus").get_attribute("aria-rowindex") == str(many + 1)
    assert page.locator(".table .body .row").count() < 100


def test_a_profile_without_times_has_no_timeline(open_page: Open, report: Report, tmp_path):
    path = tmp_path / "stacks.folded"
    path.write_text("main;work 42\nmain 1\n")
    page = open_page(report(pyrometer.load(path)))
    assert not page.locator(".timeline").is_visible()
    show_panel(page, "functions")
    assert [row[6] for row in cells(page)] == ["work", "main"]


def test_a_broken_page_says_so(open_page: Open, report: Report, tmp_path, browser):
    address = report(of_stacks([["main"]]))
    path = tmp_path / "report.html"
    text = path.read_text()
    start = text.index('id="profile">') + len('id="profile">')
    path.write_text(text[: start + 40] + text[text.index("</script>", start) :])
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(".failure")
    assert "This profile cannot be shown" in page.inner_text("body")
    page.close()
