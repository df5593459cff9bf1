"""``pyrometer counts -- PROGRAM``: what a program prints or counts while it runs, its signals, end and terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import programs
from installed import PYROMETER, Run

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
