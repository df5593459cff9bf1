"""Programs with one cause, or none, and the doctor."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor_programs import RUST, C, Doctor
from installed import Run


@pytest.fixture(scope="session")
def doctor(run_pyrometer: Run) -> Doctor:
    """``doctor(target)``: the findings about the target itself by id; the machine's are its own affair."""

    def ask(target: str | Path | int, **options) -> dict[str, dict]:
        done = run_pyrometer("doctor", target, "--format", "json", **options)
        assert done.stderr == ""
        view = json.loads(done.stdout)
        assert done.returncode == view["exit_code"]
        return {one["id"]: one for one in view["findings"] if one["subject"] != "machine"}

    return ask


@pytest.fixture
def c(tmp_path: Path) -> Callable[..., Path]:
    """``c(*flags)``: a program in C with debug info, unless the flags say otherwise."""

    def build(*flags: str, name: str = "program", source: str = C) -> Path:
        file = tmp_path / f"{name}.c"
        file.write_text(source)
        command = ["gcc", "-O2", "-g", "-fno-omit-frame-pointer", "-o", name, file.name, *flags]
        subprocess.run(command, cwd=tmp_path, check=True)
        return tmp_path / name

    return build


@pytest.fixture
def rust(tmp_path: Path) -> Callable[..., Path]:
    """``rust(*flags)``: a program in Rust with line info."""

    def build(*flags: str, source: str = RUST, name: str = "program") -> Path:
        file = tmp_path / f"{name}.rs"
        file.write_text(source)
        command = ["rustc", "-O", "-Cdebuginfo=1", "-Cforce-frame-pointers=yes", "-o", name, file.name, *flags]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        return tmp_path / name

    return build
