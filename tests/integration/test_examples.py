"""The programs with known answers are honest: perf sees the shares that they print."""

import re
import subprocess
from pathlib import Path

import pytest

import perf
import programs
from answers import binomial_interval, read_answer

needs_perf = pytest.mark.skipif(perf.why_missing() is not None, reason=perf.why_missing() or "")


def plain_name(symbol: str) -> str:
    """A function's own name: ``alpha`` of C's ``alpha`` and of Rust's ``_ZN12known_shares5alpha17h…E``."""
    mangled = re.fullmatch(r"_ZN.*?(?P<name>[a-z_]+)17h[0-9a-f]{16}E", symbol)
    return mangled["name"] if mangled else symbol


@needs_perf
@pytest.mark.parametrize("language", ["rust", "c"])
def test_perf_sees_the_shares_that_the_program_prints(language: str, tmp_path: Path):
    program = programs.rust("known_shares") if language == "rust" else programs.c("known_shares")
    data = tmp_path / "perf.data"
    done = subprocess.run([*perf.record_command(data, 999), program, "4"], capture_output=True, text=True, check=True)
    answer = read_answer(done.stdout)
    counts = perf.self_counts(data)
    seen: dict[str, int] = {}
    for symbol, count in counts.items():
        seen[plain_name(symbol)] = seen.get(plain_name(symbol), 0) + count
    total = sum(counts.values())
    # Without inlined frames the inlined function's time is its callers'.
    expected = {name: answer.total_share(name) for name in answer.total_ns if name != "inlined_kernel"}
    for name, share in expected.items():
        low, high = binomial_interval(share, total)
        assert low <= seen[name] <= high, f"{name}: {seen[name]} of {total} samples, expected {share:.3%}"


@pytest.mark.parametrize("build", programs.RUST_BUILDS)
def test_every_build_runs_and_reports(build: str):
    output = subprocess.run([programs.rust("known_shares", build), "0.2"], capture_output=True, text=True, check=True)
    answer = read_answer(output.stdout)
    assert set(answer.self_ns) == {
        *("alpha", "beta", "inlined_kernel", "recurse", "left_work", "right_work", "child_work")
    }
    assert answer.whole_ns >= 0.2e9


def linker_comment(program: Path) -> str:
    """What compilers and linkers have written into ``.comment``; GNU ld writes nothing."""
    return subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("build", "name"), [("lld", "Debian LLD"), ("mold", "mold")])
def test_the_chosen_linker_has_linked(build: str, name: str):
    assert name in linker_comment(programs.rust("known_shares", build))


def test_the_bfd_build_is_not_linked_by_the_default_lld():
    comment = linker_comment(programs.rust("known_shares", "bfd"))
    assert "rustc" in comment
    assert "LLD" not in comment


def test_a_stripped_build_has_no_symbols():
    program = programs.rust("known_shares", "stripped")
    sections = subprocess.run(["readelf", "-SW", program], capture_output=True, text=True, check=True).stdout
    assert ".symtab" not in sections
    assert ".eh_frame" in sections
