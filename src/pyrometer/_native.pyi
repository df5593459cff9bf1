"""The Rust extension. Errors are the classes of `pyrometer.errors`; long calls release the GIL."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, final

from pyrometer.errors import PyrometerError

__version__: str

class Selection(TypedDict):
    """What part of a profile is weighed; empty lists select all, times are nanoseconds after the start."""

    metric: int
    threads: list[int]
    processes: list[int]
    time: tuple[int, int] | None
    focus: list[str]
    exclude: list[str]
    focus_binaries: list[str]
    exclude_binaries: list[str]
    stacks: list[int] | None
    hide: list[str]
    hide_allocators: bool

class Grouping(TypedDict):
    """How frames become nodes."""

    inverted: bool
    fold_generics: bool
    collapse_runtime: bool

@final
class Table:
    """A table: Arrow columns, a stream of batches."""

    name: str
    columns: list[tuple[str, str]]
    def batches(self) -> Iterator[list[list[Any]]]: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class Row:
    """A function or a line (or the edge to one) with its sums."""

    name: str
    binary: str | None
    file: str | None
    line: int | None
    namespace: str | None
    kind: str
    self_value: int
    self_count: int
    total_value: int
    total_count: int
    cycle: int | None

@final
class Neighbours:
    """Functions with their direct callers and callees; an edge's total is what passes over it."""

    self_value: int
    self_count: int
    total_value: int
    total_count: int
    callers: list[Row]
    callees: list[Row]

@final
class AddressCost:
    """The cost of one address, as its binary numbers it (SVMA)."""

    binary: int
    address: int
    self_value: int
    self_count: int
    total_value: int
    total_count: int

TreeRow = tuple[int | None, Row, bool]
"""The index of the parent (always smaller), the node, and if it was inlined."""

@final
class SourceFile:
    """What a source file has."""

    path: str
    self_value: int
    """What ended in all of its lines."""
    def lines(self) -> tuple[list[int], list[int], list[int]]:
        """The lines that have something, in order; what ended in each of them, and what passed through it."""

@final
class Weights:
    """How much each stack weighs in a selection, and every sum of it; values in the metric's unit."""

    value: int
    count: int
    squares: float
    excluded_count: int
    of_calls: bool
    """Totals come from recorded calls in place of stacks."""
    def cycles(self, grouping: Grouping) -> list[tuple[list[str], int]]: ...
    def functions(self, grouping: Grouping) -> list[Row]: ...
    def lines(self, grouping: Grouping) -> list[Row]: ...
    def source_files(self, grouping: Grouping, function: str | None) -> list[SourceFile]:
        """The files of all functions or of one."""

    def call_tree(self, grouping: Grouping, min_share: float, depth: int | None) -> tuple[list[TreeRow], int]: ...
    def neighbours(self, grouping: Grouping, names: Sequence[str]) -> Neighbours: ...
    def addresses(self, names: Sequence[str]) -> list[AddressCost]: ...

Instruction = tuple[int, str, str, str | None, int | None]
"""Address, text, and the innermost function, file and line it was compiled from."""

@final
class Profile:
    """A profile: tables and sums."""

    @staticmethod
    def open(path: str) -> Profile: ...
    @staticmethod
    def build(
        meta: str,
        tables: Mapping[str, str],
        samples: Sequence[tuple[int, int, int | None, int | None, int, int, int]],
    ) -> Profile: ...
    @staticmethod
    def joined(profiles: Sequence[Profile]) -> Profile:
        """One profile of several: what is alike is one row, processes and threads stay apart."""

    def with_meta(self, meta: str) -> Profile:
        """The same profile with another ``meta.json``."""

    def askers(self, metric: int) -> list[int]:
        """For each row of ``stacks`` the one of who asked for memory; it may be itself."""

    def identified(self, started: int) -> Profile:
        """The same with build ids of its binaries' files, if these are older than ``started`` (ns since 1970)."""

    def without_calls(self) -> Profile:
        """The same without the calls between functions."""

    def meta_json(self) -> str: ...
    def sample_count(self) -> int: ...
    def table(self, name: str) -> Table: ...
    def save(self, path: str) -> None: ...
    def weigh(self, selection: Selection) -> Weights: ...
    def stack_values(self, metric: int) -> list[int]: ...
    def estimated(self, selection: Selection) -> Profile | None: ...
    def totals(self) -> list[tuple[int, int]]: ...
    def page(self, base: Profile | None, texts: Sequence[tuple[str, str]]) -> bytes:
        """What the viewer's page reads: columns in one container, with more texts by name.

        With a ``base`` to compare with, its metrics follow those of this profile.
        """

    def page_parts(self, inside: int) -> PageParts | None:
        """What a page asks for bit by bit, if the call tree has more than ``inside`` nodes and no negative value."""

