"""Counts of an engine that are no good."""

from pathlib import Path

from pyrometer.collect.counted import run_counted
from pyrometer.collect.engines import Finished, Request

CACHEGRIND = "desc: I1 cache: none\ncmd: app\nevents: Ir\nfl=a.c\nfn=main\n1 70\n{}2 30\nsummary: 100\n"


class Engine:
    """One that leaves what it is told to."""

    name = "fake"
    version = "1"

    def __init__(self, text: str) -> None:
        self.text = text

    def describe(self, request: Request) -> str:
        return f"{self.name} counts {request.what}"

    def run(self, command: object, request: Request, folder: Path) -> Finished:
        file = folder / "out.7"
        file.write_text(self.text)
        return Finished(0, "cachegrind", [file])


def counted(text: str, folder: Path) -> tuple[int, list[str]]:
    """The total, and the notes."""
    found = run_counted(["true"], Engine(text), Request("instructions"), output=folder / "a.pyro").profile
    ((total, _),) = found.native.totals()
    return total, list(found.meta.notes)


def test_a_fault_in_the_engines_file_does_not_cost_all_that_was_counted(tmp_path):
    total, (note,) = counted(CACHEGRIND.format("1 x\n"), tmp_path)
    assert total == 100
    assert "left out" in note
    assert "line 7" in note


def test_a_file_without_a_fault_is_read_without_a_note(tmp_path):
    assert counted(CACHEGRIND.format(""), tmp_path) == (100, [])
