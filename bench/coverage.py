"""How much of ripgrep's samples get a line, and the whole chain of inlined calls: ``python -m bench.coverage``.

The chain at each sampled address is compared with that of llvm-symbolizer: the same number of calls, at the same lines.
"""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrometer
from bench import loads
from bench.gnu_style import chains
from bench.process import WORK, RunError, run
from bench.recorders import VENV

RECORDING = WORK / "coverage.pyro"
RATE = 4_999

Positions = tuple[tuple[str, int], ...]
"""Name of the file and line of each call at an address, the innermost first; line 0 where there is none."""


@dataclass(frozen=True)
class Coverage:
    """Shares of the samples that were taken in user code."""

    samples: int
    with_line: float
    """The leaf has a file and a line."""
    whole_chain: float
    """The calls inlined at the leaf are those that llvm-symbolizer finds, at the same lines."""


def measure(load: loads.Load) -> Coverage:
    """Records the load once and looks at every leaf.

    Raises:
        RunError: the recording failed.
    """
    command = [VENV / "pyrometer", "record", "--no-summary", "--rate", RATE, "-o", RECORDING, "--", *load.command]
    run([str(part) for part in command])
    profile = pyrometer.load(RECORDING)
    leaves = _leaves(profile)
    total = sum(leaves.values())
    if not total:
        raise RunError("ripgrep was not sampled")
    ours = _our_positions(profile)
    theirs = _their_positions(profile, leaves)
    with_line = sum(count for leaf, count in leaves.items() if ours[leaf] and ours[leaf][0][1])
    whole = sum(count for leaf, count in leaves.items() if _same(ours[leaf], theirs.get(leaf, ())))
    return Coverage(total, with_line / total, whole / total)


Leaf = tuple[int, int]
"""Row of the binary, and address."""


def _leaves(profile: pyrometer.Profile) -> Counter[Leaf]:
    frames, stacks = list(profile.frames.rows()), list(profile.stacks.rows())
    leaves: Counter[Leaf] = Counter()
    for sample in profile.samples.rows():
        frame = frames[stacks[sample["stack"]]["frame"]]
        if frame["kind"] == "native":
            leaves[frame["binary"], frame["address"]] += sample["count"]
    return leaves


def _our_positions(profile: pyrometer.Profile) -> dict[Leaf, Positions]:
    ours: defaultdict[Leaf, list[tuple[str, int]]] = defaultdict(list)
    # The frames of one address stand together, the outermost first.
    for frame in profile.frames.rows():
        if frame["kind"] == "native":
            ours[frame["binary"], frame["address"]].insert(0, _position(frame["file"], frame["line"]))
    return {leaf: tuple(chain) for leaf, chain in ours.items()}


def _their_positions(profile: pyrometer.Profile, leaves: Counter[Leaf]) -> dict[Leaf, Positions]:
    found: dict[Leaf, Positions] = {}
    for row, binary in enumerate(profile.binaries.rows()):
        addresses = sorted(address for at, address in leaves if at == row)
        if addresses and Path(binary["path"]).is_file():
            found |= {(row, address): calls for address, calls in _symbolized(binary, addresses)}
    return found


def _symbolized(binary: dict[str, Any], addresses: Sequence[int]) -> Iterator[tuple[int, Positions]]:
    command = ["llvm-symbolizer", f"--obj={binary['path']}", "--inlines", "--output-style=GNU"]
    text = "".join(f"{address:#x}\n" for address in addresses)
    shown = subprocess.run([*command, "--addresses"], input=text, capture_output=True, text=True, check=True).stdout
    for address, calls in chains(shown.splitlines()):
        yield address, tuple(_position(file, line) for _, file, line in calls)


def _same(ours: Positions, theirs: Positions) -> bool:
    """The same calls at the same lines; where the compiler says no line, only we look at its neighbours."""
    agrees = (mine == other or not other[1] for mine, other in zip(ours, theirs, strict=False))
    return bool(ours) and len(ours) == len(theirs) and all(agrees)


def _position(file: str | None, line: int | None) -> tuple[str, int]:
    known = bool(file) and file != "??"
    return (Path(file).name if file and known else "", line or 0)


def main() -> None:
    """Measures, and prints what came out."""
    WORK.mkdir(parents=True, exist_ok=True)
    print(measure(loads.ripgrep(2)))


if __name__ == "__main__":
    main()
