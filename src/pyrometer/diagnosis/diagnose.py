"""From what the user named to a diagnosis."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from operator import index
from pathlib import Path

from pyrometer.collect.program import find_program
from pyrometer.diagnosis.binary import Binary, read_binary
from pyrometer.diagnosis.checks import CHECKS
from pyrometer.diagnosis.finding import Diagnosis, Finding, exit_code, findings_of, most_harmful_first
from pyrometer.diagnosis.machine import Machine, read_machine
from pyrometer.diagnosis.process import read_process
from pyrometer.diagnosis.project import project_of_program, read_project
from pyrometer.diagnosis.recording import read_recorded
from pyrometer.diagnosis.script import follow
from pyrometer.errors import FileAccessError, ProgramNotExecutableError
from pyrometer.formats import open_profile
from pyrometer.profile.reach import is_file

MOST_LIBRARIES = 32
"""Libraries of a process that are looked at."""
_LIBRARY_CHECKS = frozenset({"stripped", "debug-file-missing", "no-line-info", "split-debug-info-missing"})
_PROFILE_SUFFIXES = (".pyro", ".pyro.recording")
_PROFILE_MARKS = (b"PK\x03\x04", b"PYRJOURN")


def diagnose(target: str | int | os.PathLike[str] | None = None) -> Diagnosis:
    """What stands in the way of a good profile of a program, a process, or in a profile.

    ``target``: a program's name or path, a process id, a ``.pyro`` file, the folder of a Cargo project;
    without one the machine, and the Cargo project of the current folder.
    """
    start = time.monotonic()
    name = _name("" if target is None else target)
    findings = most_harmful_first(_findings(name), CHECKS)
    return Diagnosis(name, findings, exit_code(findings), time.monotonic() - start)


def _name(target: str | int | os.PathLike[str]) -> str:
    return os.fspath(target) if isinstance(target, str | os.PathLike) else str(index(target))


def _findings(name: str) -> Iterator[Finding]:
    if _is_profile(name):
        yield from findings_of("profile", read_recorded(open_profile(name)), name, CHECKS)
        return
    machine = read_machine()
    yield from findings_of("machine", machine, "", CHECKS)
    if not name:
        yield from _of_project(Path())
    elif name.isascii() and name.isdecimal():
        yield from _of_process(int(name), machine)
    elif is_file(Path(name) / "Cargo.toml"):
        yield from _of_project(Path(name))
    else:
        yield from _of_program(name, machine)


def _is_profile(name: str) -> bool:
    if name.endswith(_PROFILE_SUFFIXES):
        return True
    try:
        with Path(name).open("rb") as file:
            return file.read(8).startswith(_PROFILE_MARKS)
    except OSError:
        return False


def _of_project(folder: Path, profile: str = "release") -> Iterator[Finding]:
    if is_file(folder / "Cargo.toml"):
        project = read_project(folder, profile)
        yield from findings_of("project", project, str(Path(project.manifest).parent), CHECKS)


def _of_program(name: str, machine: Machine) -> Iterator[Finding]:
    path, scripts = follow(find_program(name))
    binary = read_binary(Path(path), path, machine.perfmon, scripts=scripts)
    if binary is None:
        raise ProgramNotExecutableError(
            f"program {name!r} cannot be executed",
            "it is neither a binary nor a script that names its interpreter",
            f"start it by its interpreter, say: sh {name}",
        )
    yield from findings_of("program", binary, path, CHECKS)
    yield from _of_its_project(binary)


def _of_its_project(binary: Binary) -> Iterator[Finding]:
    """What its Cargo project says, unless the program was built with lines nevertheless."""
    found = project_of_program(Path(binary.path))
    if found and not binary.own_lines:
        yield from _of_project(*found)


def _of_process(pid: int, machine: Machine) -> Iterator[Finding]:
    process = read_process(pid, machine)
    yield from findings_of("process", process, f"{pid} ({process.name})", CHECKS)
    folder = Path("/proc") / str(pid)
    binary = _readable(folder / "exe", process.exe)
    if binary is not None:
        yield from findings_of("program", binary, process.exe, CHECKS)
    checks = [check for check in CHECKS if check.id in _LIBRARY_CHECKS]
    for path in process.own_libraries[:MOST_LIBRARIES]:
        library = _readable(Path(f"{folder}/root{path}"), path)
        if library is not None:
            yield from findings_of("program", library, path, checks)


def _readable(file: Path, shown: str) -> Binary | None:
    """The facts of a file of a process; none if it is gone, or not for us: that is a finding of the process."""
    try:
        return read_binary(file, shown, privileged=True)
    except (OSError, FileAccessError):
        return None
