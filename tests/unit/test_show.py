"""What the views look like: text at 80 columns, Markdown, JSON, HTML; and what stays true of any of them."""

import dataclasses
import io
import json
from collections.abc import Callable

import known
import pytest
from golden_files import assert_golden
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

import pyrometer
from pyrometer.analyze import Tree
from pyrometer.profile import Meta, Quality
from pyrometer.show import html, markdown, text
from pyrometer.show import json as json_view
from pyrometer.show.grid import cut, shorten
from pyrometer.show.headline import headline
from pyrometer.show.hints import next_command
from pyrometer.show.spans import print_lines
from pyrometer.show.summary import show_summary

VIEWS = {
    "top": lambda profile: profile.top(),
    "total": lambda profile: profile.top(by="total"),
    "exact": lambda profile: profile.top(metric="page-faults"),
    "filtered": lambda profile: profile.top(thread="worker"),
    "tree": lambda profile: profile.tree(),
    "inverted": lambda profile: profile.tree(inverted=True, min_share=0),
    "callers": lambda profile: profile.callers("solve"),
    "callees": lambda profile: profile.callees("main"),
    "lines": lambda profile: profile.lines(),
    "binaries": lambda profile: profile.binaries_view(),
    "summary": lambda profile: profile.summary(),
}
LONG = "<alloc::collections::btree::map::BTreeMap<alloc::string::String, core::option::Option<u64>> as Clone>::clone"


@pytest.fixture(scope="module")
def profile() -> pyrometer.Profile:
    return known.profile()


@pytest.mark.parametrize("name", VIEWS)
def test_text(profile, name):
    assert_golden(f"{name}.txt", text.render(VIEWS[name](profile)))


@pytest.mark.parametrize("name", VIEWS)
def test_markdown(profile, name):
    assert_golden(f"{name}.md", markdown.render(VIEWS[name](profile)))


@pytest.mark.parametrize("name", VIEWS)
def test_json(profile, name):
    assert_golden(f"{name}.json", json_view.render(VIEWS[name](profile)))


def test_html_of_a_notebook(profile):
    assert_golden("notebook.html", profile._repr_html_())


def summary_text(profile: pyrometer.Profile, width: int = 80, file: str | None = "FILE") -> str:
    stream = io.StringIO()
    show_summary(dataclasses.replace(profile.summary(), file=file), text.console(stream, width))
    return stream.getvalue()


def test_summary_after_a_recording(profile):
    assert_golden("record.txt", summary_text(profile))


def test_summary_of_what_is_not_kept_names_no_next_command(profile):
    assert summary_text(profile, file=None) + "next: pyrometer show FILE --view tree\n" == summary_text(profile)


def crowded() -> pyrometer.Profile:
    """Thirty functions with long names, each with a line, and more notes than there is room for."""
    many = range(30)
    return pyrometer.build(
        pyrometer.Meta(command=["./" + "x" * 200], notes=["a note that is rather long " * 5] * 7, duration=10**9),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": "/bin/program"}],
        functions=[{"name": f"{LONG}::{at}", "binary": 0} for at in many],
        frames=[{"function": at, "file": f"/src/{'deep/' * 30}{'long' * 10}.rs", "line": at + 1} for at in many],
        stacks=[{"frame": at, "parent": None if at % 7 == 0 else at - 1} for at in many],
        samples=[{"stack": at, "value": 10**6 * (at + 1)} for at in many],
    )


def test_a_crowded_summary_fits_the_screen():
    lines = summary_text(crowded()).splitlines()
    assert len(lines) <= 40
    assert max(cell_len(line) for line in lines) <= 80
    assert sum(line.endswith(tuple(f"::{at}" for at in range(30))) for line in lines) > 20


@pytest.mark.parametrize("name", [name for name in VIEWS if name in {"top", "total", "tree", "lines"}])
def test_long_names_are_shortened_in_the_middle(name):
    lines = text.render(VIEWS[name](crowded())).splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert any("…" in line for line in lines)
    whole = json_view.render(VIEWS[name](crowded()))
    assert LONG in whole


