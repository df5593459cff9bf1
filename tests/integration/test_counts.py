"""``pyrometer counts``: what it prints is what the program ``counts`` prints, to the byte."""

import gzip
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
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
        (["--match", "("], b"", "is no regular expression"),
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


PRINTS = """
import sys
for number in range(10):
    print(f"ID: read;decode {number}", file=sys.stderr)
print("a warning", file=sys.stderr)
print("a result")
sys.exit(7)
"""


def test_what_a_program_prints(run_pyrometer: Run, tmp_path: Path):
    profile = tmp_path / "x.pyro"
    done = run_pyrometer("counts", "-i", "-e", "--prefix", "ID:", "-o", profile, "--", sys.executable, "-c", PRINTS)
    assert done.returncode == 7
    assert done.stdout == "a result\n"
    lines = done.stderr.splitlines()
    assert lines == [
        "a warning",
        "45 counts (weighted integral, erased)",
        "(  1)       45 (100.0%,100.0%): read;decode NNN",
    ]
    # Stacks, and both metrics, in every view.
    tree = json.loads(run_pyrometer("show", profile, "--view", "tree", "--metric", "weight", "--format", "json").stdout)
    assert [node["place"]["name"] for node in tree["tree"]] == ["read", "decode NNN"]
    folded = tmp_path / "x.folded"
    run_pyrometer("export", profile, "--to", "folded", "-o", folded)
    assert "read;decode NNN 10" in folded.read_text().splitlines()


def test_a_program_goes_on_when_its_lines_cannot_be_counted(run_pyrometer: Run):
    """More than a pipe holds, after a line that is no text."""
    program = (
        "import os, sys\n"
        "os.write(2, b'bad \\xff\\n')\n"
        "for _ in range(300):\n"
        "    os.write(2, b'x' * 9_999 + b'\\n')\n"
        "print('done')\n"
        "os.write(2, b'the last line\\n')\n"
    )
    done = run_pyrometer("counts", "--", sys.executable, "-c", program, timeout=60, encoding="latin-1")
    assert (done.returncode, done.stdout) == (117, "done\n")
    assert done.stderr.startswith("bad \xff\nxxx")
    assert "line 1: not valid UTF-8" in done.stderr
    assert "the last line\n" in done.stderr


def test_a_program_goes_on_when_its_other_lines_cannot_be_written():
    program = "import os\nfor _ in range(300):\n    os.write(2, b'x' * 9_999 + b'\\n')\nprint('done')\n"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PYROMETER, "counts", "--prefix", "ID:", "--", sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (86, b"done\n")


def test_no_standard_input():
    command = f"'{PYROMETER}' counts <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 counts\n", "")


def test_what_a_program_counts_in_itself(run_pyrometer: Run, tmp_path: Path):
    source = '#include <pyrometer/counts.h>\nint main(void) { PYROMETER_COUNT("read;decode"); return 3; }\n'
    program, profile = tmp_path / "program", tmp_path / "x.pyro"
    compiler = ["gcc", f"-I{programs.ROOT / 'include'}", "-xc", "-", "-o", program]
    subprocess.run(compiler, input=source, text=True, check=True)
    done = run_pyrometer("counts", "--inside", "-o", profile, "--", program)
    assert (done.returncode, done.stdout) == (3, "")
    assert "count 1" in done.stderr
    top = json.loads(run_pyrometer("show", profile, "--format", "json").stdout)
    assert "decode" in json.dumps(top)


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


