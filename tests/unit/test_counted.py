"""Counts of an engine that are no good."""

from pathlib import Path

import pyrometer
from pyrometer.collect.counted import run_counted
from pyrometer.collect.engines import Finished, Request

CACHEGRIND = "desc: I1 cache: none\ncmd: app\nevents: Ir\nfl=a.c\nfn=main\n1 70\n{}2 30\nsummary: 100\n"


class Engine:
    """One that leaves what it is told to."""

    name = "fake"
    version = "1"

    def __init__(self, text: str, form: str) -> None:
        self.text, self.form = text, form

    def describe(self, request: Request) -> str:
        return f"{self.name} counts {request.what}"

    def run(self, command: object, request: Request, folder: Path) -> Finished:
        file = folder / "out.7"
        file.write_text(self.text)
        return Finished(0, self.form, [file])


CALLGRIND = (
    "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 7\ncmd: app\npositions: line\nevents: Ir\n"
    "summary: {}\nfn=main\n1 70\nfn=handler\n2 30\ntotals: 100\n"
)


def counted(text: str, folder: Path, form: str = "cachegrind") -> tuple[int, list[str]]:
    """The total, and the notes."""
    request = Request("instructions", calls=form == "callgrind")
    found = run_counted(["true"], Engine(text, form), request, output=folder / "a.pyro").profile
    ((total, _),) = found.native.totals()
    return total, list(found.meta.notes)


def test_a_fault_in_the_engines_file_does_not_cost_all_that_was_counted(tmp_path):
    total, (note,) = counted(CACHEGRIND.format("1 x\n"), tmp_path)
    assert total == 100
    assert "left out" in note
    assert "line 7" in note


def test_a_file_without_a_fault_is_read_without_a_note(tmp_path):
    assert counted(CACHEGRIND.format(""), tmp_path) == (100, [])


def test_what_callgrind_leaves_out_of_its_summary_for_a_signal_is_not_said_of_a_run_of_ours(tmp_path):
    text = CALLGRIND.format(70)
    file = tmp_path / "callgrind.out"
    file.write_text(text)
    (note,) = pyrometer.load(file).meta.notes
    assert "summary" in note
    assert counted(text, tmp_path, "callgrind") == (100, [])


def test_code_without_a_name_is_noted_with_what_tells_its_functions_apart(tmp_path):
    _, (note,) = counted(CACHEGRIND.replace("main", "???").format(""), tmp_path)
    assert "--inlined" in note
    assert "a binary is stripped, or the program generated the code" in note


def test_code_without_a_name_is_noted_with_its_binary_where_calls_are_counted(tmp_path):
    text = CALLGRIND.format(100).replace("fn=handler", "ob=/usr/bin/git\nfn=0x00000000002ab160")
    _, (note,) = counted(text, tmp_path, "callgrind")
    assert note.startswith("30.0 % of Ir is of code without a name")
    assert "/usr/bin/git is stripped" in note
    assert "a tail call" in note
    assert "--inlined" not in note, "it is not for calls"
