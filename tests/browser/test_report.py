"""A report of a real recording says in the browser what ``pyrometer show`` says in the terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

import programs
import pyrometer
import recordings
from installed import Record, Run
from looking import Open, cells, focused, number_of_boxes, percent, pixels_that_differ, settle, show_panel, spoken


@pytest.fixture(scope="module")
def recording(recorded: Record) -> Path:
    """Of a program of several threads and processes, with recursion and inlined calls."""
    return recorded(programs.c("known_shares"), "1", rate=1_999).path


@pytest.fixture(scope="module")
def address(recording: Path, run_pyrometer: Run) -> str:
    """Its report, as the command writes it."""
    path = recording.with_suffix(".html")
    done = run_pyrometer("report", recording, "-o", path)
    assert done.returncode == 0, done.stderr
    return path.as_uri()


@pytest.fixture
def shown(recording: Path, run_pyrometer: Run) -> Callable[..., dict]:
    """A view of the recording, as ``pyrometer show --format json`` has it."""

    def show(*options: str) -> dict:
        return json.loads(run_pyrometer("show", recording, "--format", "json", *options).stdout)

    return show


def measured(row: dict) -> tuple[str, str]:
    interval = f"{100 * row['low']:.1f}–{100 * row['high']:.1f}" if row["low"] is not None else ""
    return percent(row["share"]), interval


def test_functions_have_the_shares_and_intervals_of_the_terminal(open_page: Open, address: str, shown):
    page = open_page(address)
    for by in ("self", "total"):
        show_panel(page, "functions")
        page.click(f".head button >> text=/^{by}/i")
        settle(page)
        expected = [
            (*measured(row["self"]), *measured(row["total"])) for row in shown("--by", by, "--limit", "15")["rows"]
        ]
        assert [(row[0], row[1], row[3], row[4]) for row in cells(page)[: len(expected)]] == expected


def test_the_overview_names_the_five_hottest(open_page: Open, address: str, shown):
    page = open_page(address)
    sentences = [item.inner_text() for item in page.locator(".hottest li").all()]
    assert len(sentences) == 5
    for sentence, row in zip(sentences, shown("--limit", "5")["rows"], strict=True):
        assert row["place"]["name"] in sentence
        assert percent(row["self"]["share"]) in sentence
    assert "known_shares" in page.locator("h1").inner_text()
    assert "lost 0" in page.locator(".missing").inner_text()


@pytest.mark.parametrize("options", [(), ("--inverted",), ("--collapse-runtime",)])
def test_the_call_tree_has_the_nodes_of_the_terminal(open_page: Open, address: str, shown, options):
    named = {"--inverted": "inverted=true", "--collapse-runtime": "runtime=true"}
    page = open_page(f"{address}#panel=tree&{''.join(named[option] for option in options)}")
    nodes = shown("--view", "tree", "--min-percent", "0", *options)["tree"]
    roots = [node for node in nodes if node["parent"] is None]
    assert int(page.locator(".table").get_attribute("aria-rowcount") or 0) >= len(roots) + 1
    first = cells(page)[0]
    assert [first[0], first[3]] == [percent(roots[0]["total"]["share"]), percent(roots[0]["self"]["share"])]
    assert roots[0]["place"]["name"] in first[5]
    page.locator(".table .body .row").first.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    children = [node for node in nodes if node["parent"] == nodes.index(roots[0])]
    closed = int(page.locator(".table").get_attribute("aria-rowcount") or 0)
    page.keyboard.press("ArrowRight")
    settle(page)
    opened = int(page.locator(".table").get_attribute("aria-rowcount") or 0)
    assert opened - closed >= len(children)


def test_a_brush_restricts_every_panel(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=functions&time=200000000_500000000")
    rows = shown("--time", "0.2:0.5", "--limit", "5")["rows"]
    assert [row[0] for row in cells(page)[: len(rows)]] == [percent(row["self"]["share"]) for row in rows]
    strip = page.locator(".strip")
    box = strip.bounding_box()
    assert box
    before = cells(page)
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 20, steps=3)
    page.mouse.up()
    settle(page)
    assert cells(page) != before
    page.click("text=All of it")
    settle(page)
    assert [row[0] for row in cells(page)[:5]] == [
        percent(row["self"]["share"]) for row in shown("--limit", "5")["rows"]
    ]


def test_a_focus_keeps_stacks_through_a_function(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=functions")
    name = shown("--limit", "1")["rows"][0]["place"]["name"]
    page.locator(".table .body .row").first.click()
    page.click(".details >> text=Focus")
    settle(page)
    rows = shown("--focus", f"^{name}$", "--limit", "5")["rows"]
    assert [row[0] for row in cells(page)[: len(rows)]] == [percent(row["self"]["share"]) for row in rows]
    assert f"focus: {name}" in page.locator(".chips").inner_text()
    page.click(".chips button")
    settle(page)
    assert page.locator(".chips").inner_text() == ""


def test_callers_and_callees_are_those_of_the_terminal(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=functions")
    page.fill("input[type=search]", "inlined_kernel")
    page.wait_for_function("() => document.querySelectorAll('.table .body .row').length == 1")
    page.locator(".table .body .row").first.click()
    callers = shown("--view", "callers", "--function", "inlined_kernel")["rows"]
    found = [item.inner_text().split() for item in page.locator(".details .neighbours").first.locator("li").all()]
    assert [" ".join(row[:2]) for row in found] == [percent(row["edge"]["share"]) for row in callers]


def test_the_memory_of_the_recorded_processes_is_drawn(open_page: Open, address: str, recording: Path):
    points = recordings.rows(pyrometer.load(recording).counters)
    page = open_page(f"{address}#panel=counters")
    series = page.locator(".counters .table").first.locator(".body .row")
    assert series.count() == len({point["thread"] for point in points})
    first = series.first.locator("[role=gridcell]").all_inner_texts()
    most = max(point["value"] for point in points)
    assert first[0].startswith("rss, ")
    assert first[2] == f"{most / (1 << 20):.1f} MiB"
    # Each of them ends before the recording does, or with it.
    assert (
        page.locator(".counters .count")
        .inner_text()
        .endswith("at its end; rss is the memory that a process has in RAM")
    )
    assert page.locator(".counters .table").nth(1).locator(".body .row").count() > 1


def test_a_search_without_a_hit_says_so(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame&search=no_such_function")
    assert page.locator(".search .share").inner_text() == "nothing found"
    assert page.locator("[name=search]").get_attribute("aria-invalid") == "false"


def test_search_says_the_share_found(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=flame")
    before = page.locator(".flame").screenshot()
    page.keyboard.press("/")
    page.keyboard.type("inlined_kernel")
    page.wait_for_function("() => document.querySelector('.share').innerText != ''")
    rows = [
        row for row in shown("--limit", "1000", "--by", "total")["rows"] if "inlined_kernel" in row["place"]["name"]
    ]
    assert page.locator(".share").inner_text() == f"{percent(rows[0]['total']['share'])} in 1 function"
    assert pixels_that_differ(page, before)
    page.fill("input[type=search]", "(")
    page.wait_for_function("() => document.querySelector('.share').innerText == 'not a regular expression'")


def test_a_line_of_source_is_reached_by_keyboard(open_page: Open, address: str):
    page = open_page(f"{address}#panel=functions")
    page.keyboard.press("3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("5")
    page.wait_for_function("() => document.activeElement.closest('.both')")
    before = page.evaluate("() => document.activeElement.dataset.at")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("() => document.activeElement.dataset.at") != before


def test_what_a_key_does_is_said(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame")
    page.keyboard.press("2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("f")
    settle(page)
    assert spoken(page).startswith("only stacks through")
    page.keyboard.press("Control+z")
    assert spoken(page) == "one step back"


def test_when_a_thread_worked_is_shown_whole(open_page: Open, address: str):
    page = open_page(f"{address}#panel=threads")
    cells = page.locator(".table .body .row .spark").all()
    assert cells != []
    for spark in cells:
        assert spark.evaluate("it => it.getBoundingClientRect().width <= it.parentElement.clientWidth")


def test_the_menu_is_not_covered(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame")
    page.locator(".flame").hover(position={"x": 250, "y": 50})
    assert page.locator(".tip").is_visible()
    page.locator(".flame").click(button="right", position={"x": 250, "y": 50})
    assert page.locator(".menu").is_visible()
    assert not page.locator(".tip").is_visible()


PAINTED = """canvas => {
  const [wide, high] = [canvas.width, Math.round(canvas.height / 5)];
  const pixels = canvas.getContext("2d").getImageData(0, canvas.height - high, wide, high).data;
  return pixels.some((value, at) => at % 4 === 3 && value > 0);
}"""


def test_the_timeline_has_times_below_it(open_page: Open, address: str):
    page = open_page(address)
    assert page.locator(".timeline canvas").evaluate(PAINTED)


TYPED = """text => {
  const field = document.querySelector("[name=search]");
  field.focus();
  field.value = text;
  field.dispatchEvent(new InputEvent("input", {bubbles: true}));
  return [document.querySelector(".share").textContent, location.hash];
}"""


def test_a_letter_is_searched_for_at_once_and_the_address_follows(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame")
    said, before = page.evaluate(TYPED, "inlined_kern")
    assert said.endswith("in 1 function")
    assert before == "#panel=flame"
    page.evaluate(TYPED, "inlined_kernel")
    page.wait_for_function("() => location.hash === '#panel=flame&search=inlined_kernel'")
    # What comes before the address has followed takes it along.
    page.evaluate(TYPED, "inlined")
    page.keyboard.press("Enter")
    page.keyboard.press("3")
    assert page.url.endswith("#panel=functions&search=inlined")
    page.keyboard.press("Control+z")
    page.wait_for_function("() => location.hash === '#panel=flame&search=inlined'")
    assert page.input_value("[name=search]") == "inlined"


def test_escape_ends_a_search_that_has_just_been_typed(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame")
    page.evaluate(TYPED, "inlined")
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert page.url.endswith("#panel=flame")
    assert page.locator(".share").inner_text() == ""


def test_a_click_zooms_and_undo_goes_back(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame")
    boxes, picture = number_of_boxes(page), page.locator(".flame").screenshot()
    page.locator(".flame").click(position={"x": 250, "y": 50})
    settle(page)
    page.mouse.move(5, 5)
    assert "zoom=" in page.url
    assert pixels_that_differ(page, picture)
    zoomed = page.url
    page.click("text=Undo")
    page.wait_for_function("() => !location.hash.includes('zoom')")
    assert number_of_boxes(page) == boxes
    page.go_forward()
    settle(page)
    assert page.url == zoomed


def test_a_link_shows_what_was_seen(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame&runtime=true&colour=kind")
    page.locator(".flame").click(position={"x": 250, "y": 70})
    settle(page)
    page.mouse.move(5, 5)
    settle(page)
    again = open_page(page.url)
    settle(again)
    assert number_of_boxes(again) == number_of_boxes(page)


def test_the_flame_graph_by_keyboard_alone(open_page: Open, address: str):
    page = open_page(address)
    page.keyboard.press("2")
    settle(page)
    page.keyboard.press("ArrowDown")
    root = spoken(page)
    page.keyboard.press("ArrowDown")
    child = spoken(page)
    assert "total" in root
    assert child != root
    page.keyboard.press("Enter")
    settle(page)
    assert spoken(page).startswith("zoomed to")
    assert "zoom=" in page.url or "100.0 %" in spoken(page)
    page.keyboard.press("f")
    settle(page)
    assert "focus=" in page.url
    page.keyboard.press("Control+z")
    page.wait_for_function("() => !location.hash.includes('focus')")
    page.keyboard.press("Shift+F10")
    assert focused(page) == "Zoom to this frame"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    settle(page)
    assert "zoom=" not in page.url


def test_every_panel_is_reached_by_tab_and_arrow_keys(open_page: Open, address: str):
    page = open_page(address)
    page.locator("#tab-overview").focus()
    seen = [focused(page)]
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        settle(page)
        seen.append(focused(page))
        assert (
            page.locator("#panel").get_attribute("aria-labelledby")
            == f"tab-{page.url.partition('panel=')[2].partition('&')[0]}"
        )
    assert seen == ["Overview", "Flame graph", "Functions", "Call tree", "Source", "Threads"]


def test_time_is_chosen_by_keyboard(open_page: Open, address: str):
    page = open_page(address)
    page.locator(".handle").first.focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
        settle(page)
    start = float(page.locator(".handle").first.get_attribute("aria-valuenow") or 0)
    end = float(page.locator(".handle").last.get_attribute("aria-valuenow") or 0)
    assert start / end == pytest.approx(0.3, abs=0.01)
    page.keyboard.press("Home")
    settle(page)
    assert "time=" not in page.url


def test_threads_are_left_out(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=threads")
    row = page.locator(".table .body .row", has_text="left").first
    row.click()
    page.keyboard.press(" ")
    settle(page)
    assert "threads" in page.locator(".chips").inner_text()
    show_panel(page, "functions")
    names = [cell[6] for cell in cells(page)]
    assert not any(name == "left_work" for name in names)
    assert any(name == "right_work" for name in names)


def test_the_file_asks_for_nothing(open_page: Open, address: str, page_requests: Callable[[Page], list[str]]):
    page = open_page(address)
    asked = page_requests(page)
    page.reload()
    page.wait_for_selector("[data-ready]")
    assert len(page.workers) == 1
    for name in ("flame", "functions", "tree", "source", "threads"):
        show_panel(page, name)
    assert [one for one in asked if not one.startswith(("file:", "blob:", "data:"))] == []


def test_source_and_machine_code_have_the_shares_of_the_terminal(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=functions")
    page.locator(".table .body .row", has_text="alpha").first.click()
    page.click(".details >> text=Source")
    settle(page)
    annotated = shown("--view", "annotate", "--function", "alpha")
    source, code = page.locator(".both .table").all()
    source.locator("[data-at]").first.wait_for()
    for table, rows, place in (
        (source, annotated["sources"][0]["lines"], lambda row: str(row["line"])),
        (code, annotated["assembly"][0]["instructions"], lambda row: f"{row['address']:x}"),
    ):
        expected = {place(row): percent(row["self"]["share"]) for row in rows if row["self"]["value"]}
        found = [
            [cell.inner_text() for cell in row.all()]
            for row in [row.locator("[role=gridcell]") for row in table.locator(".body .row").all()]
        ]
        seen = {row[1 if table is code else 2]: row[0] for row in found if len(row) > 2 and row[0]}
        assert seen
        assert seen.items() <= expected.items()
    hot = source.locator(".body .row[aria-selected=true]")
    hot.click()
    assert source.locator("[data-same]").count() == 1
    assert code.locator("[data-same]").count() >= 1


def test_a_walk_by_keyboard_stays_in_sight_while_zoomed(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame&inverted=true")
    page.locator(".flame").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settle(page)
    before = page.url
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.url != before
    assert "zoom=0_" not in page.url


def test_lines_of_a_span_are_those_of_the_terminal(open_page: Open, address: str, shown):
    name = shown("--time", "0.2:0.5", "--limit", "1")["rows"][0]["place"]["name"]
    page = open_page(f"{address}#panel=functions&time=200000000_500000000")
    select(page, name)
    assert_lines(page, shown("--view", "annotate", "--function", name, "--time", "0.2:0.5"))


def test_lines_through_a_caller_are_those_of_the_terminal(open_page: Open, address: str, shown):
    page = open_page(f"{address}#panel=functions")
    select(page, "caller_one")
    page.click(".details >> text=Focus")
    settle(page)
    show_panel(page, "functions")
    select(page, "inlined_kernel")
    assert_lines(page, shown("--view", "annotate", "--function", "inlined_kernel", "--focus", "^caller_one$"))


def select(page: Page, name: str) -> None:
    page.fill("input[type=search]", f"^{name}$")
    only = "name => [...document.querySelectorAll('.table .body .name')].map(cell => cell.innerText).join() === name"
    page.wait_for_function(only, arg=name)
    page.locator(".table .body .row").first.click()
    settle(page)


def assert_lines(page: Page, annotated: dict) -> None:
    """Source and machine code of the selected function have the shares of the terminal, and no others."""
    page.click(".details >> text=Source")
    source, code = page.locator(".both .table").all()
    source.locator("[data-at]").first.wait_for()
    assert "of the selected samples" in page.locator(".tools").inner_text()
    listed = annotated["sources"][0]["lines"]
    instructions = [one for code in annotated["assembly"] for one in code["instructions"]]
    for table, rows, column, place in (
        (source, listed, 2, lambda row: str(row["line"])),
        (code, instructions, 1, lambda row: f"{row['address']:x}"),
    ):
        expected = {place(row): percent(row["self"]["share"]) for row in rows if row["self"]["value"]}
        texts = [row.inner_text().split("\n") for row in table.locator(".body .row").all()]
        seen = {text[column]: text[0] for text in texts if len(text) > 3 and text[0].endswith("%")}
        assert seen
        assert seen.items() <= expected.items()
