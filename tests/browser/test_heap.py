"""Heap profiles and time series on the page, of files that Valgrind wrote."""

import json
import re

import pytest

import programs
import pyrometer
from installed import Run
from looking import Open, cells, percent, settle, show_panel, spoken
from pyrometer.profile import Meta

FILES = programs.ROOT / "tests" / "fixtures" / "valgrind"
DHAT = FILES / "dhat.heap.json"
MASSIF = FILES / "massif.out"


@pytest.fixture(scope="module")
def addresses(run_pyrometer: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Reports by the names of files, as the command writes them."""
    folder = tmp_path_factory.mktemp("heap")
    found = {}
    for file in (DHAT, MASSIF):
        path = folder / f"{file.name}.html"
        done = run_pyrometer("report", file, "-o", path)
        assert done.returncode == 0, done.stderr
        found[file.name] = path.as_uri()
    return found


def total(run: Run, metric: str) -> int:
    shown = json.loads(run("show", DHAT, "--metric", metric, "--format", "json").stdout)
    return shown["basis"]["total"]


def written(size: int) -> str:
    return f"{size} B" if size < 1024 else f"{size / 1024:.1f} KiB"


def test_the_cards_have_the_sums_of_the_terminal(open_page: Open, addresses, run_pyrometer: Run):
    page = open_page(f"{addresses[DHAT.name]}#panel=heap")
    for metric, title in (
        ("alloc-bytes", "In all"),
        ("peak-bytes", "At the peak"),
        ("exit-bytes", "At the end"),
        ("never-read-bytes", "Never read"),
        ("read-bytes", "Read"),
    ):
        card = page.locator(".card", has_text=re.compile(f"^{title}"))
        assert card.locator("strong").inner_text() == written(total(run_pyrometer, metric)), metric


def test_points_belong_to_who_called_the_allocator(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=heap")
    rows = cells(page)
    assert len(rows) == 5
    sites = [row[2] for row in rows]
    assert "heap" in sites
    assert not {"malloc", "calloc"} & set(sites)
    shares = [float(row[0].removesuffix(" %")) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.4)


def test_a_card_sorts_by_its_metric(open_page: Open, addresses, run_pyrometer: Run):
    page = open_page(f"{addresses[DHAT.name]}#panel=heap")
    page.locator(".card", has_text="At the end").focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("() => document.activeElement.getAttribute('aria-pressed')") == "true"
    rows = cells(page)
    whole = total(run_pyrometer, "exit-bytes")
    assert [(row[0], row[5]) for row in rows] == [(percent(size / whole), written(size)) for size in (500, 40)]
    # What is chosen is the metric of all panels.
    assert page.locator("[name=metric] option:checked").inner_text() == "exit-bytes"


def test_lifetimes_are_a_table(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=heap")
    rows = [row.inner_text().split("\t") for row in page.locator(".lifetimes tr").all()][1:]
    assert rows[0][0] == "short: ≤ 500 instrs"
    assert sum(int(row[3]) for row in rows) == 15
    assert page.locator(".card", has_text="Average lifetime").locator("strong").inner_text().endswith("instrs")


def test_a_site_is_found_and_hidden_by_keyboard(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=heap")
    page.locator(".table .body .row", has_text="heap").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("/")
    page.keyboard.type("^heap$")
    page.wait_for_function("() => document.querySelectorAll('.points .body .row').length < 5")
    page.locator(".points .body .row").first.click()
    page.locator(".details [name=hide]").click()
    settle(page)
    assert "hidden: heap" in page.locator(".chips").inner_text()


def test_the_landing_names_who_allocates(open_page: Open, addresses):
    page = open_page(addresses[DHAT.name])
    text = page.locator(".hottest").inner_text()
    assert "has" in text
    assert "malloc" not in text.split("has")[0]


def test_rows_of_what_is_counted_are_no_samples(open_page: Open, addresses, run_pyrometer: Run):
    page = open_page(addresses[DHAT.name])
    facts = page.locator(".facts").inner_text()
    assert "samples" not in facts
    assert written(total(run_pyrometer, "alloc-bytes")) in facts
    assert "In all, freed or not." in page.locator("main").inner_text()
    assert page.locator("header .metric").get_attribute("title") == "In all, freed or not."


def test_functions_of_a_heap_begin_with_who_has_most_in_all(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=functions")
    assert page.locator("[aria-sort=descending]").inner_text().startswith("Total")
    assert cells(page)[0][0] == "0.0 %"


def test_every_colour_of_a_heap_is_explained(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=flame")
    legend = page.locator(".legend li").all_inner_texts()
    # Those of the program, whose file is not on this machine.
    assert "other" in legend
    assert any(re.fullmatch(r"vgpreload_dhat-amd64-linux\.so \d+\.\d %", text) for text in legend)


def test_source_begins_with_who_asks_for_memory(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=source")
    source = page.locator(".both .table").first
    source.locator("[data-at]").nth(1).wait_for()
    assert page.locator(".tools strong").inner_text() not in ("malloc", "calloc")
    shares = [share for share in source.locator(".row .number:first-child").all_inner_texts() if share.endswith("%")]
    assert shares != []
    titles = source.locator("[role=columnheader]").all()
    assert titles[0].get_attribute("title") == "alloc-bytes: In all, freed or not."
    # No title is cut.
    assert all(title.evaluate("it => it.scrollWidth <= it.clientWidth") for title in titles)


def test_what_is_counted_has_no_intervals(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=functions")
    for panel in ("functions", "tree"):
        show_panel(page, panel)
        titles = page.locator("main [role=columnheader]").all_inner_texts()
        assert "95 %" not in titles
        assert len(cells(page)[0]) == len(titles)
    show_panel(page, "functions")
    page.click("main [role=columnheader] >> text=Self")
    settle(page)
    assert page.locator("[aria-sort=descending]").inner_text().startswith("Self")
    assert "malloc" in cells(page)[0]


def test_a_function_whose_code_is_not_there_says_so(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=functions&search=^malloc$")
    page.locator(".table .body .row").first.click()
    page.keyboard.press("5")
    page.wait_for_function("() => document.querySelector('.tools').innerText.includes('hottest functions only')")
    assert page.evaluate("() => document.activeElement.innerText") == "In the flame graph"


def test_threads_of_which_nothing_is_known_say_so(open_page: Open, addresses):
    page = open_page(f"{addresses[DHAT.name]}#panel=threads")
    assert "its samples have no times" in page.locator("main .count").inner_text()
    assert page.locator("main input").count() == 0


def test_snapshots_of_massif_are_a_series(open_page: Open, addresses):
    page = open_page(f"{addresses[MASSIF.name]}#panel=counters")
    counters = list(pyrometer.load(MASSIF).counters.rows())
    names = list(dict.fromkeys(counter["name"] for counter in counters))
    series, points = page.locator(".counters .table").all()
    shown = [row.locator("[role=gridcell]").first.inner_text() for row in series.locator(".body .row").all()]
    assert shown == names
    heap = [counter for counter in counters if counter["name"] == names[0]]
    assert int(points.get_attribute("aria-rowcount") or 0) == len(heap) + 1
    peak = max(counter["value"] for counter in heap)
    assert f"most {written(int(peak))}" in page.locator(".counters .count").inner_text()
    assert "instructions" in page.locator(".counters .count").inner_text()


def test_a_series_is_walked_by_keyboard(open_page: Open, addresses):
    page = open_page(f"{addresses[MASSIF.name]}#panel=counters")
    before = page.locator(".chart").screenshot()
    page.locator(".counters .table").last.locator(".body .row").first.focus()
    page.keyboard.press("ArrowDown")
    assert "instructions: 272 B" in spoken(page)
    assert page.locator(".chart").screenshot() != before
    page.locator(".counters .table").first.locator(".body .row").nth(1).click()
    settle(page)
    assert "series=1" in page.url


def test_a_span_of_a_series_restricts_the_panels(open_page: Open, report):
    second = 1_000_000_000
    profile = pyrometer.build(
        Meta(command=["grows"], instrument="record", start=second, duration=2 * second),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1}],
        threads=[{"tid": 1}],
        functions=[{"name": "early"}, {"name": "late"}],
        frames=[{"function": 0}, {"function": 1}],
        stacks=[{"frame": 0}, {"frame": 1}],
        samples=[
            {"stack": at // 100, "value": 10_000_000, "time": second + at * 10_000_000, "thread": 0}
            for at in range(200)
        ],
        counters=[{"name": "rss", "time": second + at * 100_000_000, "value": at * 4096.0} for at in range(20)],
    )
    page = open_page(f"{report(profile)}#panel=counters")
    assert "most 76.0 KiB at 1.90 s" in page.locator(".counters .count").inner_text()
    box = page.locator(".chart").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 100, steps=3)
    page.mouse.up()
    settle(page)
    assert "time=" in page.url
    show_panel(page, "functions")
    assert [row[6] for row in cells(page)] == ["late"]


def test_panels_of_what_is_not_there_are_not_there(open_page: Open, report):
    profile = pyrometer.build(Meta(command=["program"]), metrics=[{"name": "cpu-time", "unit": "ns"}])
    page = open_page(f"{report(profile)}#panel=heap")
    assert page.locator("#tab-heap, #tab-counters").count() == 0
    assert page.locator("#tab-overview").get_attribute("aria-selected") == "true"
