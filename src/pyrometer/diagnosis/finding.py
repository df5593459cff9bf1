"""Findings are values: what was found, how much it harms, and what cures it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from pyrometer.frozen import frozen

Severity = Literal["blocks", "limits", "note"]
"""Nothing can be recorded; something is missing or wrong; good to know."""
Subject = Literal["machine", "program", "process", "project", "profile"]

EXIT_CODES: dict[Severity, int] = {"blocks": 2, "limits": 1, "note": 0}


@frozen
class Run:
    """A cure that is a command, to be copied whole, or ends with one."""

    command: str
    before: str = ""
    """What is said before it."""

    def __str__(self) -> str:
        return f"{self.before} {self.command}".lstrip()


@frozen
class Found:
    """What a check found; what is left out is the check's own."""

    what: str
    """One sentence."""
    cure: str | Run
    """A command, or what to change and where."""
    why: str = ""
    severity: Severity | None = None
    where: str = ""


@frozen
class Check:
    """A cause that is looked for."""

    id: str
    subject: Subject
    severity: Severity
    """How much it harms, unless the check finds otherwise."""
    cause: str
    """What is looked for, in a few words (``docs/doctor.md``)."""
    why: str
    """The harm, in one sentence."""
    cure: str
    """What cures it in general (``docs/doctor.md``)."""
    find: Callable[[Any], Iterable[Found]]
    """From the subject's facts to what was found."""
    early: bool = False
    """``pyrometer record`` says it before the program starts: cheap, and in no note at the end."""


@frozen
class Finding:
    """Something that stands in the way."""

    id: str
    """Stable: the id of the check."""
    severity: Severity
    subject: Subject
    where: str
    """The program's or profile's path, the process id, the folder of the project; empty for the machine."""
    what: str
    why: str
    cure: str
    """What to do, in full."""
    command: str = ""
    """The command that ``cure`` is, or ends with; empty if it is none."""

    @property
    def prose(self) -> str:
        """The cure without its command."""
        return self.cure.removesuffix(self.command).rstrip()

    @classmethod
    def of(cls, check: Check, found: Found, where: str) -> Finding:
        """A finding of a check on a subject."""
        return cls(
            check.id,
            found.severity or check.severity,
            check.subject,
            found.where or where,
            found.what,
            found.why or check.why,
            str(found.cure),
            found.cure.command if isinstance(found.cure, Run) else "",
        )


@frozen
class Diagnosis:
    """Everything that was found."""

    target: str
    """What was asked about; empty for the machine alone."""
    findings: tuple[Finding, ...]
    """The most harmful first."""
    exit_code: int
    """0 if nothing stands in the way, 1 if something limits, 2 if nothing can be recorded."""
    seconds: float
    """How long it took."""

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity == severity for finding in self.findings)


def exit_code(findings: Iterable[Finding]) -> int:
    """That of the most harmful finding."""
    return max((EXIT_CODES[finding.severity] for finding in findings), default=0)


def findings_of(subject: Subject, facts: object, where: str, checks: Iterable[Check]) -> Iterator[Finding]:
    """What the checks of a subject find in its facts."""
    for check in checks:
        if check.subject == subject:
            for found in check.find(facts):
                yield Finding.of(check, found, where)


def most_harmful_first(findings: Iterable[Finding], checks: Sequence[Check]) -> tuple[Finding, ...]:
    """By severity, then by the order of the checks."""
    rank = {check.id: number for number, check in enumerate(checks)}
    return tuple(sorted(findings, key=lambda finding: (-EXIT_CODES[finding.severity], rank[finding.id])))