def test_a_deep_recursion_is_drawn_and_written():
    depth = 5_000
    deep = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        functions=[{"name": "f"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0, "parent": at - 1 if at else None} for at in range(depth)],
        samples=[{"stack": depth - 1}],
    )
    tree = deep.tree()
    assert isinstance(tree, Tree)
    assert len(text.render(tree).splitlines()) == depth + 3
    nodes = json.loads(json_view.render(tree))["tree"]
    assert [node["parent"] for node in nodes] == [None, *range(depth - 1)]


def test_names_cannot_steer_the_terminal():
    hostile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        functions=[{"name": "\x1b[2J\x07evil\r\n"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0}],
    )
    for view in (hostile.top(), hostile.tree(), hostile.summary()):
        shown = text.render(view)
        assert "evil" in shown
        assert not any(letter in shown for letter in "\x1b\x07\r")


def test_an_empty_profile_says_why(profile):
    empty = profile.top(exclude="main")
    assert "no samples: the filters leave none" in text.render(empty)
    nothing = pyrometer.build(metrics=[{"name": "cpu-time", "unit": "ns"}])
    assert "no samples: the program used too little CPU time" in text.render(nothing.top())
    assert "no samples" in summary_text(nothing)


def test_markdown_and_html_escape_names():
    hostile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        functions=[{"name": "a|b<script>`c`"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0}],
    )
    assert "<script>" not in html.render(hostile.top())
    row = next(line for line in markdown.render(hostile.top()).splitlines() if "script" in line)
    assert "`` a\\|b<script>`c` ``" in row


def test_every_view_names_the_next_command(profile):
    for name, view in VIEWS.items():
        command = next_command(view(profile), "a b.pyro")
        assert command.startswith("pyrometer "), name
        assert "'a b.pyro'" in command, name


def test_what_has_no_names_is_to_be_symbolized_next():
    address = pyrometer.build(
        Meta(quality=Quality(samples=3, unsymbolized=2)),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": "/bin/program"}],
        frames=[{"binary": 0, "address": 16}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "count": 3}],
    )
    for view in (address.summary(), address.top()):
        assert next_command(view, "a.pyro") == "pyrometer symbolize a.pyro"


def test_wide_intervals_and_names_of_files_leave_room_for_functions():
    few = pyrometer.build(
        metrics=[{"name": "time", "unit": "ns"}],
        functions=[{"name": f"{LONG}::{at}"} for at in range(3)],
        frames=[{"function": at, "file": f"<frozen {'long' * 10}>", "line": 729} for at in range(3)],
        stacks=[{"frame": at} for at in range(3)],
        samples=[{"stack": at, "value": 10 + at} for at in range(3) for _ in range(20)],
    )
    lines = text.render(few.lines()).splitlines()
    assert max(cell_len(line) for line in lines) == 80


@pytest.mark.parametrize("width", range(1, 30))
def test_shortened_names_have_the_width(width):
    assert len(shorten(LONG, width)) == width
    wide = "名前空間::とても長い関数名前" * 4
    assert width - 2 <= cell_len(shorten(wide, width)) <= width
    assert cell_len(cut(wide, width)) <= width


@pytest.mark.parametrize("name", ["top", "total", "tree", "inverted", "lines", "binaries", "summary"])
def test_letters_that_take_two_columns_do_not_widen_a_view(name):
    wide = "名前空間::とても長い関数名前" * 4
    profile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": f"/{wide}"}],
        functions=[{"name": wide, "binary": 0}, {"name": "program::parse", "binary": 0}, {"name": "lex", "binary": 0}],
        frames=[{"function": at, "binary": 0, "file": f"/{wide}.c", "line": 7} for at in range(3)],
        stacks=[{"frame": 0}, {"frame": 1, "parent": 0}, {"frame": 2, "parent": 1}],
        samples=[{"stack": at} for at in range(3) for _ in range(9)],
    )
    assert max(cell_len(line) for line in text.render(VIEWS[name](profile)).splitlines()) <= 80