@final
class PageParts:
    """A large profile for a page that asks for what it shows: containers as of :meth:`Profile.page`.

    A metric that there is not gives None.
    """

    def head(self, texts: Sequence[tuple[str, str]]) -> bytes:
        """All but trees: functions, samples without their stacks, series, and texts by name."""

    def whole(self, texts: Sequence[tuple[str, str]]) -> bytes:
        """All of it, with texts by name."""

    def tree(self, metric: int, open: Sequence[int], window: tuple[float, float] | None) -> bytes | None:
        """What of the tree can be seen, all children of the nodes ``open``, and what can be seen in ``window``.

        Nodes are rows of the whole tree; a window is two sums in the metric's unit, from the left.
        """

    def sums(self, metric: int) -> bytes | None:
        """Self, total and room in a flame graph of every function."""

    def neighbours(self, metric: int, function: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]] | None:
        """Callers and callees, each with what passes over the calls, the heaviest first."""

@final
class Recording:
    """A journal on disk that wants to be finished, with the binaries it saw held open."""

    journal: Path
    failure: PyrometerError | None
    def wait(self) -> int | None: ...
    def wanted(self, options: SymbolOptions) -> list[tuple[str, str]]:
        """Build id and path of the binaries whose debug info is not here."""

class Config(TypedDict):
    """What to record, and how; times are seconds."""

    command: list[str]
    pids: list[int]
    rate: int
    events: list[str]
    duration: float | None
    delay: float | None
    journal: Path

class SymbolOptions(TypedDict):
    """Where symbols are kept and looked for, and where the sources of Rust's library are."""

    cache: str | None
    sysroots: list[Path]
    debug_paths: list[Path]
    sysroot: Path | None
    downloads: Path | None
    bundle: bool
    notes: list[str]

class Signals:
    """The signals that a program is told of which we run, until :meth:`close`.

    A :class:`pyrometer.NoRecorderError` on a machine that nothing can be recorded on: who sent one is not known there.
    """

    def __init__(self) -> None: ...
    def fileno(self) -> int:
        """Readable when one has arrived; -1 when they are closed."""

    def next(self) -> tuple[int, bool] | None:
        """The number of the next one that has arrived, and whether it was sent to us alone, not to our group."""

    def close(self) -> None: ...

def require_recording() -> None:
    """Raise :class:`pyrometer.NoRecorderError` on a machine that nothing can be recorded on."""

def probe_events() -> list[tuple[str, int]]:
    """Some events by name, each with the error number of opening it on ourselves, or 0; empty without a recorder."""

def record(config: Config) -> Recording: ...

StatTotal = tuple[str, str, str, int | None, tuple[int, int], str | None]
"""Event, metric, unit, value, nanoseconds enabled and running, and why there is no value or what it leaves out."""

def stat(
    command: Sequence[str], groups: Sequence[Sequence[str]], discard: bool
) -> tuple[list[StatTotal], tuple[int, int, int], int | None, int, bool]:
    """Run a program once and count; ``discard``: what it prints on stdout goes nowhere.

    Totals; wall, user and system time; peak memory in bytes, if it was larger than ours; exit status; whether a signal
    told it to end.
    """

def stat_running(
    pids: Sequence[int], groups: Sequence[Sequence[str]], duration: float | None
) -> tuple[list[tuple[int, list[StatTotal], tuple[int, int] | None, int | None]], int, bool]:
    """Count what processes do that run already, ``duration`` seconds or until they end.

    Of each process its pid, totals, user and system time if it still runs, peak memory in bytes; the length in
    nanoseconds; whether that is shorter than it should be.
    """

