"""`cargo pyrometer` as root in somebody else's project, and as a normal user."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from cargo_projects import BURN, CARGO_PYROMETER, MAIN, Make, assert_lines_of_burn, call
from installed import PYROMETER

NOBODY = 65534


def owned_by_nobody(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        os.chown(path, NOBODY, NOBODY)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can build for somebody else")


@as_root
def test_root_leaves_nothing_in_somebody_elses_project(make: Make, tmp_path: Path):
    root = make({"src/main.rs": BURN + MAIN})
    owned_by_nobody(root)
    done = call(root, "record", "--no-summary")
    assert done.returncode == 110
    assert f"{root}/target belongs to" in done.stderr
    assert "without sudo" in done.stderr
    assert sorted(path.name for path in root.iterdir()) == ["Cargo.toml", "src"]
    elsewhere = ["--target-dir", str(tmp_path / "out")]
    assert call(root, "record", "--no-summary", *elsewhere).returncode == 110, "Cargo.lock would be root's"
    (root / "Cargo.lock").write_text('version = 4\n\n[[package]]\nname = "app"\nversion = "0.1.0"\n')
    os.chown(root / "Cargo.lock", NOBODY, NOBODY)
    assert call(root, "record", "--no-summary", "-o", tmp_path / "a.pyro", *elsewhere).returncode == 7
    assert {path.stat().st_uid for path in (root, *root.rglob("*"))} == {NOBODY}


@as_root
def test_a_written_profile_stays_the_owners(make: Make):
    root = make({"src/main.rs": MAIN})
    owned_by_nobody(root)
    assert call(root, "--write-profile").returncode == 0
    assert (root / "Cargo.toml").stat().st_uid == NOBODY


# A user who may read everything, wherever the tools are installed, and owns and writes nothing but their own.
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
AS_NOBODY += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def can_run_as_nobody() -> bool:
    """Whether another user can start the installed command."""
    command = [*AS_NOBODY, str(PYROMETER), "--version"]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_run_as_nobody(), reason="needs root with the capability to read everything")
def test_a_normal_user_builds_and_records(make: Make):
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        root = Path(name) / "app"
        shutil.copytree(make({"src/main.rs": BURN + MAIN}), root)
        owned_by_nobody(root)
        command = [*AS_NOBODY, str(CARGO_PYROMETER), "record", "--no-summary"]
        environment = {"PATH": f"{sysroot}/bin:/usr/bin:/bin", "HOME": str(root), "CARGO_HOME": str(root / "home")}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 7, done.stderr
        assert {each.stat().st_uid for each in root.rglob("*")} == {NOBODY}
        assert_lines_of_burn(root / "app.pyro")
