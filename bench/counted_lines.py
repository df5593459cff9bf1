"""Lines, counted: ``pyrometer counts`` against the program counts, on few and on many different ones.

Alone: ``python -m bench.counted_lines [--rounds N] [--megabytes N]``.
"""

import argparse
import filecmp
import random
from pathlib import Path

from bench.files import OURS, Files, Race, race
from bench.process import ROOT, WORK, RunError
from bench.recorders import VENV

PEER = "counts"
COUNTS = ROOT / "build" / "counts" / "bin" / "counts"
FEW, MANY = 10_000, 10_000_000
#: Different lines, and the bytes of them: a tenth of the large input for a small one.
SHAPES = {"10,000 keys": FEW, "10 million keys": MANY}
MODES = ("", "-i", "-i -e")
WORDS = ["alloc", "parse", "lookup", "insert", "resolve_path", "visit_expr", "typeck", "codegen", "hash_map", "intern"]
#: A stride that meets every key once before the first comes again.
STRIDE = 2_654_435_761
BATCH = 100_000


def name(shape: str, mode: str) -> str:
    """What a race is called."""
    return f"counts {mode}, {shape}".replace(" ,", ",")


def measure(found: Files, megabytes: int, rounds: int) -> None:
    """Every shape and mode; what both print is compared."""
    if not COUNTS.exists():
        raise RunError("there is no build/counts/bin/counts: make counts")
    for shape, keys in SHAPES.items():
        lines = _lines(shape, keys * megabytes // 1000 if keys == MANY else keys, megabytes * 1_000_000)
        for mode in MODES:
            entry = Race(name(shape, mode), f"`counts {mode}` of lines with {shape}", lines.stat().st_size)
            ours, theirs = WORK / "ours.counts", WORK / "theirs.counts"
            commands = {
                OURS: f"exec {VENV}/pyrometer counts {mode} {lines} > {ours}",
                PEER: f"exec {COUNTS} {mode} {lines} > {theirs}",
            }
            found.races[entry.name] = race(entry, commands, rounds)
            if PEER not in entry.stopped:
                entry.agrees = filecmp.cmp(ours, theirs, shallow=False)
                entry.agreement = "identical" if entry.agrees else "not identical"


def _lines(shape: str, keys: int, size: int) -> Path:
    path = WORK / f"{size}-{shape.replace(' ', '-')}.txt"
    if not path.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        (_write_few if keys <= FEW else _write_many)(unfinished, keys, size)
        unfinished.rename(path)
    return path


def _write_few(path: Path, keys: int, size: int) -> None:
    """Lines in no order."""
    chance = random.Random(1)
    lines = [
        f"{chance.choice(WORDS)}::{chance.choice(WORDS)}_{key} size={chance.randrange(1, 5000)}\n".encode()
        for key in range(keys)
    ]
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(b"".join(chance.choices(lines, k=BATCH)))


def _write_many(path: Path, keys: int, size: int) -> None:
    """Each about twice, far from each other."""
    with path.open("wb") as file:
        start = 0
        while file.tell() < size:
            file.write(b"".join(_line(number % keys, keys) for number in range(start, start + BATCH)))
            start += BATCH


def _line(number: int, keys: int) -> bytes:
    key = number * STRIDE % keys
    words = WORDS[number % len(WORDS)], WORDS[number // 7 % len(WORDS)], WORDS[number // 3 % len(WORDS)]
    return f"{words[0]}::{words[1]}_{key} at src/{words[2]}.rs:{number % 977} size={key % 5000}\n".encode()


def main() -> None:
    """Measures and prints, for one who works on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = Files()
    measure(found, options.megabytes, options.rounds)
    for entry in found.races.values():
        ratio = entry.times_faster(PEER)
        rate = entry.bytes / min(entry.seconds[OURS]) / 1e6
        stopped = "at least " if PEER in entry.stopped else ""
        print(
            f"{entry.name}: {stopped}{ratio.value:.1f} times ({ratio.low:.1f} … {ratio.high:.1f}), {rate:.0f} MB/s, "
            f"{entry.peaks[OURS] / 1e6:.0f} MB against {entry.peaks[PEER] / 1e6:.0f} MB, {entry.agreement}"
        )


if __name__ == "__main__":
    main()
