"""The facts of a running process, and what of them stands in the way of attaching to it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pyrometer.diagnosis.binary import SYSTEM_FOLDERS
from pyrometer.diagnosis.finding import Check, Found, Run
from pyrometer.diagnosis.machine import CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE, Machine, status_fields, whole
from pyrometer.errors import ProcessNotFoundError
from pyrometer.frozen import frozen

MUCH_CODE = 64 << 10
"""Bytes of anonymous executable memory; less is a trampoline or two."""
_DELETED = " (deleted)"
_START = "start it with:"
_RUNTIMES = {
    "node": Run("node --perf-basic-prof", _START),
    "java": Run("jcmd {pid} Compiler.perfmap", "before the recording ends (JDK 17):"),
    "python": Run("python -X perf", "start it with (Python 3.12):"),
    "dotnet": Run("DOTNET_PerfMapEnabled=1", "start it with the variable:"),
    "ruby": Run("ruby --yjit-perf", _START),
    "luajit": Run("luajit -jp", _START),
    "php": Run("php -d opcache.jit_debug=0x10", _START),
    "wasmtime": Run("wasmtime run --profile=perfmap", _START),
}
"""How each runtime writes a perf map or jitdump."""


@frozen
class Process:
    """What ``/proc/PID`` says."""

    pid: int
    name: str
    uid: int
    exe: str
    """As the process sees it; empty for a kernel thread, and where we may not know."""
    deleted: tuple[str, ...]
    """Binaries that run, but are at their path no more."""
    generated: int
    """Bytes of executable memory that no file holds."""
    announced: bool
    """Whether a perf map or a jitdump names generated code."""
    inner_pid: int
    """Its id in its own namespace."""
    own_libraries: tuple[str, ...]
    """Libraries that no package installed."""
    machine: Machine
    children: tuple[int, ...] = ()
    """Processes that it has started, as far as they run."""
    has_memory: bool = True
    """Whether it has memory of its own: a kernel thread has none, nor has what has ended."""


def read_process(pid: int, machine: Machine, root: Path = Path("/")) -> Process:
    """A process below ``root``; a :class:`~pyrometer.ProcessNotFoundError` if there is none."""
    folder = root / "proc" / str(pid)
    status = status_fields(folder / "status")
    if not status:
        raise ProcessNotFoundError(f"there is no process {pid}")
    if status.get("Tgid", str(pid)) != str(pid):
        process = status["Tgid"]
        raise ProcessNotFoundError(
            f"{pid} is a thread of process {process}, not a process", cure=f"pyrometer doctor {process}"
        )
    inner = whole((status.get("NSpid", "").split() or [""])[-1]) or pid
    maps = _read(folder / "maps")
    exe = _link(folder / "exe")
    return Process(
        pid=pid,
        name=status.get("Name", ""),
        uid=whole((status.get("Uid", "").split() or [""])[0]) or 0,
        exe=exe.removesuffix(_DELETED),
        deleted=_deleted(maps, exe),
        generated=_generated(maps),
        announced=_exists(folder / f"root/tmp/perf-{inner}.map") or bool(re.search(r"/jit-\d+\.dump", maps)),
        inner_pid=inner,
        own_libraries=_own_libraries(maps, exe),
        machine=machine,
        children=_children(folder),
        has_memory="VmSize" in status,
    )


def _children(folder: Path) -> tuple[int, ...]:
    """Those that each of its threads has started, but for ours; none where the kernel keeps no list."""
    lists = (_read(path) for path in folder.glob("task/*/children"))
    pids = (pid for text in lists for pid in text.split() if pid != str(os.getpid()))
    return tuple(sorted(int(pid) for pid in pids if not _has_ended(folder.parent / pid)))


def _has_ended(folder: Path) -> bool:
    """Whether its parent alone still knows it."""
    return status_fields(folder / "status").get("State", "").startswith("Z")


def _exists(path: Path) -> bool:
    """False also where we may not look."""
    try:
        return path.exists()
    except OSError:
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _mappings(maps: str) -> Iterator[tuple[int, str]]:
    """Size and name of each executable mapping."""
    for line in maps.splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)", line)
        if found and "x" in found[3]:
            yield int(found[2], 16) - int(found[1], 16), found[4]


def _deleted(maps: str, exe: str) -> tuple[str, ...]:
    names = [name for _, name in _mappings(maps) if name.startswith("/") and not _is_anonymous(name)]
    gone = {name.removesuffix(_DELETED) for name in (*names, exe) if name.endswith(_DELETED)}
    return tuple(sorted(gone, key=lambda name: (name != exe.removesuffix(_DELETED), name)))


def _own_libraries(maps: str, exe: str) -> tuple[str, ...]:
    names = {name for _, name in _mappings(maps) if name.startswith("/") and not _is_anonymous(name)}
    system = tuple(f"{folder}/" for folder in SYSTEM_FOLDERS)
    return tuple(sorted(name for name in names if name != exe and not name.startswith(system) and _DELETED not in name))


def _is_anonymous(name: str) -> bool:
    return not name or name.startswith(("//anon", "[anon", "/memfd:", "/dev/zero", "/SYSV", "/anon_hugepage"))


def _generated(maps: str) -> int:
    return sum(size for size, name in _mappings(maps) if _is_anonymous(name))


def _other_user(process: Process) -> Iterator[Found]:
    machine = process.machine
    if process.uid != machine.uid and machine.uid and not machine.can(CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE):
        yield Found(f"it belongs to another user (uid {process.uid})", Run(f"sudo pyrometer record -p {process.pid}"))


def _kernel_thread(process: Process) -> Iterator[Found]:
    if process.exe or process.uid != process.machine.uid or process.machine.uid:
        return
    if process.has_memory:
        what = f"the kernel does not tell root which program {process.name} runs: /proc/{process.pid}/exe is refused"
        yield Found(what, "record outside of this container or sandbox", "Its own code may have no names.", "limits")
    else:
        yield Found(f"{process.name} is a kernel thread, or has just ended", Run("ps -e", "list programs that run:"))


def _jit(process: Process) -> Iterator[Found]:
    if process.generated >= MUCH_CODE and not process.announced:
        what = (
            f"{process.generated >> 10:,} KiB of its code was generated while it ran, and there is neither "
            f"perf-{process.inner_pid}.map in /tmp nor a jitdump that names it"
        )
        yield Found(what, _map_of(process))


def _map_of(process: Process) -> str | Run:
    names = (process.name, Path(process.exe).name)
    for runtime, cure in _RUNTIMES.items():
        if any(name.startswith(runtime) for name in names):
            return replace(cure, command=cure.command.format(pid=process.pid))
    return "let its runtime write a perf map or a jitdump"


def _replaced(process: Process) -> Iterator[Found]:
    if process.deleted:
        first, *others = process.deleted
        more = f" and {len(others)} more" if others else ""
        what = f"{first}{more} was deleted or replaced after it was started"
        yield Found(what, "restart the program, then record the new one")


def _children_before(process: Process) -> Iterator[Found]:
    if process.children:
        pid, number = process.pid, len(process.children)
        which = "1 running child is" if number == 1 else f"{number} running children are"
        cure = Run(f"pyrometer record -p {pid} -p $(pgrep -P {pid} -d ' -p ')", "attach to them, too:")
        yield Found(f"{which} not recorded", cure)


def _ptrace(process: Process) -> Iterator[Found]:
    if process.machine.ptrace_scope == 1 and not process.machine.can(CAP_SYS_PTRACE):
        cure = Run(f"sudo pyrometer record -p {process.pid}", "launch it (pyrometer record -- PROGRAM), or:")
        yield Found("kernel.yama.ptrace_scope is 1: the memory of a process that we did not start cannot be read", cure)


def _namespace(process: Process) -> Iterator[Found]:
    if process.inner_pid != process.pid:
        what = f"it runs in a pid namespace of its own, where it is process {process.inner_pid}"
        yield Found(what, "none needed: its files and its perf map are read through /proc")


CHECKS = (
    Check(
        "other-user",
        "process",
        "blocks",
        "a process of another user",
        "Only its owner, and who has CAP_PERFMON or CAP_SYS_PTRACE, may observe it.",
        "`sudo pyrometer record -p PID`",
        _other_user,
    ),
    Check(
        "no-program",
        "process",
        "blocks",
        "a kernel thread, a process that has ended, or one whose program root may not know",
        "It runs no program whose code could be named.",
        "`ps -e`",
        _kernel_thread,
    ),
    Check(
        "jit-without-map",
        "process",
        "limits",
        "generated code without a perf map or jitdump",
        "Its functions are shown as addresses in [jit].",
        "`node --perf-basic-prof`, `jcmd PID Compiler.perfmap`, `python -X perf`",
        _jit,
    ),
    Check(
        "children-before",
        "process",
        "limits",
        "children that a process has already when it is attached to: the workers of a server",
        "What they cost is missing: the process alone is observed, and what it starts later.",
        "`pyrometer record -p PID -p $(pgrep -P PID -d ' -p ')`",
        _children_before,
        early=True,
    ),
    Check(
        "binary-replaced",
        "process",
        "limits",
        "the program, or a library of it, was deleted or replaced while it runs",
        "Names are taken from the old one as long as it runs; afterwards nothing can be annotated.",
        "restart the program",
        _replaced,
        early=True,
    ),
    Check(
        "ptrace-scope-attach",
        "process",
        "limits",
        "`kernel.yama.ptrace_scope` of 1, for a process that runs already",
        "What lies deeper in its stacks than their copy cannot be read, so that deep stacks have no root.",
        "launch the program, or record as root",
        _ptrace,
        early=True,
    ),
    Check(
        "pid-namespace",
        "process",
        "note",
        "a process in another pid namespace",
        "Ids inside of its container are not those that this profile has.",
        "none needed",
        _namespace,
    ),
)
"""Checks of a process, the most harmful first."""
