"""`pyrometer doctor` on what a user may do, and on processes."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import programs
from doctor_programs import Doctor, findings, run_tool
from installed import PYROMETER


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a program that is another user's")
def test_setuid_stands_in_the_way_of_who_is_not_privileged(c, doctor: Doctor):
    program = c()
    program.chmod(0o4755)
    assert "setuid" not in findings(program), "it is ours already"
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    assert "setuid" in findings(program)["setuid"]["what"]
    assert "sudo pyrometer record" in findings(program)["setuid"]["cure"]
    assert "setuid" not in doctor(program), "root may"
    program.chmod(0o2755)
    assert "setgid" in findings(program)["setuid"]["what"]
    program.chmod(0o0755)
    assert "setuid" not in findings(program)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file capabilities")
def test_capabilities_of_a_file(c, doctor: Doctor):
    program = c()
    # Version 2, effective, CAP_NET_RAW, as linux/capability.h lays it out.
    os.setxattr(program, "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    assert "capabilities" in findings(program)["setuid"]["what"]
    assert "setuid" not in doctor(program), "root may"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sets perf_event_paranoid")
@pytest.mark.parametrize(("level", "expected"), [("1", None), ("2", "limits")])
def test_paranoia_of_the_kernel_that_runs(level: str, expected: str | None):
    setting = Path("/proc/sys/kernel/perf_event_paranoid")
    before = setting.read_text()
    try:
        setting.write_text(level)
        # Without capabilities, but still as root: the cure is the capability.
        seen = findings().get("missing-capability")
        assert (seen["severity"] if seen else None) == expected
    finally:
        setting.write_text(before)


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_a_sandbox_that_refuses_perf_events(error: str):
    sandbox = programs.c("no_perf_events")
    command = [str(sandbox), error, str(PYROMETER), "doctor", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    seen = {one["id"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 2
    assert seen["seccomp"]["severity"] == "blocks"
    assert f"({error})" in seen["seccomp"]["what"]


@contextmanager
def running(*command: str | Path, ready: bool = True, folder: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process that runs until the end of the block."""
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, cwd=folder) as program:
        try:
            if ready:
                assert program.stdout is not None
                program.stdout.readline()
            yield program
        finally:
            program.kill()


def test_a_process_has_the_findings_of_its_program(doctor: Doctor, tmp_path: Path):
    program = tmp_path / "program"
    shutil.copy(programs.c("exits"), program)
    with running(program, "hang") as process:
        assert not {"stripped", "no-line-info", "binary-replaced", "jit-without-map"} & doctor(process.pid).keys()
    run_tool("strip", program)
    with running(program, "hang") as process:
        assert doctor(process.pid)["stripped"]["where"] == str(program)


def test_a_program_that_is_replaced_while_it_runs(doctor: Doctor, tmp_path: Path):
    program = tmp_path / "program"
    shutil.copy(programs.c("exits"), program)
    with running(program, "hang") as process:
        program.unlink()
        seen = doctor(process.pid)
        assert str(program) in seen["binary-replaced"]["what"]
        assert "stripped" not in seen, "the one that runs is still read"


def test_generated_code_of_node_with_and_without_a_map(doctor: Doctor, tmp_path: Path):
    script = (
        "let x = 0; for (let i = 0; i < 3e7; i++) x += Math.sqrt(i); console.log('ready'); setInterval(() => {}, 1000);"
    )
    with running("node", "-e", script) as process:
        seen = doctor(process.pid)
        assert "node --perf-basic-prof" in seen["jit-without-map"]["cure"]
    with running("node", "--perf-basic-prof", "-e", script, folder=tmp_path) as process:
        assert "jit-without-map" not in doctor(process.pid)
    Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a process of another user")
def test_another_users_process():
    with running("sleep", "30", ready=False) as process:
        time.sleep(0.1)
        own = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
        if subprocess.run([*own, str(PYROMETER), "--version"], capture_output=True, check=False).returncode != 0:
            pytest.skip("other users may not read this folder")
        command = [*own, str(PYROMETER), "doctor", str(process.pid), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert "other-user" in {one["id"] for one in json.loads(done.stdout)["findings"]}
