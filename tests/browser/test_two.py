"""Two profiles on one page: what changed, as ``pyrometer diff`` says it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

import pyrometer
from installed import Run
from looking import Open, cells, number_of_boxes, settle, show_panel
from pyrometer.profile import Meta

NAMES = ["main", "steady", "slower", "faster", "gone", "new"]
BEFORE = {"main": 20, "steady": 400, "slower": 100, "faster": 300, "gone": 80}
AFTER = {"main": 22, "steady": 410, "slower": 300, "faster": 90, "new": 60}


def profile(counts: dict[str, int], folder: str) -> pyrometer.Profile:
    """Of a program in a folder of its own, where each function is called by ``main``."""
    order: list[dict[str, Any]] = [
        {"stack": NAMES.index(name), "value": 1_000_000} for name, count in counts.items() for _ in range(count)
    ]
    random.Random(1).shuffle(order)
    return pyrometer.build(
        Meta(command=["./program"], instrument="record", duration=10**9),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        processes=[{"pid": 1, "name": "program"}],
        threads=[{"tid": 1, "name": "main"}],
        binaries=[{"path": f"{folder}/program"}],
        functions=[{"name": name, "binary": 0} for name in NAMES],
        frames=[{"function": row, "binary": 0} for row in range(len(NAMES))],
        stacks=[{"frame": row} | ({"parent": 0} if row else {}) for row in range(len(NAMES))],
        samples=[{**sample, "time": at * 1000} for at, sample in enumerate(order)],
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("two")
    paths = folder / "before.pyro", folder / "after.pyro"
    profile(BEFORE, "/old").save(paths[0])
    profile(AFTER, "/new").save(paths[1])
    return paths


@pytest.fixture(scope="module")
def address(files: tuple[Path, Path], run_pyrometer: Run) -> str:
    path = files[0].with_name("change.html")
    done = run_pyrometer("report", *files, "-o", path)
    assert done.returncode == 0, done.stderr
    return path.as_uri()


def test_functions_change_as_in_the_terminal(open_page: Open, address: str, files, run_pyrometer: Run):
    page = open_page(f"{address}#panel=functions")
    rows = json.loads(run_pyrometer("diff", *files, "--format", "json").stdout)["rows"]
    way = {row["name"]: "more" if row["difference"] > 0 else "less" for row in rows}
    expected = {row["name"]: way[row["name"]] if row["is_real"] else "noise" for row in rows}
    assert {row[7]: row[6].split()[-1] for row in cells(page)} == expected
    assert [row[7] for row in cells(page)] == [row["name"] for row in rows]
    slower = next(row for row in cells(page) if row[7] == "slower")
    assert slower[2:5] == ["100 ms", "300 ms", "+200 ms"]
    assert "slower" in page.locator(".table").inner_text()


def test_the_overview_says_what_changed(open_page: Open, address: str):
    page = open_page(address)
    changed = page.locator("section", has_text="What has changed").first.inner_text()
    assert "In all 900 ms before, 882 ms after" in changed
    assert "slower itself 100 ms before, 300 ms after: +200 ms" in changed
    assert "steady" not in changed
    assert page.locator("#hottest").inner_text() == "Where cpu-time goes (after)"
    assert page.locator(".sides").inner_text().split("\n")[0].split() == ["Before", "After"]


def test_the_flame_graph_shows_either_side(open_page: Open, address: str):
    page = open_page(f"{address}#panel=flame")
    # `gone` weighs nothing after, `new` nothing before.
    assert number_of_boxes(page) == 5
    page.select_option("[name=metric]", label="cpu-time, before")
    settle(page)
    assert number_of_boxes(page) == 5
    page.keyboard.press("Escape")
    page.locator(".flame").focus()
    page.keyboard.press("ArrowDown")
    assert "before 900 ms, after 882 ms" in page.locator(".spoken").inner_text()
    page.check("[name=inverted]")
    settle(page)
    assert number_of_boxes(page) == 9


def test_binaries_of_one_name_are_one(open_page: Open, address: str):
    page = open_page(f"{address}#panel=tree")
    names = [row[6].split()[-1] for row in cells(page)]
    assert sorted(names) == sorted(NAMES) or names[0] == "main"
    assert page.locator("[role=treegrid]").get_attribute("aria-rowcount") == "7"


def test_two_profiles_have_no_common_time(open_page: Open, address: str):
    page = open_page(address)
    assert not page.locator(".timeline").is_visible()
    assert page.locator("#tab-threads").count() == 0
    for name in ("flame", "functions", "tree", "source"):
        show_panel(page, name)


def test_nothing_in_common_is_an_error(files, run_pyrometer: Run, tmp_path: Path):
    other = tmp_path / "stacks.folded"
    other.write_text("main;work 42\n")
    done = run_pyrometer("report", files[0], other, "-o", tmp_path / "a.html")
    assert done.returncode == 88
    assert "no metric in common" in done.stderr
    assert not (tmp_path / "a.html").exists()


def test_two_profiles_without_a_common_function(open_page: Open, tmp_path: Path):
    one, other = profile({"steady": 5}, "/a"), profile({"new": 5}, "/b")
    path = tmp_path / "a.html"
    other.report(path, base=one)
    page = open_page(path.as_uri())
    for name in ("flame", "functions", "tree", "source"):
        show_panel(page, name)
