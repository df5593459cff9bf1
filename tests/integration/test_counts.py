"""``pyrometer counts``: what it prints is what the program ``counts`` prints, to the byte."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import programs
from installed import PYROMETER, Run
from pyrometer import native
from pyrometer.collect.lines import LineRules, Weights
from pyrometer.errors import CountedLinesError

INPUTS = 2400
MODES: dict[str, tuple[Weights, bool]] = {
    "": ("unit", False),
    "-e": ("unit", True),
    "-i": ("integral", False),
    "-w": ("integral", False),
    "-i -e": ("integral", True),
    "-f": ("fractional", False),
    "-f -e": ("fractional", True),
    "-f -i": ("integral", False),
}


@pytest.fixture(scope="module")
def counts() -> Path:
    return programs.counts()


def printed(path: Path, weights: Weights, erase: bool) -> bytes:
    counting = LineRules(weights, erase).counting(live=False)
    counting.run([path], None, None)
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        counting.finish().print(write, None)
        os.close(write)
        return reader.read()


def texts(number: int) -> Iterator[bytes]:
    chance = random.Random(5)
    numbers = ["0", "1", "-1", "+7", "12", "-0", "0.5", "-0.0", "1.2.3", "007", "3.", ".5", "1e5", "--4", "1+2"]
    large = ["4611686018427387904", "-9223372036854775808", "9223372036854775807", "99999999999999999999", "9" * 40]
    words = ["a", "b", "ab", "é", "日本", "x y", "", " ", "\t", "%", "(41.3%)", "NNN", "a;b", "\0", "\r", "-"]
    for index in range(number):
        pool = words + numbers * (index % 3) + (large if index % 29 == 0 else [])
        ends = ["\n"] if index % 4 else ["\n", "\r\n"]
        lines = [
            "".join(chance.choice(pool) for _ in range(chance.randrange(4))) + chance.choice(ends)
            for _ in range(chance.randrange(12))
        ]
        text = "".join(lines)
        data = (text.removesuffix("\n") if index % 5 == 0 else text).encode()
        if index % 41 == 0:
            at = chance.randrange(len(data) + 1)
            data = data[:at] + b"\xc3" + data[at:]
        yield data


def expected_sums(data: bytes, erase: bool) -> dict[str, int]:
    """What the sums of whole weights are, of any size."""
    sums: dict[str, int] = {}
    for line in data.decode().removesuffix("\n").split("\n") if data else []:
        found = re.search(r"([+-]?[0-9]+)([^0-9]*)$", line)
        weight = int(found[1]) if found else 1
        key = line[: found.start()] + "NNN" + found[2] if found and erase else line
        sums[key] = sums.get(key, 0) + weight
    return sums


def test_generated_inputs(counts: Path, tmp_path: Path):
    path = tmp_path / "lines"
    compared = wrapped = refused = 0
    for index, data in enumerate(texts(INPUTS)):
        options = list(MODES)[index % len(MODES)]
        weights, erase = MODES[options]
        path.write_bytes(data)
        theirs = subprocess.run([counts, *options.split(), path], capture_output=True, check=False)
        if theirs.returncode == 1:
            with pytest.raises(CountedLinesError):
                printed(path, weights, erase)
            refused += 1
            continue
        ours = printed(path, weights, erase)
        sums = expected_sums(data, erase) if weights == "integral" else {}
        if theirs.returncode or any(abs(each) >= 2**63 for each in [sum(sums.values()), *sums.values()]):
            # It panics, or its sums wrap.
            rows = re.findall(rb"^\( *\d+\) +(-?\d+) \([^)]*\): (.*?)\n(?=\( *\d+\) |\Z)", ours, re.M | re.S)
            assert {key.decode(): int(value) for value, key in rows} == sums, data
            wrapped += 1
            continue
        assert ours == theirs.stdout, (options, data)
        compared += 1
    assert compared >= 2000
    assert wrapped >= 5
    assert refused >= 20


@pytest.mark.parametrize("options", list(MODES))
def test_large_inputs(counts: Path, tmp_path: Path, run_pyrometer: Run, options: str):
    """Long enough for several threads and tables: few keys, many keys, and both after another."""
    chance = random.Random(1)
    few = [f"few {chance.randrange(300)} x{chance.randrange(9)}.{chance.randrange(99)}" for _ in range(30_000)]
    many = [f"{chance.getrandbits(60):x} {number}.25" for number in range(120_000)]
    path = tmp_path / "large"
    path.write_text("\n".join(few + many + few + many[::3]) + "\n" + "y" * 3_000_000 + " 5")
    theirs = subprocess.run([counts, *options.split(), path, path], capture_output=True, check=True)
    ours = run_pyrometer("counts", *options.split(), path, path, text=False)
    assert (ours.returncode, ours.stderr) == (0, b"")
    assert ours.stdout == theirs.stdout


def test_streams_and_packed_files(counts: Path, tmp_path: Path, run_pyrometer: Run):
    data = b"a 3\nb 4\na 3\nno end 9"
    theirs = subprocess.run([counts, "-i"], input=data * 2, capture_output=True, check=True).stdout
    assert run_pyrometer("counts", "-i", text=False, input=data * 2).stdout == theirs
    packed = tmp_path / "lines.gz"
    packed.write_bytes(gzip.compress(data * 2))
    assert run_pyrometer("counts", "-i", packed, text=False).stdout == theirs


def test_nothing(run_pyrometer: Run):
    assert run_pyrometer("counts", input="").stdout == "0 counts\n"


@pytest.mark.parametrize(
    ("arguments", "data", "said"),
    [
        ([], b"good\nbad \xff\n", "standard input, line 2: not valid UTF-8 (byte 5 of the line)"),
        (["-i"], b"a\nb 9223372036854775808\n", "line 2: the integral weight 9223372036854775808 exceeds 64 bits"),
        (["nowhere"], b"", "nowhere: cannot be read: No such file or directory"),
        (["."], b"", "Is a directory"),
        (["-x"], b"", "No such option '-x'"),
        (["--match", "("], b"", "`(` is no regular expression: unclosed group\ntry: put a backslash"),
        (["-e", "--by", "1"], b"", "-e erases from whole lines"),
        (["--by", "0"], b"", "1 the first, -1 the last"),
        (["--by", ""], b"", "1 the first, -1 the last"),
        (["--"], b"", "Give a program after --"),
        (["--inside", "--stats", "--", "true"], b"", "--inside gives a summary"),
        (["--inside"], b"", "--inside needs a program"),
        (["--inside", "--", "true"], b"", "the program counted nothing"),
    ],
)
def test_what_cannot_be_counted(tmp_path: Path, arguments: list[str], data: bytes, said: str):
    done = subprocess.run([PYROMETER, "counts", *arguments], input=data, capture_output=True, cwd=tmp_path, check=False)
    assert said in done.stderr.decode()
    assert done.stdout == b""
    own = 117 if "error: " in done.stderr.decode() else 1
    assert done.returncode == {"(": 88, "true": 116 if own == 117 else 1}.get("".join(arguments[-1:]), own)
    assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_no_failure(tmp_path: Path):
    path = tmp_path / "lines"
    path.write_text("".join(f"{number}\n" for number in range(200_000)))
    command = f"set -o pipefail; '{PYROMETER}' counts '{path}' | head -2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("200000 counts\n")


def test_no_standard_input():
    command = f"'{PYROMETER}' counts <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 counts\n", "")


def test_diff(run_pyrometer: Run, tmp_path: Path):
    for name, data in (("before", "a\nb\nb\n"), ("after", "a\na\na\nb\nb\n")):
        run_pyrometer("counts", "-o", tmp_path / f"{name}.pyro", input=data)
    done = run_pyrometer("diff", tmp_path / "before.pyro", tmp_path / "after.pyro", "--format", "json")
    rows = {row["name"]: (row["before"], row["after"]) for row in json.loads(done.stdout)["rows"]}
    assert rows["a"] == (1, 3)


def test_distributions(run_pyrometer: Run):
    data = "".join(f"size {number}\n" for number in range(1, 101)) + "other 7\n"
    found = json.loads(run_pyrometer("counts", "--stats", "--format", "json", input=data).stdout)
    first = found["rows"][0]
    assert (first["key"], first["value"], first["spread"]["mean"]) == ("size NNN", 5050, 50.5)
    assert first["spread"]["percentiles"] == {"p25": 25, "p50": 50, "p75": 75, "p90": 90, "p99": 99}
    assert first["spread"]["histogram"] == [[1, 1], [2, 2], [4, 4], [8, 8], [16, 16], [32, 32], [64, 37]]
    text = run_pyrometer("counts", "--stats", input=data).stdout
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "▁▁▁▂▄▇█ size NNN" in text
    bars = run_pyrometer("counts", "--histogram", "--top", "1", input=data).stdout.splitlines()
    assert bars[0] == "size NNN: 100 events, sum 5,050, mean 50.5"
    assert bars[-1] == f"[64, 128) 37 {'█' * 40}"


def test_both_views(run_pyrometer: Run):
    done = run_pyrometer("counts", "--both", input="a 1\na 1\nb 9\n")
    assert done.stdout == (
        "3 counts\n(  1)        2 (66.7%, 66.7%): a 1\n(  2)        1 (33.3%,100.0%): b 9\n\n"
        "11 counts (weighted integral)\n(  1)        9 (81.8%, 81.8%): b 9\n(  2)        2 (18.2%,100.0%): a 1\n"
    )


def test_fields_and_groups(run_pyrometer: Run):
    data = "alloc size=16 in push\nfree size=16 in pop\nalloc size=32 in push\nnoise\n"
    by = run_pyrometer("counts", "--by", "size", "--prefix", "alloc", "-i", "--format", "csv", input=data)
    assert by.stdout.splitlines()[1:] == [
        "1,32,0.6666666666666666,0.6666666666666666,32",
        "2,16,0.3333333333333333,1.0,16",
    ]
    assert by.stderr == "2 of 4 lines do not begin with 'alloc', and were not counted\n"
    match = run_pyrometer("counts", "-i", "--match", r"(\w+) size=(?<weight>\d+)", "--top", "1", input=data)
    assert match.stdout.splitlines() == ["64 counts (weighted integral)", "(  1)       48 (75.0%, 75.0%): alloc"]
    assert "1 of 4 lines do not match" in match.stderr


def test_a_group_named_weight_weighs(run_pyrometer: Run, tmp_path: Path):
    profile = tmp_path / "x.pyro"
    match = ("--match", r"(\w+) (?<weight>[\d.]+)ms", "-o", profile)
    data = "read 5ms\nread 2.5ms\nnoise\n"
    whole = run_pyrometer("counts", *match, input=data.replace("2.5", "2"))
    assert whole.stdout == "7 counts (weighted integral)\n(  1)        7 (100.0%,100.0%): read\n"
    assert "weight" in run_pyrometer("show", profile, "--view", "summary").stdout
    fractions = run_pyrometer("counts", "-f", *match, input=data)
    assert fractions.stdout.startswith("7.5 counts (weighted fractional)\n")


def test_other_lines_need_be_no_text():
    data = b"ID: a\ncaf\xe9\nID: a\n"
    done = subprocess.run([PYROMETER, "counts", "--prefix", "ID:"], input=data, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"2 counts\n(  1)        2 (100.0%,100.0%): a\n")
    assert done.stderr == b"1 of 3 lines do not begin with 'ID:', and were not counted\n"


def test_numbers_that_are_not_finite(run_pyrometer: Run):
    """JSON has no word for them, and a picture no room for all bars between them."""
    large = "9" * 400
    data = f"a {large}\na -{large}\na 1\n"

    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = run_pyrometer("counts", "-f", "--stats", "--format", "json", input=data).stdout
    found = json.loads(text, parse_constant=refuse)
    assert (found["total"], found["rows"][0]["spread"]["percentiles"]["p50"]) == (None, 1.0)
    bars = run_pyrometer("counts", "-f", "--histogram", input=data).stdout.splitlines()
    assert len(bars) < 10
    assert sum("bars without any" in bar for bar in bars) == 2


def test_the_bars_of_large_weights_fit_the_terminal(run_pyrometer: Run):
    data = "".join(f"a {2**power}\n" for power in range(0, 63, 7)) + "a -1000000000000000\n" * 1000
    bars = run_pyrometer("counts", "--histogram", input=data).stdout.splitlines()
    assert all(len(bar) <= 80 for bar in bars)


def test_weights_below_zero_are_in_every_view(run_pyrometer: Run, tmp_path: Path):
    before, after = tmp_path / "before.pyro", tmp_path / "after.pyro"
    run_pyrometer("counts", "-i", "-e", "-o", before, input="freed;pool -40\nallocated 30\n")
    run_pyrometer("counts", "-i", "-e", "-o", after, input="allocated 30\n")

    def shown(*arguments: str | Path) -> str:
        return run_pyrometer(*arguments, "--metric", "weight").stdout

    top = json.loads(shown("show", before, "--format", "json"))
    rows = [(row["place"]["name"], row["self"]["value"]) for row in top["rows"]]
    assert rows == [("pool NNN", -40), ("allocated NNN", 30)]
    tree = json.loads(shown("show", before, "--view", "tree", "--format", "json"))
    assert {node["place"]["name"] for node in tree["tree"]} >= {"freed", "pool NNN", "allocated NNN"}
    difference = json.loads(shown("diff", before, after, "--format", "json"))
    assert [(row["name"], row["before"]) for row in difference["rows"]] == [("pool NNN", -40)]
    several = run_pyrometer("show", before, "--metric", "all").stdout
    assert "-40" in several
    done = run_pyrometer("export", before, "--to", "folded", "--metric", "weight", "-o", tmp_path / "x.folded")
    assert "1 stacks with negative values" in done.stderr


def test_the_summary_of_counted_lines(run_pyrometer: Run, tmp_path: Path):
    run_pyrometer("counts", "-o", tmp_path / "x.pyro", input="a\n")
    assert run_pyrometer("show", tmp_path / "x.pyro", "--view", "summary").stdout.startswith("counts · counted lines\n")


@pytest.mark.parametrize("form", ["text", "json", "csv", "md"])
def test_a_full_disk(form: str):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PYROMETER, "counts", "--format", form],
            input=b"a\n",
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 86
    assert b"cannot be written: No space left on device" in done.stderr


def test_interrupted_work_keeps_what_it_has():
    with subprocess.Popen(
        [PYROMETER, "counts"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"a\na\nb\nnot wh")
        process.stdin.flush()
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().startswith(b"3 counts\n")
        assert process.stderr.read() == b"interrupted: these are the lines until then\n"
        process.stdin.close()
    assert process.returncode == 130


def test_live_counts_are_seen_while_lines_come(tmp_path: Path):
    counting = LineRules().counting(live=True)
    read, write = os.pipe()
    done = []

    def run() -> None:
        counting.run([], (read, "lines"), None)
        done.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    os.write(write, b"a\nb\na\npart")
    deadline = time.monotonic() + 20
    while counting.progress()[0] < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert counting.heaviest(5) == [("a", 2), ("b", 1)]
    assert not done
    os.close(write)
    thread.join()
    os.close(read)
    assert isinstance(counting.finish(), native.Tally)
