"""Names: the filter as people use it, and one program under both manglings of Rust."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import programs
from installed import PYROMETER, Record, Run

SYMBOL = "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"


def functions(run_pyrometer: Run, file: Path, *options: str) -> set[str]:
    """The functions of the program itself with more than a hundredth of the samples."""
    shown = run_pyrometer("show", file, "--view", "top", "--by", "total", "--limit", 60, "--format", "json", *options)
    assert shown.returncode == 0, shown.stderr
    rows = json.loads(shown.stdout)["rows"]
    return {
        row["place"]["name"] for row in rows if "manglings" in row["place"]["name"] and row["total"]["share"] > 0.01
    }


def test_both_manglings_give_the_same_functions(recorded: Record, run_pyrometer: Run):
    legacy, v0 = (recorded(programs.rust("manglings", build), rate=4999).path for build in ("legacy", "v0"))
    folded = functions(run_pyrometer, legacy, "--fold-generics")
    assert folded == functions(run_pyrometer, v0, "--fold-generics")
    assert {
        "manglings::generic",
        "manglings::Stack<..>::total",
        "manglings::main::{closure#0}",
        "manglings::main::{closure#1}",
        "<manglings::Square as manglings::Shape>::area",
    } <= folded
    plain, other = (functions(run_pyrometer, file) for file in (legacy, v0))
    alike = {name for name in plain & other if "generic" not in name and "Stack" not in name}
    assert alike == {name for name in plain | other if "generic" not in name and "Stack" not in name}
    assert {"manglings::Square::grow", "manglings::Square::shrink", "manglings::burn"} <= alike


def test_names_as_arguments(run_pyrometer: Run):
    done = run_pyrometer("demangle", SYMBOL, "_ZN2ns1fEi", "_RNvCs1234_7mycrate3foo", "main", "_ZN3fo")
    assert done.stdout.splitlines() == ["core::fmt::Formatter::pad", "ns::f(int)", "mycrate::foo", "main", "_ZN3fo"]
    hashed = run_pyrometer("demangle", "--with-hashes", SYMBOL, "_RNvCs1234_7mycrate3foo")
    assert hashed.stdout.splitlines() == ["core::fmt::Formatter::pad::h0123456789abcdef", "mycrate[3c1c0]::foo"]
    assert run_pyrometer("demangle", "--no-hashes", SYMBOL).stdout == "core::fmt::Formatter::pad\n"


def test_json_is_one_object_a_line(run_pyrometer: Run):
    done = run_pyrometer("demangle", "--format", "json", "_RNCNvCs1234_7mycrate3foo0", "_ZN3fo")
    name, broken = map(json.loads, done.stdout.splitlines())
    assert name["crate"] == {"name": "mycrate", "disambiguator": "3c1c0"}
    assert [segment["kind"] for segment in name["path"]] == ["crate", "function", "closure"]
    assert (broken["scheme"], broken["demangled"], broken["path"]) == (None, "_ZN3fo", [])
    text = f"{SYMBOL} and\n_ZN2ns1fEi, but not main\n"
    found = run_pyrometer("demangle", "--format", "json", input=text)
    assert [json.loads(line)["demangled"] for line in found.stdout.splitlines()] == [
        "core::fmt::Formatter::pad",
        "ns::f(int)",
    ]


def test_bytes_that_are_no_text_pass():
    done = subprocess.run([PYROMETER, "demangle"], input=b"\xff\x00 _ZN2ns1fEi \xfe", capture_output=True, check=True)
    assert done.stdout == b"\xff\x00 ns::f(int) \xfe"
    done = subprocess.run([PYROMETER, "demangle", b"\xff_RNvC1a1b"], capture_output=True, check=True)
    assert done.stdout == b"\xff_RNvC1a1b\n"


def test_a_line_comes_out_while_the_next_is_awaited():
    with subprocess.Popen([PYROMETER, "demangle"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for turn in range(3):
            process.stdin.write(b"%d _ZN2ns1fEi\n" % turn)
            process.stdin.flush()
            assert process.stdout.readline() == b"%d ns::f(int)\n" % turn
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_a_closed_pipe_ends_it():
    script = f"yes {SYMBOL} | {PYROMETER} demangle | head -1; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["core::fmt::Formatter::pad", "141"]
    assert not done.stderr


def test_input_that_cannot_be_read_is_an_error():
    done = subprocess.run(
        ["bash", "-c", f"{PYROMETER} demangle 0> /dev/null"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[0].startswith("error: standard input cannot be read")) == (
        85,
        True,
    )


def test_output_that_cannot_be_written_is_an_error():
    script = f"echo {SYMBOL} | {PYROMETER} demangle > /dev/full"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith("error: standard output")) == (86, True)


def doubled(count: int) -> str:
    """Tuples of two of the tuple before; places are in base 62, less one."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    name = "_RIC0"
    last = "u"
    for _ in range(count):
        at = len(name) - 2
        name += f"T{last}{last}E"
        last = f"B{digits[(at - 1) // 62]}{digits[(at - 1) % 62]}_" if at > 62 else f"B{digits[at - 1]}_"
    return name + "E"


LONG = """
import sys
write = sys.stdout.buffer.write
for _ in range({pieces}):
    write({piece})
"""
PIECES = {
    "one line without a break": 'b"x" * (1 << 20)',
    "names that stand for long ones": f'b"{doubled(12)} "',
    "symbols": f'b"{SYMBOL} " * 10_000',
}


@pytest.mark.parametrize("kind", PIECES)
def test_memory_does_not_grow_with_the_input(kind: str):
    """A gigabyte without a break, and of the others enough to stand for as much."""
    pieces = {"one line without a break": 1024, "names that stand for long ones": 20_000, "symbols": 500}[kind]
    script = LONG.format(pieces=pieces, piece=PIECES[kind])
    command = f"{sys.executable} -c '{script}' | {PYROMETER} demangle | wc -c"
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))  # noqa: E731
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, preexec_fn=limit, check=True)
    assert not done.stderr
    if kind.startswith("one"):
        assert int(done.stdout) == 1 << 30
    if kind.startswith("names"):
        assert int(done.stdout) > 300 << 20


BOMBS = {
    "v0, exponential": doubled(60),
    "v0, deep": "_RMC0" + "R" * 60_000 + "u",
    "v0, punycode": "_RNvC1au60000_" + "a9" * 30_000,
    "legacy, many components": "_ZN" + "1a" * 30_000 + "17h0123456789abcdefE",
    "C++, exponential": "_Z1fSt4pairIiiE" + "".join(f"St4pairIS{at}_S{at}_E" for at in "0123456789ABCDEFGHIJKLMN"),
    "C++, deep": "_Z1f" + "P" * 60_000 + "i",
    "C++, deep expression": "_Z1fIX" + "ad" * 30_000 + "E",
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_names_end(kind: str, form: str):
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))  # noqa: E731
    command = [PYROMETER, "demangle", "--format", form]
    bomb = BOMBS[kind]
    for options in ({"args": [*command, bomb], "input": ""}, {"args": command, "input": f"{bomb} " * 50}):
        done = subprocess.run(**options, capture_output=True, text=True, preexec_fn=limit, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout) < 50 * 3 * 70_000
