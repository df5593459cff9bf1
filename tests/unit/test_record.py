"""Recording from Python, and what becomes of it: source, machine code, and interrupted recordings."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pyrometer
from pyrometer.cli import run
from pyrometer.collect.output import choose_output, free_name, give_back, recording_of
from pyrometer.errors import OutputError
from pyrometer.formats.pyro import is_being_recorded
from pyrometer.show import text

PYROMETER = str(Path(sys.executable).with_name("pyrometer"))
SOURCE = """\
static volatile unsigned long sum;
static inline __attribute__((always_inline)) unsigned long square(unsigned long n) {
    return n * n % 1000003;
}
__attribute__((noinline)) void burn(unsigned long times) {
    for (unsigned long n = 0; n < times; n++)
        sum += square(n);
}
int main(void) {
    burn(100000000);
    return 3;
}
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> pyrometer.Profile:
    """A profile of a C program with an inlined function, beside its source and its binary."""
    folder = tmp_path_factory.mktemp("recorded")
    source, program = folder / "burn.c", folder / "burn"
    source.write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O2", "-o", program, source], check=True)
    return pyrometer.record([str(program)], rate=1999, output=folder / "burn.pyro")


def test_the_profile_is_kept_and_says_how_the_program_ended(recorded):
    assert recorded.meta.exit_status == 3
    assert recorded.meta.complete
    assert not recording_of(recorded.path).exists()
    shares = {row.place.name: row.total.share for row in recorded.top(by="total").rows}
    assert shares["burn"] > 0.9


def test_annotate_shows_the_line_and_the_instructions(recorded):
    view = recorded.annotate("square")
    (source,) = view.sources
    hot = {line.line: line.text for line in source.lines if line.self.count}
    assert set(hot) <= {2, 3}
    assert hot[3] == "    return n * n % 1000003;"
    (code,) = view.assembly
    assert code.symbol == "burn", "inlined code stands in the machine code of its caller"
    assert sum(one.self.count for one in code.instructions) == view.self.count
    assert any("mul" in one.text for one in code.instructions)
    assert {(one.function, one.line) for one in code.instructions if one.self.count} <= {("square", 2), ("square", 3)}
    assert "return n * n % 1000003;" in text.render(view)


def test_an_interrupted_recording_opens_like_a_profile(recorded, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    program = str(recorded.path.with_suffix(""))
    script = f"{PYROMETER} record -o cut.pyro -- bash -c '{program}; kill -9 $PPID; sleep 0.1'"
    subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    left = tmp_path / "cut.pyro.recording"
    before = left.read_bytes()
    profile = pyrometer.load(left)
    assert not profile.meta.complete
    assert "burn" in {row.place.name for row in profile.top().rows}
    assert left.read_bytes() == before
    assert run(["show"]) == 0
    shown = capsys.readouterr()
    assert "burn" in shown.out
    assert "was interrupted" in shown.err


def test_a_recording_never_overwrites_another(recorded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert free_name("a", Path()) == Path("a.pyro")
    for taken in ("a.pyro", "a-2.pyro.recording"):
        Path(taken).write_bytes(b"")
    assert free_name("a", Path()) == Path("a-3.pyro")


def test_a_flame_graph_of_a_program(recorded, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(recorded.path.with_suffix(""), "burn")
    done = subprocess.run(
        [PYROMETER, "flamegraph", "-o", "a.svg", "--", "./burn"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, "the program's exit status passes through"
    assert "burn" in Path("a.svg").read_text()
    assert Path("burn.pyro").exists()


def test_recorders_that_start_at_once_have_files_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    taken = [choose_output(None, ["program"], ()) for _ in range(3)]
    assert [path.name for path in taken] == ["program.pyro", "program-2.pyro", "program-3.pyro"]
    recording_of(taken[0]).write_text("something")
    for path in taken:
        give_back(path)
    assert [path.name for path in Path().iterdir()] == ["program.pyro.recording"]


def test_a_symbolic_link_stays_one(tmp_path):
    target, link = tmp_path / "a.pyro", tmp_path / "link.pyro"
    link.symlink_to(target)
    pyrometer.record(["true"], output=link)
    assert link.is_symlink()
    assert pyrometer.load(target).meta.complete


def test_a_file_that_is_being_recorded_is_left_alone_and_said_to_be(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = Path("a.pyro")
    with subprocess.Popen([PYROMETER, "record", "--no-summary", "-o", str(path), "--", "sleep", "20"]) as recorder:
        try:
            deadline = time.monotonic() + 10
            while not is_being_recorded(recording_of(path)):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            with pytest.raises(OutputError, match="another recording is writing"):
                pyrometer.record(["true"], output=path)
            assert run(["show"]) == 0
            assert "a.pyro.recording is being recorded" in capsys.readouterr().err
        finally:
            recorder.terminate()
    assert not is_being_recorded(recording_of(path))
