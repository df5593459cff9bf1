"""Profiles of several metrics, and of other tools, on the page."""

from pathlib import Path

import known
import known_graph
import pytest

import pyrometer
from looking import Open, cells, settle, show_panel
from pyrometer.profile import Meta


def test_the_metric_is_switched_everywhere(open_page: Open, report):
    page = open_page(f"{report(known.profile())}#panel=functions")
    assert cells(page)[0][:3] == ["42.9 %", "24.5–63.5", "90.0 ns"]
    page.select_option("[name=metric]", label="page-faults")
    settle(page)
    # Exact counts have no interval.
    first = cells(page)[0]
    assert [first[0], first[1], first[4]] == ["100.0 %", "7", "program::lex"]
    show_panel(page, "overview")
    assert "program::lex itself takes 100.0 %, 7" in page.locator(".hottest").inner_text()
    assert page.locator("#hottest").inner_text() == "Where page-faults go"
    show_panel(page, "source")
    page.wait_for_selector(".both .heading")
    titles = page.locator(".both .head").first.inner_text().split("\n")
    assert titles == ["page-faults", "with calls", "Line", "Source", "cpu-time"]
    page.go_back()
    page.go_back()
    page.go_back()
    settle(page)
    assert "metric=" not in page.url


def test_source_is_read_however_many_metrics_there_are(open_page: Open, report):
    profile = pyrometer.build(
        Meta(command=["many"], instrument="instructions"),
        metrics=[{"name": f"metric-{at}", "unit": "count", "kind": "exact"} for at in range(20)],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": "work", "file": __file__, "line": 1}],
        frames=[{"function": 0, "file": __file__, "line": 3}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "metric": at, "value": 5} for at in range(20)],
    )
    page = open_page(f"{report(profile)}#panel=source&metric=7")
    row = page.locator(".both .table").first.locator("[aria-selected=true]")
    row.wait_for()
    texts = [cell.inner_text() for cell in row.locator("[role=gridcell]").all()]
    assert texts[:3] == ["100.0 %", "100.0 %", "3"]
    assert texts[4:] == ["100.0 %"] * 19
    box = row.locator(".code").bounding_box()
    assert box
    assert box["width"] >= 240


def test_addresses_of_the_kernel_are_written_as_everywhere(open_page: Open, report):
    address = 0xFFFF_FFFF_81B6_0123
    profile = pyrometer.build(
        Meta(command=["kernel"], instrument="record"),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        binaries=[{"path": "[kernel]"}],
        functions=[{"name": "read", "binary": 0}],
        frames=[{"function": 0, "binary": 0, "address": address - (1 << 64), "kind": "kernel"}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 5}],
    )
    page = open_page(f"{report(profile)}#panel=source")
    cell = page.locator(".both .body .row:not(:has(.heading)) [role=gridcell]").nth(1)
    assert cell.inner_text() == f"{address:x}"
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")


@pytest.mark.parametrize("path", ["./gone/away.c", "/gone/away.c"])
def test_a_source_file_that_is_missing_is_named_once(open_page: Open, report, path: str):
    profile = pyrometer.build(
        Meta(command=["gone"], instrument="record"),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": "work", "file": path, "line": 1}],
        frames=[{"function": 0, "file": path, "line": 3}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 5}],
    )
    page = open_page(f"{report(profile)}#panel=source")
    heading = page.locator(".both .heading").first.inner_text()
    # It may be cut.
    assert page.locator(".both .heading").first.get_attribute("title") == heading
    assert heading.startswith(path)
    assert heading.count(path) == 1


def test_a_metric_that_is_switched_by_keyboard_keeps_the_focus(open_page: Open, report):
    page = open_page(f"{report(known.profile())}#panel=flame")
    page.locator("[name=metric]").focus()
    page.keyboard.press("ArrowDown")
    settle(page)
    assert "metric=1" in page.url
    assert page.evaluate("() => document.activeElement.name") == "metric"
    page.locator("[name=inverted]").focus()
    page.keyboard.press(" ")
    settle(page)
    assert page.evaluate("() => document.activeElement.name") == "inverted"


