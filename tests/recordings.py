"""A recording as the tests look at it: through Arrow, with none of Pyrometer's own sums.

What the tests assert is computed here from the tables alone, so that an error in a view cannot hide one in the
recorder.
"""

import bisect
import struct
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pyarrow as pa

import pyrometer


@dataclass(frozen=True)
class Frame:
    """A row of ``frames`` with its function's and binary's names."""

    name: str
    linkage_name: str
    binary: str
    address: int | None
    line: int | None
    inlined: bool
    kind: str

    @property
    def short_name(self) -> str:
        """The last part of the name: ``alpha`` of ``known_shares::alpha``."""
        return self.name.rsplit("::", maxsplit=1)[-1]


@dataclass(frozen=True)
class Observation:
    """Samples of one stack in one thread: the stack from the root to the leaf, and how many."""

    stack: tuple[Frame, ...]
    process: str
    pid: int
    thread: str
    count: int
    value: int

    @property
    def user_stack(self) -> tuple[Frame, ...]:
        """The stack without the kernel's frames."""
        return tuple(frame for frame in self.stack if frame.kind != "kernel")

    @property
    def in_kernel(self) -> bool:
        """Whether the CPU was in the kernel."""
        return bool(self.stack) and self.stack[-1].kind == "kernel"


@dataclass
class Recorded:
    """What one call of ``pyrometer record`` left."""

    path: Path
    status: int
    output: str
    errors: str

    @cached_property
    def profile(self) -> pyrometer.Profile:
        """The profile, opened."""
        assert self.path.exists(), f"status {self.status}, no {self.path.name}:\n{self.errors}"
        return pyrometer.load(self.path)

    @cached_property
    def observations(self) -> list[Observation]:
        """All samples of the first metric, those of the same stack and thread together."""
        return list(_observations(self.profile))

    def count(self, which: Callable[[Observation], bool] = lambda _: True) -> int:
        """How many samples satisfy ``which``."""
        return sum(seen.count for seen in self.observations if which(seen))

    def self_counts(self) -> Counter[str]:
        """Samples by the leaf function's short name."""
        counts: Counter[str] = Counter()
        for seen in self.observations:
            counts[seen.stack[-1].short_name] += seen.count
        return counts

    def total_counts(self) -> Counter[str]:
        """Samples by every function on the stack, recursion counted once."""
        counts: Counter[str] = Counter()
        for seen in self.observations:
            for name in {frame.short_name for frame in seen.stack}:
                counts[name] += seen.count
        return counts


def rows(table: object) -> list[dict]:
    """A table of a profile, read by pyarrow."""
    return pa.table(table).to_pylist()  # pyright: ignore[reportArgumentType]


def _observations(profile: pyrometer.Profile) -> Iterator[Observation]:
    stacks = stacks_of(profile)
    threads, processes = rows(profile.threads), rows(profile.processes)
    samples = pa.table(profile.samples)  # pyright: ignore[reportArgumentType]
    sums = samples.group_by(["stack", "thread", "metric"]).aggregate([("count", "sum"), ("value", "sum")])
    for row in sums.to_pylist():
        if row["metric"] != 0:
            continue
        thread = threads[row["thread"]]
        process = processes[thread["process"]]
        yield Observation(
            stacks(row["stack"]), process["name"], process["pid"], thread["name"], row["count_sum"], row["value_sum"]
        )


def stacks_of(profile: pyrometer.Profile) -> Callable[[int], tuple[Frame, ...]]:
    """From a row of ``stacks`` to its frames, root first."""
    frames = _frames(profile)
    nodes = rows(profile.stacks)

    def path(row: int) -> tuple[Frame, ...]:
        found = []
        at: int | None = row
        while at is not None:
            found.append(frames[nodes[at]["frame"]])
            at = nodes[at]["parent"]
        return tuple(reversed(found))

    return cache(path)


def _frames(profile: pyrometer.Profile) -> list[Frame]:
    functions, binaries = rows(profile.functions), rows(profile.binaries)
    found = []
    for row in rows(profile.frames):
        function = functions[row["function"]]
        binary = "" if row["binary"] is None else binaries[row["binary"]]["path"]
        names = function["name"], function["linkage_name"]
        found.append(Frame(*names, binary, row["address"], row["line"], row["inlined"], row["kind"]))
    return found


#: What follows the call of a thread's function in the C library: `mov rdi, rax; mov eax, SYS_exit; syscall`.
EXIT_OF_A_THREAD = bytes.fromhex("4889c7 b83c000000 0f05")


def reaches_the_start(seen: Observation) -> bool:
    """Whether a stack begins where the kernel starts a program, or where the C library starts a thread.

    Told by the code, not by names, so that it holds without symbols: the function at the entry point of the ELF header,
    or the place from which a thread can only exit. A sample that has no user stack at all (inside ``execve``) is no
    broken stack.
    """
    stack = seen.user_stack
    if not stack:
        return True
    root = stack[0]
    return root.address is not None and (_in_entry_function(root) or _starts_a_thread(root))


def _in_entry_function(frame: Frame) -> bool:
    entry = entry_point(frame.binary)
    return entry is not None and frame.address is not None and entry <= frame.address < entry + 0x40


def _starts_a_thread(frame: Frame) -> bool:
    # A caller's address is one less than its return address.
    return frame.address is not None and code_at(frame.binary, frame.address + 1, 10) == EXIT_OF_A_THREAD


@cache
def entry_point(path: str) -> int | None:
    """``e_entry`` of an ELF file, or ``None`` if there is no such file."""
    header = _read(path, 0, 64)
    return struct.unpack_from("<Q", header, 24)[0] if header[:4] == b"\x7fELF" else None


@cache
def code_at(path: str, address: int, length: int) -> bytes:
    """The bytes that an ELF file has at an address as the file numbers it; empty where it has none."""
    header = _read(path, 0, 64)
    if header[:4] != b"\x7fELF":
        return b""
    (table,), (size, count) = struct.unpack_from("<Q", header, 32), struct.unpack_from("<HH", header, 54)
    segments = _read(path, table, size * count)
    for number in range(count):
        kind, _, offset, start, _, in_file, _, _ = struct.unpack_from("<IIQQQQQQ", segments, number * size)
        if kind == 1 and start <= address < start + in_file:
            return _read(path, offset + address - start, length)
    return b""


def _read(path: str, offset: int, length: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except OSError:
        return b""


class SymbolTable:
    """The symbol table of a binary as ``nm`` reads it: the independent judge of addresses and names."""

    def __init__(self, binary: Path) -> None:
        output = subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
        parts = [line.split() for line in output.splitlines()]
        code = [(int(address, 16), name) for address, kind, name in parts if kind in "tTwWiu"]
        self.address_of = {name: address for address, name in code}
        self.starts = sorted({address for address, _ in code})

    def start_of(self, address: int) -> int:
        """The start of the function that ``address`` lies in."""
        return self.starts[bisect.bisect_right(self.starts, address) - 1]
