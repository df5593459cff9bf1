"""``pyrometer counts`` called as the program counts is: without click, and with the same result."""

import os
import subprocess
import sys

import pytest

from pyrometer.cli import guarded, run
from pyrometer.cli.drop_in import Call, understood
from pyrometer.cli.group import group

LINES = "size 3\nsize 20\nsize 3\n7.5 seconds\n"


def by_click(arguments: list[str]) -> int:
    return guarded(lambda: group.main(["counts", *arguments], prog_name="pyrometer", standalone_mode=False))


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ([], Call(())),
        (["-"], Call(("-",))),
        (["a", "-ie", "b"], Call(("a", "b"), "integral", True)),
        (["-w", "-i", "a"], Call(("a",), "integral")),
        (["-f", "-e"], Call((), "fractional", True)),
    ],
)
def test_options_and_files_are_understood_but_on_windows_where_click_looks_for_the_files(words, call, monkeypatch):
    for system, expected in (("posix", call), ("nt", None)):
        # For the one call: much else asks for it.
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(os, "name", system)
            understanding = understood(words)
        assert understanding == expected


@pytest.mark.parametrize(
    "words", [["--help"], ["-h"], ["-i", "-f"], ["-x"], ["--top", "3"], ["--", "true"], ["-ix"], ["-i", "--live"]]
)
def test_everything_else_is_left_to_the_command(words):
    assert understood(words) is None


@pytest.mark.parametrize("options", [[], ["-i"], ["-w"], ["-f"], ["-e"], ["-ie"], ["-e", "-f"], ["-i", "-w"], ["-eew"]])
def test_the_table_is_that_of_the_command(options, tmp_path, capfd):
    path = tmp_path / "lines.txt"
    path.write_text(LINES)
    assert run(["counts", *options, str(path), str(path)]) == 0
    ours = capfd.readouterr()
    assert by_click([*options, str(path), str(path)]) == 0
    assert capfd.readouterr() == ours
    assert "size" in ours.out


def test_what_cannot_be_counted_ends_as_with_the_command(tmp_path, capfd):
    path = tmp_path / "lines.txt"
    path.write_bytes(b"text\n\xff\n")
    for words in ([str(path)], [str(tmp_path / "missing")], [str(tmp_path)]):
        status = run(["counts", *words])
        ours = capfd.readouterr()
        assert (by_click(words), capfd.readouterr()) == (status, ours)
        assert status != 0
        assert ours.err.startswith("error: ")


def test_files_are_counted_without_click(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text(LINES)
    script = "import sys; from pyrometer.cli import run; run(sys.argv[1:]); print(*sys.modules)"
    command = [sys.executable, "-c", script, "counts", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.startswith("4 counts\n")
    assert "click" not in shown.split()
