"""Counts that are no samples; and profiles of Cachegrind, where each function is by itself: no callers, no binaries."""

import dataclasses
import io

import known
import known_graph
import known_heap
import pytest

import pyrometer
from pyrometer.show import text
from pyrometer.show.hints import next_command
from pyrometer.show.summary import show_summary

CACHEGRIND = """events: Ir
fl=/src/a.c
fn=main
3 600
fn=work
7 300
8 100
summary: 1000
"""
ALONE = "no callers are known, for the profile has each function by itself"


@pytest.fixture
def counted(tmp_path):
    """``main`` and ``work``, as Cachegrind counts them."""
    (tmp_path / "cachegrind.out").write_text(CACHEGRIND)
    return pyrometer.load(tmp_path / "cachegrind.out")


def summary_text(profile: pyrometer.Profile) -> str:
    stream = io.StringIO()
    show_summary(dataclasses.replace(profile.summary(), file="FILE"), text.console(stream, 80))
    return stream.getvalue()


@pytest.mark.parametrize(
    "view",
    [
        lambda profile: profile.callers("work"),
        lambda profile: profile.callees("work"),
        lambda profile: profile.tree(),
        lambda profile: profile.tree(inverted=True),
        lambda profile: profile.metric_columns("callers", function="work"),
        lambda profile: profile.metric_columns("tree"),
    ],
)
def test_views_of_callers_say_that_there_are_none(counted, view):
    assert ALONE in text.render(view(counted))


def test_a_function_that_calls_nothing_is_no_profile_without_callers():
    assert ALONE not in text.render(known.profile().callees("memcpy"))


def test_code_of_no_known_binary_is_said(counted):
    assert "100.0 % is of code whose binary is not in the profile" in text.render(counted.binaries_view())
    assert "not in the profile" not in text.render(known.profile().binaries_view())


def test_functions_by_total_are_not_listed_where_that_is_their_own_cost(counted):
    lines = summary_text(counted).splitlines()
    assert "Hottest functions by self" in lines
    assert not any("by total" in line for line in lines)
    assert lines[-1] == "next: pyrometer show FILE --view lines"
    assert any("by total" in line for line in summary_text(known.profile()).splitlines())


def test_after_functions_come_lines_where_there_are_no_callers(counted):
    assert next_command(counted.top(), "FILE") == "pyrometer show FILE --view lines"
    assert next_command(counted.metric_columns(), "FILE") == "pyrometer show FILE --view lines"
    heap = known_heap.profile()
    assert "--view callers" in next_command(heap.top(metric="alloc-bytes"), "FILE")


def test_counts_are_no_samples(counted):
    assert "sample" not in summary_text(counted)
    assert "2 counts left out by the filters" in text.render(counted.top(focus="main"))
    assert "no counts: the filters leave none" in text.render(counted.top(exclude="main|work"))
    heap = known_heap.profile()
    allocated = text.render(heap.top(metric="alloc-bytes", focus="parse_request"))
    assert "2 allocation points left out by the filters" in allocated
    assert "samples left out by the filters" in text.render(known.profile().top(focus="lex"))


def test_functions_are_not_hidden_where_their_cost_would_be_nobodys(counted):
    with pytest.raises(pyrometer.SelectionError, match="no functions can be hidden in this view"):
        counted.top(hide="work")
    with pytest.raises(pyrometer.SelectionError) as caught:
        known_graph.profile().top(hide="work")
    assert "--view tree" in caught.value.cure
    assert known_graph.profile().tree(hide="work").basis.total == known_graph.profile().top().basis.total
    assert known.profile().top(hide="solve").basis.total == known.profile().top().basis.total
