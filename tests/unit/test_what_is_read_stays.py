"""No command replaces the file that it reads by what it makes of it."""

from pathlib import Path

import known
import pytest

import pyrometer
from pyrometer.cli import run

STACKS = "main;work 42\nmain 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder: a profile of ours, one of another tool, and other names of both."""
    monkeypatch.chdir(tmp_path)
    known.profile().save("known.pyro")
    Path("stacks.folded").write_text(STACKS)
    Path("link.pyro").symlink_to("known.pyro")
    Path("hard.folded").hardlink_to("stacks.folded")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "known.pyro", "--to", "folded", "-o", "known.pyro"],
        ["export", "known.pyro", "--to", "speedscope", "-o", "link.pyro"],
        ["export", "stacks.folded", "--to", "inferno", "-o", "./hard.folded"],
        ["flamegraph", "known.pyro", "-o", "known.pyro"],
        ["report", "known.pyro", "-o", "link.pyro"],
        ["report", "known.pyro", "stacks.folded", "-o", "known.pyro"],
        ["report", "known.pyro", "stacks.folded", "-o", "stacks.folded"],
        ["import", "stacks.folded", "-o", "hard.folded"],
        ["import", "stacks.folded", "hard.folded", "-o", "stacks.folded"],
        ["symbolize", "stacks.folded", "-o", "stacks.folded"],
        ["counts", "stacks.folded", "-o", "stacks.folded"],
    ],
)
def test_what_would_replace_its_input_is_refused(folder, capsys, arguments):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(arguments) == 98
    assert "it is the file that is read, which would be lost" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_names_of_another_tools_file_are_looked_up_into_a_profile(folder, capsys):
    assert run(["symbolize", "stacks.folded"]) == 0
    assert "pyrometer show stacks.pyro" in capsys.readouterr().out
    assert Path("stacks.folded").read_text() == STACKS
    assert pyrometer.load("stacks.pyro").meta.source == "folded"
    assert run(["symbolize", "stacks.pyro"]) == 0
    assert {path.name for path in folder.glob("*.pyro")} == {"known.pyro", "link.pyro", "stacks.pyro"}


def test_python_replaces_no_file_of_another_tool_either(folder):
    profile = pyrometer.load("stacks.folded")
    with pytest.raises(pyrometer.OutputError, match="cannot be written"):
        profile.save("hard.folded")
    assert profile.symbolize().path == Path("stacks.pyro")
    profile.save("saved.pyro")
    profile.save("saved.pyro")
    assert Path("stacks.folded").read_text() == STACKS
