"""Every check, in one list: of two findings that harm alike, the one whose check stands first is said first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyrometer.diagnosis import noise, permission, process, program, project, recording
from pyrometer.diagnosis.finding import EXIT_CODES, Check, Finding, Subject

CHECKS: tuple[Check, ...] = (
    *permission.CHECKS[:5],
    *process.CHECKS,
    *program.CHECKS,
    *project.CHECKS,
    *recording.CHECKS,
    *permission.CHECKS[5:],
    *noise.CHECKS,
)
"""The checks of what decides whether anything is recorded, then those of the target, then of the machine."""

_RANK = {check.id: rank for rank, check in enumerate(CHECKS)}


def findings_of(subject: Subject, facts: object, where: str, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """What the checks of a subject find in its facts."""
    for check in checks:
        if check.subject == subject:
            for found in check.find(facts):
                yield Finding.of(check, found, where)


def most_harmful_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, then by the order of the checks."""
    return tuple(sorted(findings, key=lambda finding: (-EXIT_CODES[finding.severity], _RANK[finding.id])))