def test_functions_of_one_name_in_several_binaries_are_told_apart():
    profile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": "[vdso]"}, {"path": "/lib/libc.so.6"}],
        functions=[{"name": "clock_gettime", "binary": 0}, {"name": "clock_gettime", "binary": 1}, {"name": "main"}],
        frames=[{"function": 0, "binary": 0}, {"function": 1, "binary": 1}, {"function": 2}],
        stacks=[{"frame": 2}, {"frame": 0, "parent": 0}, {"frame": 1, "parent": 0}],
        samples=[{"stack": 1, "value": 3}, {"stack": 2, "value": 2}, {"stack": 0}],
    )
    shown = text.render(profile.top())
    assert "clock_gettime [vdso]" in shown
    assert "clock_gettime [libc.so.6]" in shown
    assert shown.rstrip().splitlines()[4].endswith(" main")


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_headline_breaks_between_figures(width):
    meta = Meta(duration=1_234_000_000, cpu_time=860_000_000, rate=999)
    profile = pyrometer.build(
        meta,
        metrics=[{"name": "cpu-time", "unit": "ns"}, {"name": "page-faults"}],
        functions=[{"name": "main"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 860_000_000}, {"stack": 0, "metric": 1, "value": 28_459}],
    )
    lines = headline(profile.summary(), width)
    assert max(map(len, lines)) <= width
    assert any("860 ms" in line for line in lines)
    assert any("page-faults 28,459" in line for line in lines)


def test_all_that_is_missing_fits_the_screen(profile):
    quality = dict.fromkeys(("lost", "truncated", "unsymbolized", "elided", "lost_records"), 1_000_000)
    view = profile.top()
    worst = dataclasses.replace(view, basis=dataclasses.replace(view.basis, quality=Quality(**quality)))
    lines = text.render(worst).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("other records lost 1,000,000")


STYLES = ["", "dim", "cyan", "yellow", "bold"]
SPANS = st.lists(
    st.tuples(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=6), st.sampled_from(STYLES)), max_size=6
)


@given(st.lists(SPANS, max_size=5), st.sampled_from([None, "standard", "256", "truecolor"]), st.booleans())
def test_lines_that_are_printed_at_once_are_as_rich_prints_each(lines, colours, no_colour):
    def printed(each: Callable[[Console], object]) -> str:
        stream = io.StringIO()
        terminal = colours is not None
        each(text.Paper(file=stream, force_terminal=terminal, color_system=colours, no_color=no_colour, soft_wrap=True))
        return stream.getvalue()

    def one_by_one(target: Console) -> None:
        for line in lines:
            target.print(Text.assemble(*line), no_wrap=True, overflow="ignore")

    assert printed(lambda target: print_lines(lines, target)) == printed(one_by_one)


def test_levels_of_recursion_are_told_as_such():
    def built(name: str) -> pyrometer.Profile:
        return pyrometer.build(
            metrics=[{"name": "Ir", "kind": "exact"}],
            functions=[{"name": "main"}, {"name": name}],
            frames=[{"function": 0}, {"function": 1}],
            stacks=[{"frame": 0}, {"frame": 1, "parent": 0}],
            samples=[{"stack": 1, "value": 3}],
        )

    for name, is_level in [("fib'2", True), ("fib'12'main", True), ("f()::'lambda2'(int)", False), ("fib", False)]:
        profile = built(name)
        views = [profile.top(), profile.tree(), profile.callees("main"), profile.metric_columns("top")]
        for view in [*views, profile.metric_columns("tree")]:
            assert ("second level of recursion" in text.render(view)) == is_level, (name, view)


def test_places_without_a_name_are_no_share_of_what_was_counted(tmp_path):
    file = tmp_path / "cachegrind.out"
    file.write_text("cmd: app\nevents: Ir\nfl=a.c\nfn=main\n1 1\n2 1\n3 1\nfn=???\n0 97\nsummary: 100\n")
    assert "unsymbolized 1 of 4 counts" in markdown.render(pyrometer.load(file).top())


@pytest.mark.parametrize("render", [text.render, markdown.render, html.render])
def test_every_rendering_says_why_there_is_nothing_and_what_was_left_out(profile, render):
    assert "no samples: the filters leave none" in render(profile.top(focus="nobody"))
    assert "samples left out by the filters" in render(profile.top(focus="lex"))
    assert "left out" not in render(profile.top())
