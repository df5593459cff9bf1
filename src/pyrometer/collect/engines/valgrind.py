"""Valgrind: Cachegrind, Callgrind and DHAT."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyrometer.collect.engines import logs
from pyrometer.collect.engines.caches import Caches, machine_caches
from pyrometer.collect.engines.engine import Finished, Request
from pyrometer.collect.interrupt import run
from pyrometer.errors import EngineError, EngineNotFoundError

_INSTALL = "install it: sudo apt install valgrind (dnf, zypper, pacman: the same name)"
_MODES = {"heap": "heap", "copies": "copy", "ad-hoc": "ad-hoc"}
_CALLERS = 200
"""Frames of a stack that DHAT keeps; by itself it keeps twelve."""
_SLOWER = {"cachegrind": "5 to 50", "callgrind": "20 to 100", "dhat": "10 to 60"}
"""Times, as measured on programs in C and Rust."""

_NOTES = (
    (
        re.compile(r"unhandled instruction bytes: (.*)"),
        "Valgrind does not know an instruction of the program ({0}): it ended there. Build for an older "
        "processor: RUSTFLAGS='-C target-cpu=x86-64-v2', or -march=x86-64-v2 for C",
    ),
    (
        re.compile(r"debuginfo reader: Possibly corrupted debuginfo file"),
        "Valgrind cannot read the debug info of the program, or of a library that it loads, and gives up: build it "
        "anew, or count a copy without (strip --strip-debug)",
    ),
    (
        re.compile(r"Serious error when reading debug info\n.* When reading debug info from (.+):\n--\d+-- (.+)"),
        "Valgrind could not read the debug info of {0} ({1}): its functions have no lines, nor names but those of "
        "symbols",
    ),
    (re.compile(r"Warning: set address range perms: large range"), ""),
    (re.compile(r"Fatal error at startup: (.*)"), "Valgrind could not start: {0}"),
    (
        # As in a Go program, some of whose signals come while Callgrind takes another one to be handled.
        re.compile(r"^Callgrind: (\S+) \(\w+\): Assertion '(.+)' failed", re.MULTILINE),
        "Callgrind itself failed ({0}: {1}), and what it had counted is lost. Without --calls, --inlined and --from "
        "Cachegrind counts",
    ),
    (
        re.compile(r"^(?!Callgrind)(\w+): (\S+ \(\w+\): Assertion .+ failed|the 'impossible' happened)", re.MULTILINE),
        "Valgrind itself failed ({0}: {1}), and what it had counted is lost. A newer Valgrind may run the program",
    ),
)


class Valgrind:
    """Runs a program on a processor that Valgrind translates."""

    name = "valgrind"

    def __init__(self) -> None:
        found = shutil.which("valgrind")
        if found is None:
            raise EngineNotFoundError("Valgrind is not installed", "it counts what a program does", _INSTALL)
        self._path = found
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        self.version = said.stdout.strip().removeprefix("valgrind-") or "unknown"

    @staticmethod
    def tool(request: Request) -> str:
        """The tool that a request needs: Cachegrind, unless calls or addresses are asked for."""
        if request.what != "instructions":
            return "dhat"
        wants_calls = request.calls or request.addresses or request.inside
        return "callgrind" if wants_calls else "cachegrind"

    def describe(self, request: Request) -> str:
        """See :class:`~pyrometer.collect.engines.engine.Engine`."""
        tool = self.tool(request)
        name = tool.upper() if tool == "dhat" else tool.capitalize()
        return f"running under {name} (Valgrind {self.version}), about {_SLOWER[tool]} times slower"

    def run(self, command: Sequence[str], request: Request, folder: Path) -> Finished:
        """See :class:`~pyrometer.collect.engines.engine.Engine`."""
        caches = machine_caches() if request.cache else None
        arguments = [self._path, *self.arguments(request, folder, caches), "--", *command]
        status = run(arguments)
        files = sorted(path for path in folder.glob("out.*") if path.stat().st_size > 0)
        # After the files: what goes on when the program has ended begins its log before them, and ends any time.
        forked = logs.forked(folder)
        if not request.children:
            # What is not told to follow programs that are executed follows forks all the same.
            files = [path for path in files if _process(path) not in forked]
        log = "".join(path.read_text(errors="replace") for path in sorted(folder.glob("log.*")))
        notes = list(_notes(log))
        if not files:
            lost = logs.lost(folder, ())
            if not request.children and status >= 0 and not notes and any(not refused for _, refused in lost):
                raise _REPLACED
            raise _failure(status, notes, log, command[0], lost)
        for path in files:
            self._complete(path, self.tool(request))
        doubled = sum(not _begins_anew(folder, parent) for parent in forked.values())
        if doubled and request.children:
            notes.append(_forks(doubled, self.tool(request)))
        replaced = logs.replaced(folder, command[0])
        if replaced:
            notes.append(f"what {command[0]} did before it executed {replaced} in its place is not counted")
        if request.children:
            notes += _lost(logs.lost(folder, {_process(path) for path in files}))
        if _may_nest(request.inside):
            notes.append(_NESTED)
        if caches and not caches.known:
            notes.append("this machine does not say what caches it has: those of common processors were simulated")
        return Finished(status, self.tool(request), files, notes, self._facts(request, caches))

    def arguments(self, request: Request, folder: Path, caches: Caches | None) -> list[str]:
        """Valgrind's options for a request; its files go to ``folder``."""
        tool = self.tool(request)
        # In names of files %p is the process, and %% a percent sign.
        place = str(folder).replace("%", "%%")
        options = [f"--tool={tool}", f"--log-file={place}/log.%p", f"--{tool}-out-file={place}/out.%p"]
        # What else is set up for Valgrind is for its other tools, or would count something else.
        options.append("--command-line-only=yes")
        # The functions around main by their names, not as one.
        options += [f"--trace-children={_yes(request.children)}", "--show-below-main=yes"]
        if tool == "dhat":
            # Whole paths: a file's name alone names no source.
            options += [f"--mode={_MODES[request.what]}", f"--num-callers={_CALLERS}", "--fullpath-after="]
            return [*options, *logs.MODULES]
        options += [f"--cache-sim={_yes(request.cache)}", f"--branch-sim={_yes(request.branches)}"]
        if caches:
            options += [f"--I1={caches.instructions}", f"--D1={caches.data}", f"--LL={caches.last}"]
        if tool == "callgrind":
            options += ["--separate-threads=yes", f"--dump-instr={_yes(request.addresses)}"]
            # By itself it has functions that call themselves twice, to tell callers apart: here there are none.
            options += [] if request.calls else ["--separate-recs=1"]
            options += [f"--toggle-collect={function}" for function in request.inside]
            # What was counted is written then and begins anew, in the child too.
            options += [f"--dump-before={function}" for function in _FORKING]
        return [*options, *logs.FORKS]

    @staticmethod
    def _complete(file: Path, tool: str) -> None:
        """Tell a file what its tool leaves out."""
        if tool == "dhat":
            logs.make_utf8(file)
            logs.add_modules(file, _process(file))
        elif tool == "cachegrind":
            logs.add_process(file, _process(file))

    def _facts(self, request: Request, caches: Caches | None) -> dict[str, str]:
        facts = {"engine": f"valgrind {self.version}", "tool": self.tool(request)}
        if caches:
            facts |= {"I1": str(caches.instructions), "D1": str(caches.data), "LL": str(caches.last)}
        return facts


