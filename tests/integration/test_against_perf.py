"""perf and Pyrometer sample the same run at the same time, and see the same functions."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

import perf
import programs
from answers import wilson
from installed import PYROMETER
from recordings import Recorded, SymbolTable

# Two recordings are of the same only if nothing else takes turns with them.
pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(perf.why_missing() is not None, reason=perf.why_missing() or ""),
]

RATE = 1_999


def record_with_both(folder: Path, program: Path, *arguments: str) -> tuple[Path, Recorded]:
    """One run of a program under both: perf records Pyrometer with all its children, the program among them."""
    data, path = folder / "perf.data", folder / "both.pyro"
    ours = [str(PYROMETER), "record", "--no-summary", "--rate", str(RATE), "-o", str(path), "--", str(program)]
    command = [*perf.record_command(data, RATE), *ours, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return data, Recorded(path, done.returncode, done.stdout, done.stderr)


def ours_by_symbol(recording: Recorded, program: Path, symbols: SymbolTable) -> Counter[int]:
    """Our samples in user space, by the start of the function in the program's symbol table."""
    counts: Counter[int] = Counter()
    for seen in recording.observations:
        leaf = seen.stack[-1]
        if not seen.in_kernel and leaf.binary == str(program) and leaf.address is not None:
            counts[symbols.start_of(leaf.address)] += seen.count
    return counts


def perf_by_symbol(data: Path, program: Path, symbols: SymbolTable) -> Counter[int]:
    """perf's samples, by the same."""
    counts: Counter[int] = Counter()
    for name, count in perf.self_counts(data, program.name).items():
        if name in symbols.address_of:
            counts[symbols.address_of[name]] += count
    return counts


CASES = {
    "ripgrep": lambda: (programs.ripgrep(), "-uuu", "--count-matches", r"\w+", *[str(programs.crate_sources())] * 2),
    "allocator": lambda: (programs.rust("allocator"), "600"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_ten_hottest_functions_agree(case: str, tmp_path: Path):
    program, *arguments = CASES[case]()
    data, recording = record_with_both(tmp_path, program, *arguments)
    symbols = SymbolTable(program)
    ours, theirs = ours_by_symbol(recording, program, symbols), perf_by_symbol(data, program, symbols)
    our_total, their_total = sum(ours.values()), sum(theirs.values())
    names = {address: name for name, address in symbols.address_of.items()}
    assert their_total > 1_000
    for address, count in theirs.most_common(10):
        low, high = wilson(count, their_total)
        our_low, our_high = wilson(ours[address], our_total)
        assert our_low <= high, f"{names[address]}: {ours[address]} of {our_total}, perf {count} of {their_total}"
        assert low <= our_high, f"{names[address]}: {ours[address]} of {our_total}, perf {count} of {their_total}"


def test_names_and_addresses_are_those_of_the_symbol_table(tmp_path: Path):
    program = programs.rust("allocator")
    _, recording = record_with_both(tmp_path, program, "100")
    symbols = SymbolTable(program)
    ours = {
        (frame.linkage_name, symbols.start_of(frame.address))
        for seen in recording.observations
        for frame in seen.stack
        if frame.binary == str(program) and not frame.inlined and frame.address is not None
    }
    # The debug info may name a function that the compiler has merged into another one: then no symbol has that name.
    known = {(name, start) for name, start in ours if name in symbols.address_of}
    assert len(known) >= 0.8 * len(ours) > 10
    assert [(name, start) for name, start in known if symbols.address_of[name] != start] == []
