"""What Valgrind's logs tell: which processes were forked, and where binaries lay in memory."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

FORKS = ("-v",)
"""What makes Valgrind say which processes executed a program."""
MODULES = ("-v", "-v")
"""And where binaries are: DHAT names none where it knows a line."""
_LOADED = re.compile(r"^--\d+-- Reading syms from (.+)\n--\d+-- +svma 0x([0-9a-f]+), avma 0x([0-9a-f]+)$", re.MULTILINE)
_GONE = re.compile(r"^[-=]+\d+[-=]+ Discarding syms at 0x([0-9a-f]+)-0x[0-9a-f]+ in ", re.MULTILINE)
_PARENT = re.compile(r"^==\d+== Parent PID: (\d+)$", re.MULTILINE)
_STARTED = re.compile(r"^--\d+-- Scheduler: using ", re.MULTILINE)
"""Said when a program begins, not by the child of a fork."""
_COMMAND = re.compile(r"^==\d+== Command: (.*)$", re.MULTILINE)
_REFUSED = re.compile(r"^==\d+== [Ee]rror: (?:can't|can not) open .*output file", re.MULTILINE)
"""That a tool's file could not be written."""
_END = 64
"""Bytes, at the end of a file, that have its last brace."""


def forked(folder: Path) -> dict[str, str]:
    """The processes that were forked under Valgrind and have executed no program since, with their parents."""
    logs = {path.suffix[1:]: path.read_text(errors="replace") for path in folder.glob("log.*")}
    parents = {pid: _PARENT.search(log) for pid, log in logs.items() if not _STARTED.search(log)}
    return {pid: parent[1] for pid, parent in parents.items() if parent and parent[1] in logs}


def lost(folder: Path, written: Collection[str]) -> list[tuple[str, bool]]:
    """The commands of processes that are not among the ``written`` ones; whether their counts could not be written."""
    logs = {path.suffix[1:]: path.read_text(errors="replace") for path in sorted(folder.glob("log.*"))}
    begun = {pid: _COMMAND.findall(log) for pid, log in logs.items() if pid not in written}
    return [(commands[-1], bool(_REFUSED.search(logs[pid]))) for pid, commands in begun.items() if commands]


def replaced(folder: Path, program: str) -> str:
    """The program that the first process executed in its place; empty if it is still ``program``."""
    logs = {path.suffix[1:]: path.read_text(errors="replace") for path in sorted(folder.glob("log.*"))}
    for log in logs.values():
        parent, command = _PARENT.search(log), _COMMAND.search(log)
        if parent and command and parent[1] not in logs:
            words = [word.replace("\\", "") for word in re.split(r"(?<!\\) ", command[1])]
            # An interpreter that runs the program is that program.
            names = (Path(word).name for word in words)
            return "" if _as_logged(Path(program).name) in names else words[0]
    return ""


def _as_logged(word: str) -> str:
    """A word of a command as Valgrind prints it: a ``_`` for each byte that is no letter of ASCII."""
    return re.sub(rb"[^ -~]", b"_", os.fsencode(word)).decode()


def make_utf8(file: Path) -> None:
    """Make a file of DHAT the JSON that it means to be: words of the command and paths may be no UTF-8."""
    content = file.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError:
        file.write_bytes(content.decode(errors="replace").encode())


def add_process(file: Path, pid: str) -> None:
    """Tell a file of Cachegrind which process it is of: as ``pid``, which we read."""
    file.write_bytes(f"pid: {pid}\n".encode() + file.read_bytes())


def add_modules(file: Path, pid: str) -> None:
    """Tell a file of DHAT, of the process ``pid``, the binaries of its addresses: as ``modules``, which we read.

    The logs lie beside it.
    """
    found = sorted((at, *module) for at, module in modules(pid, file.parent).items())
    if not found:
        return
    with file.open("r+b") as target:
        begin = max(0, target.seek(0, os.SEEK_END) - _END)
        target.seek(begin)
        brace = target.read().rfind(b"}")
        if brace < 0:
            return
        target.seek(begin + brace)
        target.truncate()
        target.write(b',"modules":' + json.dumps(found).encode() + b"}\n")


def modules(pid: str, folder: Path) -> dict[int, tuple[int, str]]:
    """By where the code of binaries began when the process ended: how far from their own addresses, and their paths.

    A forked process begins with those of its parent.
    """
    found: dict[int, tuple[int, str]] = {}
    for log in reversed(list(_logs(pid, folder))):
        events = [(one.start(), int(one[3], 16), int(one[2], 16), one[1]) for one in _LOADED.finditer(log)]
        events += [(one.start(), int(one[1], 16), 0, "") for one in _GONE.finditer(log)]
        found |= {at: (at - own, path) for _, at, own, path in sorted(events)}
    return {at: module for at, module in found.items() if module[1]}


def _logs(pid: str, folder: Path) -> Iterator[str]:
    """The log of a process, then those of the processes that it was forked from."""
    seen: set[str] = set()
    while pid not in seen:
        seen.add(pid)
        try:
            log = (folder / f"log.{pid}").read_text(errors="replace")
        except OSError:
            return
        yield log
        parent = _PARENT.search(log)
        if parent is None or _STARTED.search(log):
            return
        pid = parent[1]