def finish(recording: Recording, output: Path, options: SymbolOptions) -> Profile: ...
def recover(journal: Path, output: Path, options: SymbolOptions) -> Profile: ...
def resymbolize(profile: Profile, output: Path, options: SymbolOptions) -> Profile:
    """Look names up again, with files that may not have been there before."""

def wanted(profile: Profile, options: SymbolOptions) -> list[tuple[str, str]]:
    """Build id and path of the binaries whose debug info is not here: what a server may have."""

def disassemble(
    path: str, build_id: str | None, addresses: Sequence[int], options: SymbolOptions
) -> list[tuple[str, list[Instruction]]]: ...
def demangle(name: str, hashes: bool) -> str: ...
def parse_name(name: str, hashes: bool) -> str: ...
def demangle_stream(hashes: bool, json: bool) -> None: ...
def debug_files(path: str, options: SymbolOptions) -> tuple[str | None, bool, list[str]]:
    """Path of its separate debug info; whether a file that it shares with others is missing; what does not fit."""

def inspect(path: str, quick: bool = False) -> str | None:
    """What a binary offers a profiler, as JSON; ``None`` for a file that is no binary.

    ``quick``: without symbols, debug info and code.
    """

def library_source(path: str, options: SymbolOptions) -> tuple[Path | None, str | None] | None:
    """The installed file of a path of Rust's library, or why there is none; ``None`` for other paths."""

def recognise(path: Path) -> str | None:
    """The name of a file's format; ``None`` if it has none that can be read."""

def read_foreign(
    paths: Sequence[Path],
    format: str | None,
    lenient: bool,
    progress: Callable[[int, int], None] | None,
) -> Profile:
    """Read other tools' files into one profile, in memory.

    ``progress`` is told the bytes read of a file and its size; what it raises ends the reading.
    """

def read_perf_data(
    path: Path,
    lenient: bool,
    progress: Callable[[int, int], None] | None,
    options: SymbolOptions,
) -> Profile:
    """Read a file of ``perf record`` into one profile, in memory: unwound, and symbolized with the binaries here."""

class LineRules(TypedDict):
    weights: str
    erase: bool
    prefix: bytes | None
    pattern: str | None
    by: list[str]
    detailed: bool

class Counting:
    """Lines that are being counted, to be looked at from other threads."""

    def __init__(self, rules: LineRules, live: bool) -> None: ...
    def run(self, paths: Sequence[str | Path], input: tuple[int, str] | None, others: int | None) -> None:
        """Count the lines of files and of an open file; those that are not counted go to the open file ``others``."""

    def stop(self) -> None:
        """Make :meth:`run` return soon, with what was read."""

    def progress(self) -> tuple[int, int, float]:
        """Lines read, those not counted, and the sum of the weights."""

    def heaviest(self, most: int) -> list[tuple[str, float]]: ...
    def finish(self) -> Tally:
        """What was counted; nothing is left here."""

class Tally:
    """Keys and their sums by rank: an int each, or a float of fractional weights."""

    lines: int
    left_out: int
    total: float
    def __len__(self) -> int: ...
    def print(self, number: int, most: int | None) -> None:
        """The table, to an open file."""

    def rows(self, start: int, count: int) -> list[tuple[str, float]]: ...
    def spread(self) -> Spread: ...
    def profile(self) -> Profile: ...

class Spread:
    """How the weights of each key are spread."""

    def __len__(self) -> int: ...
    def print(self, number: int, weighted: bool, most: int | None) -> None: ...
    def rows(
        self, start: int, count: int
    ) -> list[tuple[str, int, float, float, float, float, list[float], list[tuple[float, int]]]]:
        """Key, count, sum, least, most, standard deviation, percentiles, histogram."""

    def profile(self) -> Profile: ...

class ExportOptions(TypedDict):
    """What to write, and where."""

    format: str
    path: Path
    title: str
    icicle: bool

def export(profile: Profile, selection: Selection, grouping: Grouping, options: ExportOptions) -> list[str]: ...
def fold_generics(name: str) -> str: ...
