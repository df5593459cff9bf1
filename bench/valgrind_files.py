"""Large files as Callgrind and Cachegrind write them, of a made program: real ones of this size take an hour to record.

The same bytes each time. What is like in real files: names once and then their numbers, differences of positions, lines
of inlined code from other files that come again in one function (``fi=``, ``fe=``), calls, trailing zeros left out, a
few functions with most of the counts; what is unlike: there are no sources to the names.

Alone: ``python -m bench.valgrind_files callgrind|cachegrind FILE MEGABYTES``.
"""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

FUNCTIONS_OF_A_FILE = 20
LINES = 40
"""Lines of a function that have counts, on average."""
EVENTS = ["Ir", "I1mr", "ILmr", "Dr", "D1mr", "DLmr", "Dw", "D1mw", "DLmw"]


def callgrind(path: Path, size: int) -> None:
    """One part, all lines of which are of other places, as of a very large program."""
    _write(path, size, _callgrind(random.Random(1)), _callgrind_end)


def cachegrind(path: Path, size: int) -> None:
    """Nine events a line, as ``--cache-sim=yes`` counts them."""
    _write(path, size, _cachegrind(random.Random(2)), _cachegrind_end)


Chunk = tuple[str, Sequence[Sequence[int]]]
"""Lines of text, and the counts in them."""


def _write(path: Path, size: int, chunks: Iterator[Chunk], end: Callable[[Sequence[int]], str]) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("w") as out:
        totals: list[int] = []
        for text, counts in chunks:
            out.write(text)
            for row in counts:
                totals += [0] * (len(row) - len(totals))
                for at, value in enumerate(row):
                    totals[at] += value
            if out.tell() >= size:
                break
        out.write(end(totals))
    unfinished.rename(path)


def _name(function: int) -> str:
    return f"module_{function // 300}::Type{function // 7 % 43}<int, char>::method_{function}(unsigned long, int) const"


def _value(source: random.Random, most: int) -> int:
    """Small as a rule, seldom large."""
    return int(most ** source.random())


def _callgrind(source: random.Random) -> Iterator[Chunk]:
    yield (
        "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 1\ncmd:  ./made\npart: 1\n\n"
        "desc: I1 cache: \ndesc: D1 cache: \ndesc: LL cache: \n\n"
        "desc: Timerange: Basic block 0 - 1\ndesc: Trigger: Program termination\n\n"
        "positions: line\nevents: Ir Dr Dw\n\n",
        [],
    )
    function = 0
    while True:
        yield _callgrind_function(source, function)
        function += 1


def _callgrind_function(source: random.Random, function: int) -> Chunk:
    file = function // FUNCTIONS_OF_A_FILE
    lines = ["ob=(1) /usr/lib/libmade.so\n" if function == 0 else ""]
    new_file = function % FUNCTIONS_OF_A_FILE == 0
    lines.append(f"fl=({file})" + (f" /src/made/module/file_{file}.cpp\n" if new_file else "\n"))
    lines.append(f"fn=({function}) {_name(function)}\n")
    counts = []
    position = str(500 + source.randrange(5000))
    for at in range(1 + source.randrange(2 * LINES)):
        row = [_value(source, 1_000_000), _value(source, 1000), _value(source, 300)][: 1 + source.randrange(3)]
        lines.append(f"{position} {' '.join(map(str, row))}\n")
        counts.append(row)
        if at % 11 == 10:
            other = source.randrange(file + 1)
            lines.append(f"fi=({other})\n{500 + source.randrange(3000)} {row[0]}\nfe=({file})\n")
            counts.append(row[:1])
        if at % 8 == 7:
            lines.append(_call(source, function, file))
        position = source.choice(["+1", "+1", "+2", "+3", "+7", "-2"] if at else ["+1"])
    return "".join([*lines, "\n"]), counts


def _call(source: random.Random, function: int, file: int) -> str:
    callee = source.randrange(function + 1)
    other = callee // FUNCTIONS_OF_A_FILE
    place = f"cfi=({other})\n" if other != file else ""
    times, cost = _value(source, 1000), _value(source, 10_000_000)
    return f"{place}cfn=({callee})\ncalls={times} {1 + source.randrange(5000)}\n* {cost} {cost // 4}\n"


def _callgrind_end(totals: Sequence[int]) -> str:
    return f"totals: {' '.join(map(str, totals))}\n"


def _cachegrind(source: random.Random) -> Iterator[Chunk]:
    caches = "".join(f"desc: {name} cache: 32768 B, 64 B, 8-way associative\n" for name in ("I1", "D1", "LL"))
    yield f"{caches}cmd: ./made\nevents: {' '.join(EVENTS)}\n", []
    function = 0
    while True:
        file = function // FUNCTIONS_OF_A_FILE
        text = f"fl=/src/made/module/file_{file}.cpp\n" if function % FUNCTIONS_OF_A_FILE == 0 else ""
        text += f"fn={_name(function)}\n"
        counts = []
        line = 1 + source.randrange(5000)
        for _ in range(1 + source.randrange(2 * LINES)):
            row = [_value(source, most) for most in (1_000_000, 3, 3, 300_000, 400, 30, 90_000, 200, 20)]
            text += f"{line} {' '.join(map(str, row))}\n"
            counts.append(row)
            line += 1 + source.randrange(3)
        yield text, counts
        function += 1


def _cachegrind_end(totals: Sequence[int]) -> str:
    return f"summary: {' '.join(map(str, totals))}\n"


def main() -> None:
    """Writes one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=["callgrind", "cachegrind"])
    parser.add_argument("file", type=Path)
    parser.add_argument("megabytes", type=int)
    options = parser.parse_args()
    {"callgrind": callgrind, "cachegrind": cachegrind}[options.tool](options.file, options.megabytes * 1_000_000)


if __name__ == "__main__":
    main()