COUNTED_UNTIL = """
import signal, sys, time
signal.signal(signal.{name}, {handler})
print("a", "a", "b", sep="\\n", file=sys.stderr, flush=True)
print("ready", flush=True)
while True:
    time.sleep(1)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(("handler", "status"), [("signal.SIG_DFL", None), ("lambda *_: sys.exit(42)", 42)])
def test_a_signal_to_us_is_the_programs_and_the_table_stands(name: str, handler: str, status: int | None):
    program = COUNTED_UNTIL.format(name=name, handler=handler)
    command = [PYROMETER, "counts", "--", sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=60) == (-getattr(signal, name) if status is None else status)
        said = process.stderr.read().splitlines()
    assert said[:3] == ["3 counts", "(  1)        2 (66.7%, 66.7%): a", "(  2)        1 (33.3%,100.0%): b"]
    assert said[3] == "interrupted: these are the lines until then"


def test_a_signal_to_us_ends_a_program_that_counts_in_itself():
    script = "trap 'exit 42' INT; echo ready; while :; do sleep 0.1; done"
    command = [PYROMETER, "counts", "--inside", "--", "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert "it ended with status 42" in process.stderr.read()


def test_what_is_behind_an_uncountable_line_is_passed_on(run_pyrometer: Run):
    lines = "ID: a 1\nother\nID: b 99999999999999999999\nID: c 2\nlast\nbegun"
    program = f"import os; os.write(2, {lines.encode()!r}); os.write(2, b' later\\n'); raise SystemExit(3)"
    done = run_pyrometer("counts", "-i", "--prefix", "ID:", "--", sys.executable, "-c", program)
    assert done.returncode == 117
    assert done.stderr.startswith(f"{lines.partition(chr(10))[2]} later\nerror: ")
    assert "the program itself ended with exit status 3" in done.stderr


def test_the_exit_status_is_the_programs_though_nobody_reads_the_table():
    program = "import sys; sys.stderr.write('a\\n' * 100_000); sys.stderr.close(); raise SystemExit(3)"
    command = [PYROMETER, "counts", "--prefix", "b", "--", sys.executable, "-c", program]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr
        process.stderr.close()
        assert process.wait(timeout=60) == 3


def on_a_terminal(*arguments: str | Path) -> tuple[int, bytes]:
    """The exit status of ``pyrometer counts`` on a terminal, and all that was written there."""
    leader, follower = pty.openpty()
    command = [PYROMETER, "counts", *arguments]
    with subprocess.Popen(command, stdout=follower, stderr=follower, env=os.environ | {"TERM": "xterm"}) as process:
        os.close(follower)
        seen = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
    os.close(leader)
    return process.returncode, seen


def test_live_on_a_terminal():
    """Other lines pass, the heaviest are drawn, and the table stands at the end."""
    program = (
        "import sys, time\n"
        "for number in range(3):\n"
        "    print('ID: hot', file=sys.stderr, flush=True)\n"
        "    print('other', number, file=sys.stderr, flush=True)\n"
        "    time.sleep(0.4)\n"
    )
    status, seen = on_a_terminal("--prefix", "ID:", "--live", "--", sys.executable, "-c", program)
    assert status == 0
    assert b"lines, " in seen
    assert all(f"other {number}".encode() in seen for number in range(3))
    assert b"3 counts\r\n(  1)        3 (100.0%,100.0%): hot\r\n" in seen


def left_on_the_screen(written: bytes) -> list[str]:
    """The lines of a terminal that knows what drawing uses: beginnings of lines, going up, and erasing a line."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written.decode()):
        if token == "\r":
            column = 0
        elif token == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif token.startswith("\x1b"):
            row -= int(token[2:-1] or 1) if token.endswith("A") else 0
            lines[row] = "" if token == "\x1b[2K" else lines[row]
        else:
            lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + len(token) :]
            column += len(token)
    return [line for line in lines if line]


def test_on_a_terminal_nothing_draws_over_the_output_of_the_program():
    program = (
        "import sys, time\n"
        "for number in range(3):\n"
        "    print('ID: hot', file=sys.stderr, flush=True)\n"
        "    time.sleep(0.4)\n"
        "    print('result', number, sys.stdout.isatty())\n"
        "print('the end', end='')\n"
    )
    status, seen = on_a_terminal("--prefix", "ID:", "--live", "--", sys.executable, "-c", program)
    assert status == 0
    assert b"lines, " in seen
    assert left_on_the_screen(seen) == [
        *(f"result {number} True" for number in range(3)),
        "the end",
        "3 counts",
        "(  1)        3 (100.0%,100.0%): hot",
    ]


def test_a_question_of_the_program_is_seen_before_its_line_ends():
    program = (
        "import sys, time\n"
        "print('ID: hot', file=sys.stderr, flush=True)\n"
        "print('Go on? ', end='', flush=True)\n"
        "time.sleep(1.5)\n"
        "print('asked')\n"
    )
    status, seen = on_a_terminal("--prefix", "ID:", "--live", "--", sys.executable, "-c", program)
    assert status == 0
    assert seen.index(b"Go on? ") < seen.index(b"asked")
    assert b"Go on? asked" in seen
    assert left_on_the_screen(seen)[0] == "Go on? asked"


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
