"""Lines, counted: ``pyrometer counts`` against the program counts, on few and on many different ones.

Alone: ``python -m bench.counted_lines [--rounds N] [--megabytes N]``.

What is timed prints to nowhere: ten million keys are printed faster than a disk takes them. What both print is compared
in runs of their own. Reading the same file without counting is timed beside it: nobody can be faster than that.
"""

import argparse
import filecmp
import random
from pathlib import Path

from bench.files import OURS, Files, Race, race
from bench.process import ROOT, WORK, RunError, run
from bench.recorders import VENV

PEER = "counts"
COUNTS = ROOT / "build" / "counts" / "bin" / "counts"
FEW, MANY = 10_000, 10_000_000
#: Different lines, and the bytes of them: a tenth of the large input for a small one.
SHAPES = {"10,000 keys": FEW, "10 million keys": MANY}
#: Options, and the share of the file that is counted by them: with weights, counts takes minutes for a gigabyte.
MODES = {"": 1.0, "-i": 0.1, "-i -e": 0.1}
#: Rounds of a race with weights.
WEIGHTED_ROUNDS = 2
#: What reads a file and does not count.
READERS = {"wc -l": "exec wc -l", "cat": "exec cat"}
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
        for mode, share in MODES.items():
            size = int(megabytes * share)
            distinct = keys * size // 1000 if keys == MANY else keys
            lines = _lines(shape, distinct, size * 1_000_000)
            task = f"`counts {mode}".rstrip() + f"` of {size:,} MB of lines with {distinct:,} keys"
            entry = Race(name(shape, mode), task, lines.stat().st_size)
            readers = {} if mode else {tool: f"{command} {lines}" for tool, command in READERS.items()}
            commands = {OURS: f"exec {_ours(mode, lines)}", PEER: f"exec {_theirs(mode, lines)}", **readers}
            found.races[entry.name] = race(entry, commands, min(rounds, WEIGHTED_ROUNDS) if mode else rounds)
            if PEER not in entry.stopped:
                _compare(entry, mode, lines)


def _ours(mode: str, lines: Path) -> str:
    return f"{VENV}/pyrometer counts {mode} {lines}"


def _theirs(mode: str, lines: Path) -> str:
    return f"{COUNTS} {mode} {lines}"


def _compare(entry: Race, mode: str, lines: Path) -> None:
    ours, theirs = WORK / "ours.counts", WORK / "theirs.counts"
    run([f"{_ours(mode, lines)} > {ours}"], shell=True)
    run([f"{_theirs(mode, lines)} > {theirs}"], shell=True)
    entry.agrees = filecmp.cmp(ours, theirs, shallow=False)
    entry.agreement = "The table: " + ("identical" if entry.agrees else "not identical")
    ours.unlink()
    theirs.unlink()


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
        for tool in READERS.keys() & entry.seconds.keys():
            print(f"  {tool}: {entry.bytes / min(entry.seconds[tool]) / 1e6:.0f} MB/s")


if __name__ == "__main__":
    main()