def _process(path: Path) -> str:
    """The process of ``out.PID``, of Callgrind's threads ``out.PID-01``."""
    return path.name.split(".")[1].split("-")[0]


_FORKING = ("fork", "_Fork", "__fork", "__libc_fork")
"""Functions that fork, by all their names. The child of ``vfork`` executes a program."""


def _begins_anew(folder: Path, parent: str) -> bool:
    """Whether a process has written what it had counted until it forked, as a part: ``out.PID.1-01``."""
    return any(folder.glob(f"out.{parent}.*"))


def _forks(processes: int, tool: str) -> str:
    which = "1 process" if processes == 1 else f"{processes} processes"
    cure = {"cachegrind": "; with --calls each begins with nothing"}.get(tool, "")
    return (
        f"{which} forked without executing a program: under Valgrind each begins with all that its parent had counted, "
        "so that this is in the sums once more for each. --process PID shows one alone, --no-children counts none of "
        f"them{cure}"
    )


_GAVE_UP = "given up the rights to write what was counted (setuid, chroot)"


def _lost(processes: Sequence[tuple[str, bool]]) -> Iterator[str]:
    """What is missing of processes that left no counts: their commands, and whether these could not be written."""
    for commands, why in (
        ([command for command, refused in processes if refused], f"had {_GAVE_UP}"),
        (
            [command for command, refused in processes if not refused],
            "were killed, still run, or executed a program that Valgrind does not follow (setuid)",
        ),
    ):
        if commands:
            shown = ", ".join(sorted(set(commands))[:_SHOWN])
            more = ", …" if len(set(commands)) > _SHOWN else ""
            yield f"processes that left no counts: {len(commands)} ({shown}{more}); they {why}"


_SHOWN = 3
"""Commands that are named."""
_NESTED = (
    "where one of the functions of --from calls another of them, Callgrind stops counting until that returns: if some "
    "do, count from the outermost alone"
)


def _may_nest(inside: Sequence[str]) -> bool:
    """Whether more than one function may be meant."""
    return len(inside) > 1 or any(set("*?") & set(pattern) for pattern in inside)


_REPLACED = EngineError(
    "the program left no counts",
    "it executed another program in its place, which --no-children leaves out",
    "count without --no-children, or that program itself",
)
_HEADER = re.compile(r"Parent PID|Command:|Copyright|Using Valgrind|could not unlink")
"""Lines of a log that are no reason."""


def _is_setuid(program: str) -> bool:
    path = shutil.which(program)
    return path is not None and bool(Path(path).stat().st_mode & (stat.S_ISUID | stat.S_ISGID))


def _yes(wanted: bool) -> str:
    return "yes" if wanted else "no"


def _notes(log: str) -> Iterator[str]:
    """What the log says that the user must know, in our words."""
    for pattern, words in _NOTES:
        found = pattern.search(log)
        if found and words:
            yield words.format(*(group.strip() for group in found.groups()))


def _failure(
    status: int, notes: Sequence[str], log: str, program: str, processes: Sequence[tuple[str, bool]]
) -> EngineError:
    """Why there is no file."""
    if any(refused for _, refused in processes):
        return EngineError(
            "the program left no counts",
            f"it had {_GAVE_UP}",
            "run all of it as the user that it becomes: setpriv --reuid=USER --clear-groups pyrometer …",
        )
    if _is_setuid(program):
        return EngineError(
            f"Valgrind cannot run {program}",
            "it is setuid or setgid, and whoever runs under Valgrind gets no other user's rights",
            f"count a copy, which has lost the bit: cp {program} .",
        )
    if status < 0:
        return EngineError(
            "the program left no counts", f"it was killed by signal {-status}", "let it end by itself, or send SIGTERM"
        )
    said = [line.split("== ", 1)[-1] for line in log.splitlines() if re.match("==[0-9]+== .", line)]
    last = [line for line in said if not _HEADER.match(line)]
    why = notes[0] if notes else (last[-1] if last else f"Valgrind ended with status {status}")
    return EngineError("Valgrind cannot run this program", why, "its own message stands above, if it had one")
