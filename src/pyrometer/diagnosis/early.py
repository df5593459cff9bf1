"""What a recording says before it starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pyrometer.collect.program import find_program
from pyrometer.diagnosis import noise, permission, process, program
from pyrometer.diagnosis.binary import read_binary
from pyrometer.diagnosis.finding import Finding, findings_of, most_harmful_first
from pyrometer.diagnosis.machine import read_machine
from pyrometer.diagnosis.script import follow

MOST = 3
"""Findings at most."""
_ALL = (*process.CHECKS, *program.CHECKS, *permission.DECISIVE, *permission.LIMITS, *noise.CHECKS)
CHECKS = tuple(check for check in _ALL if check.early)
"""Checks that take milliseconds, of what no note at the end of a recording says."""


def early(command: Sequence[str], pids: Sequence[int]) -> tuple[Finding, ...]:
    """What limits the recording of a command or of processes: the most harmful, up to :data:`MOST`.

    A program or process that does not exist is the error that the recording would raise.
    """
    limiting = (finding for finding in _early(command, pids) if finding.severity == "limits")
    return most_harmful_first(limiting, CHECKS)[:MOST]


def _early(command: Sequence[str], pids: Sequence[int]) -> Iterator[Finding]:
    # Opening events is what the recording does next.
    machine = read_machine(events={})
    if not machine.recorder:
        return
    yield from findings_of("machine", machine, "", CHECKS)
    for pid in pids:
        found = process.read_process(pid, machine)
        found = replace(found, children=tuple(child for child in found.children if child not in pids))
        yield from findings_of("process", found, str(pid), CHECKS)
    if command:
        path, _ = follow(find_program(command[0]))
        binary = read_binary(Path(path), path, machine.perfmon, quick=True)
        if binary is not None:
            yield from findings_of("program", binary, path, CHECKS)
