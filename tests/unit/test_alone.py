"""Counts that are no samples; and profiles of Cachegrind, where each function is by itself: no callers, no binaries."""

import dataclasses
import io

import known
import known_graph
import known_heap
import pytest

import pyrometer
from pyrometer.show import text
from pyrometer.show.grid import Grid
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


def test_nothing_is_said_of_callers_where_nothing_was_seen():
    empty = pyrometer.build(metrics=[{"name": "cpu-time", "unit": "ns"}])
    for view in (empty.tree(), empty.metric_columns("tree"), known.profile().tree(time=(1e6, None))):
        assert ALONE not in text.render(view)
        assert "no samples" in text.render(view)
    # A flame graph of nothing would be refused.
    assert "--view summary" in next_command(empty.tree(), "FILE")


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


def test_what_is_hidden_without_a_caller_to_be_of_is_not_lost():
    everything = known.profile().top(1_000, hide=".")
    assert sum(row.self.value for row in everything.rows) == everything.basis.total
    tree = known.profile().tree(hide=".", min_share=0)
    assert sum(root.total.value for root in tree.roots) == tree.basis.total


def test_what_has_no_times_is_not_drawn_or_written_by_time(counted, tmp_path):
    for write in (counted.flamegraph, lambda path, **filters: counted.export("folded", path, **filters)):
        with pytest.raises(pyrometer.SelectionError, match="nothing can be chosen by time"):
            write(tmp_path / "a", time=(0, 1))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("what", ["thread", "process"])
def test_threads_that_no_file_tells_are_not_offered(counted, what):
    with pytest.raises(pyrometer.SelectionError, match=f"no {what} can be chosen") as caught:
        counted.top(**{what: "worker"})
    assert caught.value.cure == f"leave --{what} out"


def test_two_long_commands_are_told_apart_in_a_heading():
    grid = Grid("./new --with " * 8 + "against " + "./old --and" * 8, [], [], joint=" against ")
    shown = io.StringIO()
    text.show_grid(grid, text.console(shown, 80))
    new, old = shown.getvalue().rstrip("\n").split(" against ")
    assert new.startswith("./new")
    assert old.startswith("./old")
    assert len(new) + len(old) + len(" against ") == 80


def test_what_a_function_costs_in_no_line_is_its_own():
    profile = pyrometer.build(
        metrics=[{"name": "Ir", "kind": "exact"}],
        functions=[{"name": "work"}, {"name": "other"}],
        frames=[{"function": 0, "file": "/src/a.c", "line": 7}, {"function": 0}, {"function": 1}],
        stacks=[{"frame": at} for at in range(3)],
        samples=[{"stack": at, "value": value} for at, value in enumerate([10, 3, 500])],
    )
    shown = text.render(profile.metric_columns("annotate", function="work", metrics=["Ir"])).splitlines()
    assert next(line for line in shown if "in no known line" in line).split()[:2] == ["3", "0.6%"]
    everything = text.render(profile.metric_columns("annotate", file="a.c", metrics=["Ir"])).splitlines()
    assert next(line for line in everything if "in no known line" in line).split()[:2] == ["503", "98.1%"]


def test_callgrind_is_not_advised_to_who_has_it():
    profile = pyrometer.build(
        metrics=[{"name": "Ir", "kind": "exact"}],
        binaries=[{"path": "/bin/program"}],
        functions=[{"name": "work", "binary": 0}, {"name": "jumped into"}],
        frames=[{"function": 0, "binary": 0}, {"function": 1}],
        stacks=[{"frame": 0}, {"frame": 1}],
        samples=[{"stack": 0, "value": 10}, {"stack": 1, "value": 10}],
    )
    shown = text.render(profile.binaries_view())
    assert "50.0 % is of code whose binary is not in the profile" in shown
    assert "--calls" not in shown


def test_a_caller_without_lines_is_not_said_to_have_no_address():
    profile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": "/bin/program"}],
        frames=[{"binary": 0, "address": 16}, {"binary": 0, "address": 32}],
        stacks=[{"frame": 0}, {"frame": 1, "parent": 0}],
        samples=[{"stack": 1}],
    )
    caller = profile.top(by="total").rows[0].place.name
    with pytest.raises(pyrometer.DisassemblyError) as caught:
        profile.annotate(caller)
    assert "nothing was seen in its own code" in caught.value.why


def of_values(values: list[int], **metric: str) -> pyrometer.Profile:
    return pyrometer.build(
        metrics=[{"name": "m", **metric}],
        functions=[{"name": "work"}],
        frames=[{"function": 0, "file": "/src/a.c", "line": at + 1} for at in range(len(values))],
        stacks=[{"frame": at} for at in range(len(values))],
        samples=[{"stack": at, "value": value} for at, value in enumerate(values)],
    )


@pytest.mark.parametrize("values", [[0, 0], [5, -5]])
def test_what_adds_up_to_nothing_is_no_program_without_lines(values):
    profile = of_values(values)
    for view in (profile.top(), profile.lines(), profile.tree(), profile.binaries_view()):
        shown = text.render(view)
        assert "m adds up to 0, so that nothing has a share of it" in shown
        assert "no line numbers" not in shown


def test_nothing_is_not_below_zero():
    assert str(of_values([-10]).top().basis.estimate(0, 0).share) == "0.0"


def test_memory_that_was_not_sampled_is_no_lack_of_time():
    profile = of_values([], kind="sampled", unit="bytes")
    assert "run it longer" in text.render(profile.top())
    known_heaps = pyrometer.build(
        metrics=[{"name": "alloc-bytes", "unit": "bytes", "kind": "sampled"}],
        functions=[],
        frames=[],
        stacks=[],
        samples=[],
    )
    assert "no alloc-bytes: nothing of it was counted" in text.render(known_heaps.top())


def test_a_function_that_nothing_was_measured_of_is_not_said_to_be_unknown(counted):
    with pytest.raises(pyrometer.FunctionNotFoundError) as caught:
        counted.callers("work", exclude=".")
    assert "the filters leave none" in caught.value.why
    assert "--view top" not in caught.value.cure


def test_up_to_the_end_is_with_what_was_taken_at_the_end(tmp_path):
    trace = tmp_path / "trace.json"
    trace.write_text(
        '[{"name":"a","ph":"X","ts":10,"dur":30,"pid":1,"tid":1},{"name":"b","ph":"X","ts":40,"dur":10,"pid":1,"tid":1}]'
    )
    profile = pyrometer.load(trace)
    assert profile.meta.duration == 40_000
    assert profile.top(time=(0, 40e-6)).basis.total == 40_000
    assert profile.top(time=(0, 39e-6)).basis.total == 30_000
