"""`pyrometer doctor` on profiles, its speed, and what a recording says before it starts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import programs
import pyrometer
from doctor_programs import MANY_FUNCTIONS, C, Doctor, run_tool
from installed import PYROMETER, Run

TWO_SECONDS = 2.0


def test_a_profile_of_a_stripped_program(
    run_pyrometer: Run, doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The names of the same build from before it was stripped would do.
    monkeypatch.setenv("PYROMETER_CACHE", str(tmp_path / "cache"))
    program, path = tmp_path / "program", tmp_path / "a.pyro"
    shutil.copy(programs.c("exits"), program)
    run_tool("strip", program)
    run_pyrometer("record", "-o", path, "--", program, "code", "0")
    lacking = {one.where: one for one in pyrometer.doctor(path).findings if one.id == "binary-lacks-info"}
    seen = lacking[str(program)]
    assert seen.severity == "limits"
    assert "is stripped" in seen.what
    assert f"pyrometer symbolize {path} --debug-path DIR" in seen.cure
    assert "binary-lacks-info" in doctor(path)


# ------------------------------------------------- speed, and before a recording


def test_hundreds_of_megabytes_of_debug_info_take_less_than_two_seconds(tmp_path: Path, run_pyrometer: Run, c):
    """A program with 500 MB of debug info: units whose bytes nobody needs to read."""
    source = tmp_path / "large.s"
    unit = '.long 2f-1f\n1: .short 4\n.long 0\n.byte 8\n.uleb128 1\n.long 0\n.asciz "unit.c"\n.zero 500000\n2:\n'
    source.write_text(
        '.section .debug_abbrev,"",@progbits\n.uleb128 1\n.uleb128 0x11\n.byte 0\n.uleb128 0x10\n.uleb128 0x17\n'
        ".uleb128 0x03\n.uleb128 0x08\n.byte 0,0,0\n"
        f'.section .debug_info,"",@progbits\n.rept 1000\n{unit}.endr\n'
    )
    run_tool("as", "-o", tmp_path / "large.o", source)
    program = c("-g0", str(tmp_path / "large.o"))
    assert program.stat().st_size > 480_000_000
    views = [json.loads(run_pyrometer("doctor", program, "--format", "json").stdout) for _ in range(3)]
    assert "no-line-info" not in {one["id"] for one in views[0]["findings"]}
    assert min(view["seconds"] for view in views) < TWO_SECONDS


def test_a_recording_says_before_it_starts_what_no_note_says_at_its_end(c, run_pyrometer: Run, tmp_path: Path):
    program = c("-fomit-frame-pointer", name="whole")
    cut = tmp_path / "cut"
    run_tool("objcopy", "--remove-section=.eh_frame", "--remove-section=.eh_frame_hdr", program, cut)
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", cut)
    first, *rest = done.stderr.splitlines()
    assert first.startswith("note: none of its code has unwind tables")
    assert len(first) <= 80
    assert not any("unwind tables" in line for line in rest)
    pointers = c(name="pointers", source=C.replace("int main", MANY_FUNCTIONS + "int main"))
    run_tool("objcopy", "--remove-section=.eh_frame", "--remove-section=.eh_frame_hdr", pointers, cut)
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", cut)
    assert not done.stderr.startswith("note"), "its frame pointers lead through its code"
    quiet = run_pyrometer("record", "--no-summary", "-o", tmp_path / "b.pyro", "--", cut)
    assert quiet.stderr == ""


def test_a_recording_with_nothing_in_the_way_says_nothing_first(run_pyrometer: Run, tmp_path: Path):
    program = programs.c("exits")
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", program, "code", "0")
    assert done.stderr.splitlines()[0].startswith(f"{program} code 0 · ")
    view = run_pyrometer("record", "--format", "json", "-o", tmp_path / "a.pyro", "--", program, "code", "0")
    assert json.loads(view.stderr)["view"] == "summary"


def test_the_checks_before_a_recording_take_milliseconds():
    script = (
        "import time; from pyrometer.diagnosis.early import early\n"
        f"def once(s=time.process_time): t = s(); early([{str(programs.ripgrep())!r}], []); return s() - t\n"
        "print(min(once() for _ in range(5)))"
    )
    python = PYROMETER.with_name("python")
    shown = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout
    assert float(shown) < 0.02
