"""Views of a profile that has calls in place of stacks."""

import json

import known_graph
import pytest
from golden_files import assert_golden
from rich.cells import cell_len

import pyrometer
from pyrometer.cli import run
from pyrometer.show import json as json_view
from pyrometer.show import markdown, text

VIEWS = {
    "graph_top": lambda profile: profile.top(by="total"),
    "graph_tree": lambda profile: profile.tree(),
    "graph_callers": lambda profile: profile.callers("even"),
    "graph_lines": lambda profile: profile.lines(),
    "graph_metrics": lambda profile: profile.metric_columns("top", ["Ir", "D1mr", "Sum", "misses"], derive=MISSES),
    "graph_metric_tree": lambda profile: profile.metric_columns("tree"),
    "graph_metric_callees": lambda profile: profile.metric_columns("callees", function="parse"),
    "graph_files": lambda profile: profile.metric_columns("files"),
}
MISSES = {"misses": "D1mr / Dr"}


@pytest.fixture(scope="module")
def profile() -> pyrometer.Profile:
    return known_graph.profile()


@pytest.mark.parametrize("name", VIEWS)
def test_views_look_like_this(profile, name):
    view = VIEWS[name](profile)
    shown = text.render(view)
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert_golden(f"{name}.txt", shown)
    assert_golden(f"{name}.md", markdown.render(view))
    assert_golden(f"{name}.json", json_view.render(view))


def test_totals_are_own_costs_and_calls_that_leave_the_cycle(profile):
    view = profile.top(n=9)
    assert {row.place.name: row.self.value for row in view.rows} == known_graph.OWN
    assert {row.place.name: row.total.value for row in view.rows} == known_graph.TOTAL
    assert {row.place.name: row.place.cycle for row in view.rows if row.place.cycle} == {"even": 1, "odd": 1}
    assert view.basis.paths == "calls"
    assert [(cycle.members, cycle.total.value) for cycle in view.basis.cycles] == [(("odd", "even"), 170)]


def test_edges_have_their_number_of_calls(profile):
    edges = {row.place.name: (row.edge.value, row.edge.count) for row in profile.callers("even").rows}
    assert edges == {"parse": (90, 2), "solve": (80, 3), "odd": (0, 8)}
    edges = {row.place.name: (row.edge.value, row.edge.count) for row in profile.callees("solve").rows}
    assert edges == {"even": (80, 3), "solve": (0, 2)}


def test_a_tree_is_an_estimate_and_says_so(profile):
    tree = profile.tree(min_share=0)
    assert tree.basis.paths == "estimate"
    assert sum(node.self.value for _, node in tree.walk()) == 330
    even = [node.total.value for _, node in tree.walk() if node.place.name == "even [cycle 1]"]
    assert sum(even) == 170
    assert even[0] / even[1] == pytest.approx(90 / 80, rel=0.03)
    assert profile.tree(focus="parse").basis.total == pytest.approx(200, abs=10)
    for shown in (text.render(tree), markdown.render(tree)):
        assert "estimate" in shown.splitlines()[0]
    assert json.loads(json_view.render(tree))["basis"]["paths"] == "estimate"


def test_filters_leave_the_calls_out_and_say_so(profile):
    view = profile.top(focus="parse")
    assert [(row.place.name, row.total.value) for row in view.rows] == [("parse", 50)]
    assert view.basis.paths == "none"
    assert "calls left out" in text.render(view)


@pytest.mark.parametrize("format", ["folded", "speedscope", "flamegraph"])
def test_every_export_says_that_it_is_an_estimate(profile, tmp_path, format):
    profile.export(format, tmp_path / "out")
    assert "estimate" in (tmp_path / "out").read_text()


def test_a_flame_graph_can_be_of_any_metric(profile, tmp_path):
    profile.flamegraph(tmp_path / "a.svg", metric="D1mr")
    drawn = (tmp_path / "a.svg").read_text()
    assert "D1mr — call stacks are an estimate" in drawn
    assert "parse (4 count, 80.00%)" in drawn


def test_a_profile_with_stacks_is_no_estimate():
    import known

    tree = known.profile().tree()
    assert tree.basis.paths == "stacks"
    assert "estimate" not in text.render(tree)


def test_exact_profiles_are_annotated_with_every_metric(tmp_path, capsys):
    file = known_graph.source(tmp_path)
    path = tmp_path / "graph.pyro"
    known_graph.profile(file).save(path)
    assert run(["annotate", "parse", str(path), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [column["name"] for column in shown["columns"]] == ["Ir", "Dr", "D1mr"]
    lines = {line["line"]: line for line in shown["files"][0]["lines"]}
    assert (lines[12]["text"], lines[12]["self"][0]["value"], lines[12]["total"][0]["value"]) == ("line 12;", 50, 110)
    assert (lines[13]["self"][0]["value"], lines[13]["total"][0]["value"]) == (0, 90)
    assert sorted(lines) == list(range(9, 17))


def test_a_whole_file_and_every_large_file(tmp_path, capsys):
    file = known_graph.source(tmp_path)
    path = tmp_path / "graph.pyro"
    known_graph.profile(file).save(path)
    assert run(["annotate", "--file", "program.c", str(path), "--format", "json"]) == 0
    lines = json.loads(capsys.readouterr().out)["files"][0]["lines"]
    assert [line["line"] for line in lines] == list(range(1, 61))
    assert sum(line["self"][0]["value"] for line in lines) == 330
    assert run(["annotate", "--all", str(path), "--metric", "D1mr"]) == 0
    assert "line 22;" in capsys.readouterr().out
    assert run(["annotate", "--all", "--min-percent", "100", str(path), "--metric", "Ir"]) == 0
    assert "line 22;" in capsys.readouterr().out
    assert run(["annotate", "--file", "other.c", str(path)]) == 88
    assert file in capsys.readouterr().err
    assert run(["show", str(path), "--view", "annotate"]) == 2
    assert "needs one of" in capsys.readouterr().err
    for words in ([], ["--all", "--file", "program.c"], ["--all", "main", str(path)]):
        assert run(["annotate", *words]) == 2
        assert "Give either FUNCTION, or --file PATH, or --all." in capsys.readouterr().err