def test_calls_without_stacks_are_said_to_be_an_estimate(open_page: Open, report):
    page = open_page(report(known_graph.profile()))
    assert "estimate: the profile has no stacks" in page.locator(".overview").inner_text()
    show_panel(page, "flame")
    assert int(page.locator(".flame canvas").get_attribute("data-boxes") or 0) > 3


CALLGRIND = """events: Ir
fn=main
1 10
calls=1 5
1 90
fn=work
5 90
"""


def test_another_tools_file_opens_as_any(open_page: Open, run_pyrometer, tmp_path: Path):
    path = tmp_path / "callgrind.out.1"
    path.write_text(CALLGRIND.replace("calls=1 5", "cfn=work\ncalls=1 5"))
    done = run_pyrometer("report", path, "-o", tmp_path / "a.html")
    assert done.returncode == 0, done.stderr
    page = open_page(f"{(tmp_path / 'a.html').as_uri()}#panel=functions")
    rows = {row[4]: (row[0], row[2]) for row in cells(page)}
    assert rows == {"work": ("90.0 %", "90.0 %"), "main": ("10.0 %", "100.0 %")}


def test_a_title_is_that_of_the_page(open_page: Open, tmp_path: Path):
    path = tmp_path / "a.html"
    known.profile().report(path, "a <b>title</b>")
    page = open_page(path.as_uri())
    assert page.locator("h1").inner_text() == "a <b>title</b>"


def test_a_report_is_whole_or_not_there(tmp_path: Path):
    with pytest.raises(pyrometer.PyrometerError, match="cannot be written"):
        known.profile().report(tmp_path / "nowhere" / "a.html")
    with pytest.raises(pyrometer.PyrometerError, match="cannot be written"):
        known.profile().report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_report_goes_to_stdout(run_pyrometer, tmp_path: Path):
    path = tmp_path / "known.pyro"
    known.profile().save(path)
    done = run_pyrometer("report", path, "-o", "-")
    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.rstrip().endswith("</html>")


def test_the_page_is_small(report):
    parts = Path(pyrometer.__file__).with_name("show") / "page"
    assert sum(path.stat().st_size for path in parts.iterdir()) < 250_000


def test_names_of_deep_calls_have_room_beside_the_details(open_page: Open, report):
    depth = 30
    profile = pyrometer.build(
        Meta(command=["deep"], instrument="record"),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": f"program::module::function_{row}"} for row in range(depth)],
        frames=[{"function": row} for row in range(depth)],
        stacks=[{"frame": row, **({"parent": row - 1} if row else {})} for row in range(depth)],
        samples=[{"stack": depth - 1, "value": 5}],
    )
    page = open_page(f"{report(profile)}#panel=tree&selected=1")
    page.set_viewport_size({"width": 1100, "height": 1000})
    settle(page)
    names = page.locator(".table .body .name .name")
    assert names.count() == depth
    assert min(names.evaluate_all("names => names.map(it => it.clientWidth)")) > 100


def test_of_a_metric_without_times_no_thread_is_said_to_have_none(open_page: Open, report):
    second = 1_000_000_000
    profile = pyrometer.build(
        Meta(command=["mixed"], duration=10 * second),
        metrics=[{"name": "cpu-time", "unit": "ns"}, {"name": "bytes", "unit": "bytes"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}, {"tid": 2}],
        functions=[{"name": "main"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[
            *({"stack": 0, "value": second, "time": at * second, "thread": 0} for at in range(10)),
            {"stack": 0, "value": 4096, "metric": 1, "thread": 1},
        ],
    )
    page = open_page(f"{report(profile)}#panel=threads")
    assert [row[2] for row in cells(page)] == ["10.0 s", "0 s"]
    page.select_option("[name=metric]", label="bytes")
    settle(page)
    assert "its samples of bytes have no times" in page.locator("main .count").inner_text()
    assert [row[0] for row in cells(page)] == ["(1)", "(2)"]
    show_panel(page, "heat")
    assert "of bytes have no times" in page.locator(".heat .count").inner_text()
    assert not page.locator(".heat .map").is_visible()
    page.select_option("[name=metric]", label="cpu-time")
    settle(page)
    assert page.locator(".heat .map").is_visible()
