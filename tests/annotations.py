"""What ``cg_annotate`` and ``callgrind_annotate`` print, as numbers: by function, by line, by call.

Both print source only where they find it. They are given stand-ins for the files that this machine lacks, so that every
line is compared, not only those of our own program.
"""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Values = tuple[int, ...]
_NUMBER = r"([\d,]+|-[\d,]+|\.)"
_RULE = "-" * 80


K = TypeVar("K")


@dataclass
class Annotation:
    """What was printed: values in the order of the events."""

    events: list[str]
    totals: Values = ()
    functions: dict[str, Values] = field(default_factory=dict)
    """By ``file:function``."""
    lines: dict[tuple[str, int], Values] = field(default_factory=dict)
    """By file and line; line 0: those that are not known."""
    calls: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    """How often, by file and line of the call and ``file:function`` of the callee."""


def annotate(tool: str, data: Path, folder: Path, lines: bool = True) -> Annotation:
    """Run a tool in a folder of its own, with a stand-in for each file of source that is not there.

    Without ``lines`` only totals and functions: callgrind_annotate stumbles over files without any line.
    """
    text = data.read_text(errors="replace")
    sources, empty = folder / "sources", folder / "empty"
    empty.mkdir(parents=True, exist_ok=True)
    files = set(re.findall(r"^(?:fl|fi|fe|cfi|cfl|jfi)=(?:\(\d+\) ?)?(.+)$", text, re.MULTILINE))
    for name in files - {"???"}:
        stand_in(Path(name) if name.startswith("/") else sources / name)
    # Those of Valgrind 3.19 differ: share of the total below which nothing is shown, or up to which all is.
    own = {"cg_annotate": ["--threshold=0", f"-I{sources}"]}
    own["callgrind_annotate"] = ["--threshold=100", f"--include={sources}"]
    options = [*own[tool], f"--auto={'yes' if lines else 'no'}", "--show-percs=no", "--context=0"]
    done = subprocess.run([tool, *options, data], cwd=empty, capture_output=True, text=True, check=True, timeout=120)
    assert not done.stderr, done.stderr
    return parse(done.stdout, sources)


def stand_in(path: Path) -> None:
    """A file of empty lines, as many as any here has, older than all that is measured; what is there stays."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n" * 8000)
    os.utime(path, (0, 0))


def parse(text: str, sources: Path) -> Annotation:
    """The printed tables; files in ``sources`` by their names there."""
    (events,) = re.findall(r"^Events shown: +(.*)$", text, re.MULTILINE)
    found = Annotation(events.split())
    row = re.compile(rf" *{_NUMBER}" + rf" +{_NUMBER}" * (len(found.events) - 1) + r" ?(.*)")
    file, number = None, 0
    for line in text.splitlines():
        if (begun := re.fullmatch(r"-- Auto-annotated source: (.*)", line)) is not None:
            # One of a folder that was given is `FOLDER + FILE`.
            file, number = begun[1].rpartition(" + ")[2].removeprefix(f"{sources}/"), 0
        elif (marked := re.fullmatch(r"-- line (\d+) -+", line)) is not None:
            number = int(marked[1]) - 1
        elif (matched := row.fullmatch(line)) is not None:
            *numbers, name = matched.groups()
            values = tuple(0 if text == "." else int(text.replace(",", "")) for text in numbers)
            number += keep(found, file, number, values, name.strip())
    return found


def keep(found: Annotation, file: str | None, number: int, values: Values, name: str) -> bool:
    """Puts a row where it belongs; whether it is the next line of a file."""
    if name == "PROGRAM TOTALS":
        found.totals = values
    elif name == "events annotated":
        pass
    elif file is None:
        found.functions[re.sub(r" \[[^\]]*\]$", "", name)] = values
    elif (call := re.fullmatch(r"=> (.*) \(([\d,]+)x\)", name)) is not None:
        found.calls[file, number, call[1]] += int(call[2].replace(",", ""))
    elif name.startswith("<counts for unidentified lines"):
        found.lines[file, 0] = values
    else:
        if any(values):
            found.lines[file, number + 1] = values
        return True
    return False


def added(rows: Iterable[tuple[K, int, int]], width: int) -> dict[K, Values]:
    """Values by key, of rows of a key, a column and a value; those that are all 0 are left out."""
    sums: dict[K, list[int]] = {}
    for key, column, value in rows:
        sums.setdefault(key, [0] * width)[column] += value
    return {key: tuple(values) for key, values in sums.items() if any(values)}
