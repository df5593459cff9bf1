"""Large texts of ``perf script``: of real programs that are recorded here, each with several inputs.

Each recording is of another process, so that no address comes again in another, and with copied stacks, which perf
unwinds in code without frame pointers too. Recordings are made until the text is large enough.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.process import ROOT, WORK, RunError

RATE = 4_999
STACK = 16_384
"""Bytes of each stack that are copied."""
Command = list[str]


def commands() -> Iterator[Command]:
    """Programs with inputs, without an end."""
    rg = str(ROOT / "build" / "ripgrep" / "bin" / "rg")
    sources = str(Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry" / "src")
    crates = sorted(path for path in Path(sources).glob("*/*") if (path / "src" / "lib.rs").exists())
    patterns = [r"\w+", "sherlock|holmes", r"fn \w+\(", "(?i)unsafe", r"[a-z]+_[a-z]+", r"^\s*//.*the"]
    # Not /dev/null: as root, compilers put a file in its place.
    discarded = str(WORK / "discarded")
    modules = ["json.tool", "compileall", "tokenize", "ast"]
    for turn in itertools.count():
        crate = crates[turn * 7 % len(crates)]
        source = str(crate / "src" / "lib.rs")
        yield ["rustc", "--edition=2021", "--crate-type=lib", "-O", "--emit=metadata", "-o", discarded, source]
        yield [rg, "--count-matches", patterns[turn % len(patterns)], sources]
        yield [sys.executable, "-m", modules[turn % len(modules)], "-h" if turn % 4 == 0 else source]
        yield ["gcc", "-O2", "-xc", "-c", "-o", discarded, str(_c_source(turn))]
        yield ["perf", "script", "--no-inline", "-i", str(WORK / "before.data")]


def _c_source(turn: int) -> Path:
    """A source that gcc has some work with, another each time."""
    path = WORK / "text.c"
    functions = range(400)
    body = "".join(
        f"int f{turn}_{at}(int *a, int n) {{ int s = {at}; for (int i = 0; i < n; i++) "
        f"s += a[i] * {at + turn} ^ (s >> {at % 7}); switch (s % {3 + at % 9}) {{ case 1: return s; "
        f"case 2: return f{turn}_{at - 1 if at else 0}(a + 1, n - 1); default: return n; }} }}\n"
        for at in functions
    )
    path.write_text(body)
    return path


def write(path: Path, size: int) -> None:
    """Writes a text of at least ``size`` bytes.

    Raises:
        RunError: perf cannot record here.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    data = WORK / "text.data"
    with unfinished.open("wb") as out:
        for command in commands():
            _record(command, data)
            subprocess.run(_script(data), stdout=out, stderr=subprocess.DEVNULL, check=False)
            data.rename(WORK / "before.data")
            if out.tell() >= size:
                break
    unfinished.rename(path)


def _record(command: Sequence[str], data: Path) -> None:
    options = ["--quiet", "-F", str(RATE), "--call-graph", f"dwarf,{STACK}", "-o", str(data)]
    done = subprocess.run(["perf", "record", *options, "--", *command], capture_output=True, check=False)
    if not data.exists():
        raise RunError(f"perf cannot record here: {done.stderr.decode()[-200:]}")


def _script(data: Path) -> list[str]:
    return ["perf", "script", "--no-inline", "-i", str(data)]
