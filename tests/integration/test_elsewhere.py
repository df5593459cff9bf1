"""What Pyrometer is on machines that it cannot record on: built here without the recorder, as it is built there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import programs
from installed import PYROMETER, Record, Run
from pyrometer.errors import NoRecorderError
from recordings import Recorded

ROOT = Path(__file__).resolve().parents[2]
BUILD = ("cargo", "build", "--release", "--locked", "--quiet", "--package", "pyrometer-python", "--no-default-features")
MAIN = "from pyrometer.cli import main; main()"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """``elsewhere("show", path)``: runs the command of a Pyrometer without a recorder."""
    environment = os.environ | {"PYO3_PYTHON": sys.executable, "CARGO_TARGET_DIR": str(ROOT / "target")}
    subprocess.run(BUILD, cwd=ROOT, env=environment, check=True)
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(ROOT / "src" / "pyrometer", folder / "pyrometer", ignore=shutil.ignore_patterns("*.so"))
    shutil.copy(ROOT / "target" / "release" / "lib_native.so", folder / "pyrometer" / "_native.abi3.so")

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", MAIN, *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(folder)}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=environment, **options
        )

    return run


@pytest.fixture(scope="module")
def recording(recorded: Record) -> Recorded:
    return recorded(programs.rust("known_shares"))


RECORDINGS = ["record -- true", "record -- no-such-program", "record -p 1", "flamegraph -- true"]


@pytest.mark.parametrize("command", RECORDINGS)
def test_recording_says_what_it_needs_and_leaves_nothing(elsewhere: Run, tmp_path: Path, command: str):
    done = elsewhere(*command.split(), cwd=tmp_path)
    assert done.returncode == NoRecorderError.exit_code
    assert "cannot record" in done.stderr
    assert "Linux on x86-64" in done.stderr
    assert list(tmp_path.iterdir()) == []


VIEWS = (
    "show {} --view top --format json",
    "show {} --view tree --format json",
    "show {} --view summary --format md",
    "annotate known_shares::recurse {} --format json",
)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_the_same(elsewhere: Run, run_pyrometer: Run, recording: Recorded, view: str):
    arguments = view.format(recording.path).split()
    there, here = elsewhere(*arguments), run_pyrometer(*arguments)
    assert there.returncode == here.returncode == 0, there.stderr
    assert there.stdout == here.stdout


@pytest.mark.parametrize("target", ["pprof", "folded", "speedscope", "firefox"])
def test_every_export_is_the_same(elsewhere: Run, run_pyrometer: Run, recording: Recorded, tmp_path: Path, target: str):
    for run, name in ((elsewhere, "there"), (run_pyrometer, "here")):
        assert run("export", recording.path, "--to", target, "-o", tmp_path / name).returncode == 0
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes()


def test_an_interrupted_recording_is_symbolized(elsewhere: Run, run_pyrometer: Run, tmp_path: Path):
    program = programs.rust("known_shares")
    script = f"{PYROMETER} record -o cut.pyro -- bash -c '{program}; kill -9 $PPID; sleep 0.1'"
    subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    arguments = ("show", tmp_path / "cut.pyro.recording", "--format", "json")
    there, here = elsewhere(*arguments), run_pyrometer(*arguments)
    assert there.returncode == here.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    assert "known_shares::recurse" in there.stdout
