"""A diagnosis in the terminal: a paragraph a finding, the most harmful first."""

from __future__ import annotations

import shlex
import textwrap

from rich.console import Console
from rich.text import Text

from pyrometer.diagnosis.finding import Diagnosis, Finding
from pyrometer.show.grid import Column, Grid, Row, printable
from pyrometer.show.grids import grids
from pyrometer.show.words import plural

STYLES = {"blocks": "bold red", "limits": "bold yellow", "note": "bold dim"}
INDENT = 8
LONGEST_NAME = 20
"""Of a program in a line that has to say more."""


def show_diagnosis(view: Diagnosis, target: Console) -> None:
    """Print a diagnosis in the console's width."""
    target.print(Text(heading(view), "bold"), no_wrap=True, overflow="ignore")
    for finding in view.findings:
        target.print()
        _show_finding(finding, target)


@grids.register
def _diagnosis(view: Diagnosis) -> list[Grid]:
    columns = [Column(title) for title in ("severity", "finding", "of", "what", "why", "cure")]
    columns.append(Column("command", "code"))
    rows = [
        Row([one.severity, one.id, subject(one), sentence(one.what), one.why, one.prose, one.command])
        for one in view.findings
    ]
    return [Grid(heading(view), columns, rows)]


def heading(view: Diagnosis) -> str:
    """What was looked at, and how many findings of each severity there are."""
    return f"{printable(view.target) or 'this machine'}: {counts(view)}"


def counts(view: Diagnosis) -> str:
    """``1 thing blocks recording, 2 limit it, 1 note``."""
    blocks, limits, notes = (view.count(severity) for severity in ("blocks", "limits", "note"))
    parts = [f"{plural(blocks, 'thing')} {'blocks' if blocks == 1 else 'block'} recording"] if blocks else []
    if limits:
        parts.append(f"{plural(limits, 'thing')} {'limits' if limits == 1 else 'limit'} what a profile says")
    if not parts:
        parts.append("nothing stands in the way")
    if notes:
        parts.append(plural(notes, "note"))
    return ", ".join(parts)


def subject(finding: Finding) -> str:
    """``program ./app``; the machine is only one."""
    return f"{finding.subject} {printable(finding.where)}".strip()


def _show_finding(finding: Finding, target: Console) -> None:
    title = Text(f"{finding.severity:<{INDENT}}", STYLES[finding.severity])
    target.print(title.append(finding.id, "bold").append(f"  {subject(finding)}", "dim"), no_wrap=True)
    for line in _wrapped(f"{sentence(finding.what)} {finding.why}", target.width):
        target.print(Text(line), no_wrap=True, overflow="ignore")
    for line in _cure(finding, target.width):
        target.print(Text(line, "green"), no_wrap=True, overflow="ignore")


def _cure(finding: Finding, width: int) -> list[str]:
    """A command is copied from its line: it stands in one of its own, if it does not fit beside what is said."""
    whole = " " * INDENT + f"cure: {printable(finding.cure)}"
    if not finding.command or len(whole) <= width:
        return _wrapped(f"cure: {finding.cure}", width)
    command = printable(finding.command)
    return [*_wrapped(f"cure: {finding.prose}", width), " " * max(0, min(INDENT, width - len(command))) + command]


def _wrapped(text: str, width: int) -> list[str]:
    """Lines that never cut a word: a command is copied from them."""
    indent = " " * INDENT
    return textwrap.wrap(
        printable(text),
        max(width, INDENT + 20),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentence(text: str) -> str:
    """With a capital, unless it begins with a path or the name of a setting, and a full stop.

    >>> sentence("it is stripped"), sentence("kernel.kptr_restrict is 1")
    ('It is stripped.', 'kernel.kptr_restrict is 1.')
    """
    first = text.partition(" ")[0]
    begins = text if any(mark in first for mark in "./_") else text[:1].upper() + text[1:]
    return begins if begins.endswith(".") else f"{begins}."


def early_line(finding: Finding, width: int) -> str:
    """A finding in one line, for before a recording; one that is too long says what to ask for all of it."""
    line = printable(f"note: {finding.what}: {finding.cure}")
    if len(line) <= width:
        return line
    where = finding.where if len(finding.where) <= LONGEST_NAME else finding.subject.upper()
    ask = f" (see: {printable(shlex.join(['pyrometer', 'doctor', *filter(None, [where])]))})"
    return textwrap.shorten(f"note: {printable(finding.what)}", width - len(ask), placeholder=" …") + ask
