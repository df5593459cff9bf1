"""What views advise next: commands that do something for this very profile."""

import dataclasses
import io
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
