"""What views advise next: commands that do something for this very profile."""

import dataclasses
import io
import json
import shlex

import known
import known_heap
import pytest

import pyrometer
from pyrometer.cli import run
from pyrometer.profile import Meta, Quality
from pyrometer.show import text
from pyrometer.show.hints import next_command
from pyrometer.show.summary import show_summary

FOLDED = "main;work 7\nmain 1\n"


def hint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line that a command prints, without ``next: ``."""
    assert run(list(arguments)) == 0
    return capsys.readouterr().out.splitlines()[-1].removeprefix("next: ")


@pytest.mark.parametrize("several", [[], ["--metric", "all"]])
def test_nothing_is_annotated_where_nothing_has_a_line_or_an_address(several, tmp_path, capsys):
    path = tmp_path / "a.folded"
    path.write_text(FOLDED)
    tree = f"pyrometer show {path} --view tree"
    assert hint(capsys, "show", str(path), "--view", "callees", "--function", "work", *several) == tree
    assert hint(capsys, "show", str(path), "--view", "files") == f"pyrometer show {path} --view top"


def test_what_has_lines_is_annotated():
    profile = known.profile()
    assert next_command(profile.callees("parse"), "a", profile).startswith("pyrometer annotate ")


def test_what_has_lines_beside_what_has_none():
    profile = pyrometer.build(
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": "/bin/program"}],
        functions=[{"name": "lined"}, {"name": "bare"}],
        frames=[{"function": 0, "file": "/src/a.c", "line": 7}, {"function": 1}, {"binary": 0, "address": 16}],
        stacks=[{"frame": 0}, {"frame": 1, "parent": 0}, {"frame": 2, "parent": 1}],
        samples=[{"stack": 2}],
    )
    assert next_command(profile.callees("lined"), "a", profile).startswith("pyrometer annotate lined")
    assert next_command(profile.callees("bare"), "a", profile) == "pyrometer show a --view tree"


def test_the_metric_that_is_looked_at_is_the_one_that_is_advised(tmp_path, capsys):
    path = tmp_path / "heap.pyro"
    known_heap.profile().save(path)
    for view in ("top", "tree", "lines"):
        advised = shlex.split(hint(capsys, "show", str(path), "--view", view, "--metric", "peak-bytes"))
        assert advised[advised.index("--metric") + 1] == "peak-bytes"
    assert "--metric" not in hint(capsys, "show", str(path))


def test_a_formula_is_not_taken_for_a_metric_of_the_profile(tmp_path, capsys):
    path = tmp_path / "heap.pyro"
    known_heap.profile().save(path)
    options = ["--metric", "twice", "--metric", "peak-bytes", "--derive", "twice = 2 alloc-bytes"]
    advised = shlex.split(hint(capsys, "show", str(path), "--view", "tree", *options))
    assert "twice" not in advised
    assert run([*advised[1:-1], str(tmp_path / "a.svg")]) == 0


def test_after_names_were_looked_up_it_is_said_why_there_are_none():
    nameless = pyrometer.build(
        Meta(quality=Quality(samples=3, unsymbolized=3)),
        metrics=[{"name": "cpu-time", "unit": "ns"}],
        binaries=[{"path": "/bin/program", "symbols_from": "none", "missing": "it is stripped"}],
        frames=[{"binary": 0, "address": 16}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "count": 3}],
    )
    for view in (nameless.summary(), nameless.top()):
        assert next_command(view, "a.pyro", nameless) == "pyrometer show a.pyro --view binaries"


def test_the_notes_that_are_left_out_are_those_of_this_file():
    stream = io.StringIO()
    view = known.profile().summary()
    meta = dataclasses.replace(view.meta, notes=["one " * 60, "two"])
    show_summary(dataclasses.replace(view, meta=meta, file="else where/a.pyro"), text.console(stream, 80))
    assert "2 notes in full: pyrometer show 'else where/a.pyro' --view summary" in stream.getvalue()


@pytest.mark.parametrize("command", [["annotate", "nobody"], ["show", "--view", "callers", "--function", "nobody"]])
def test_functions_are_listed_of_the_file_that_was_named(command, tmp_path, capsys):
    path = tmp_path / "a b.pyro"
    known.profile().save(path)
    assert run([*command, str(path)]) == 89
    cure = capsys.readouterr().err.splitlines()[-1].removeprefix("try: list the functions: ")
    assert run(shlex.split(cure)[1:]) == 0


@pytest.mark.parametrize(
    "filters",
    [
        ["--fold-generics"],
        ["--collapse-runtime", "--hide", "parse", "--hide", "a b"],
        ["--time", "0:0.000000001", "--thread", "main", "--process", "100"],
        ["--where", "cpu-time > 20", "--binary", "program", "--exclude", "lex"],
        ["--hide-allocators"],
        ["--show-allocators"],
    ],
)
@pytest.mark.parametrize("view", ["summary", "top", "tree", "lines", "files", "callers", "callees"])
def test_what_is_advised_is_of_the_same_part_and_can_be_pasted(view, filters, tmp_path, capsys):
    path = tmp_path / "a.pyro"
    known.profile().save(path)
    function = ["--function", "main"] if view in ("callers", "callees") else []
    assert run(["show", str(path), "--view", view, *function, *filters, "--format", "json"]) == 0
    whole = json.loads(capsys.readouterr().out)["basis"]
    advised = shlex.split(hint(capsys, "show", str(path), "--view", view, *function, *filters))
    if advised[1] == "flamegraph":
        assert run([*advised[1:-1], str(tmp_path / "a.svg")]) == 0
        return
    assert run([*advised[1:], "--format", "json"]) in (0, 99)
    assert json.loads(capsys.readouterr().out)["basis"]["total"] == whole["total"]


def test_filters_that_leave_nothing_are_not_advised_again(tmp_path, capsys):
    path = tmp_path / "a.pyro"
    known.profile().save(path)
    assert "nobody" not in hint(capsys, "show", str(path), "--focus", "nobody")


def test_the_runtime_is_no_function_to_annotate():
    profile = known.profile()
    view = dataclasses.replace(profile.callees("main"), function="[runtime]")
    assert (
        next_command(view, "a", profile, {"collapse_runtime": True})
        == "pyrometer show a --view tree --collapse-runtime"
    )


def test_runs_as_a_whole_are_looked_at_as_such():
    runs = pyrometer.build(
        Meta(instrument="stat"),
        metrics=[{"name": "task-clock", "unit": "ns", "kind": "exact"}],
        functions=[{"name": "[program]"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        samples=[{"stack": 0, "value": 5}],
    )
    for view in (runs.summary(), runs.top(), runs.tree()):
        assert next_command(view, "a.pyro", runs) == "pyrometer show a.pyro --view stat"
