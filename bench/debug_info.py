"""Lines and inlined calls against llvm-symbolizer and binutils' addr2line.

All resolve the same addresses of the same large binary, each with its inlined calls, from cold caches of their own and
warm ones of the system. Our engine does just their job, from a list of addresses to text; ``pyrometer symbolize`` reads
a profile with these addresses, and writes it with their names.

Alone: ``python -m bench.debug_info [--rounds N] [--addresses N]``.
"""

import argparse
import bisect
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyrometer
from bench.gnu_style import chains
from bench.process import ROOT, WORK, RunError, run
from bench.ratios import Centre, paired_ratio
from bench.recorders import VENV

LARGE = ROOT / "build" / "large" / "release" / "large"
ENGINE = ROOT / "target" / "release" / "examples" / "resolve_addresses"
OURS, WHOLE = "pyrometer", "pyrometer symbolize"
ADDRESSES = WORK / "addresses.txt"
RAW, RESOLVED = WORK / "addresses.pyro", WORK / "addresses.symbols.pyro"
CACHE = WORK / "no-cache"
#: Seconds that addr2line may take.
PATIENCE = 1200.0
MOST_COMMON = 100

SUFFIX = re.compile(r"\.llvm\.\d+$")

Chain = tuple[str, ...]
"""Linkage names at an address, the innermost first."""


@dataclass
class Lookups:
    """Seconds of each tool for the same addresses, a run of each in every round."""

    addresses: int
    debug_info: int
    """Bytes of all debug sections."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    """Tools that were stopped after :data:`PATIENCE`."""
    peaks: dict[str, int] = field(default_factory=dict)
    agreement: dict[str, float] = field(default_factory=dict)
    """By peer: the share of addresses whose whole chain of names is the same."""
    common: dict[str, int] = field(default_factory=dict)
    """By peer: of our 100 most common names, how many it gives to just the same addresses."""

    def times_faster(self, peer: str) -> Centre:
        """How many times faster than the peer we are."""
        theirs = self.seconds[peer]
        return paired_ratio(theirs, self.seconds[OURS][: len(theirs)])


def measure(count: int, rounds: int) -> Lookups:
    """Resolves ``count`` addresses by every tool.

    Raises:
        RunError: a tool failed, or the large binary was not built.
    """
    if not LARGE.exists():
        raise RunError(f"there is no {LARGE}: make large")
    for peer, package in {"llvm-symbolizer": "llvm", "addr2line": "binutils"}.items():
        if shutil.which(peer) is None:
            raise RunError(f"{peer} is not installed: apt-get install {package}")
    addresses = _spread(count)
    ADDRESSES.write_text("".join(f"{address:#x}\n" for address in addresses))
    _unresolved_profile(addresses)
    found = Lookups(len(addresses), _debug_info_size())
    _warm(LARGE)
    for at in range(rounds):
        _run(found, OURS, f"exec {ENGINE} {LARGE} < {ADDRESSES} > {WORK}/{OURS}.txt")
        _run(found, WHOLE, _whole())
        _run(found, "llvm-symbolizer", _theirs("llvm-symbolizer"))
        # Minutes: once is enough to tell it from a tenth of that.
        if at == 0:
            _run(found, "addr2line", _theirs("addr2line"))
    _compare(found, addresses)
    return found


def _warm(path: Path) -> None:
    """Read a file once, so that whoever comes first does not wait for the disk."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def _run(found: Lookups, name: str, command: str) -> None:
    shutil.rmtree(CACHE, ignore_errors=True)
    try:
        usage = run([command], shell=True, timeout=PATIENCE)
    except RunError:
        if name in (OURS, WHOLE):
            raise
        found.stopped.add(name)
        found.seconds.setdefault(name, []).append(PATIENCE)
        return
    found.seconds.setdefault(name, []).append(usage.wall)
    found.peaks[name] = max(found.peaks.get(name, 0), usage.peak)


def _whole() -> str:
    return f"PYROMETER_CACHE={CACHE} exec {VENV}/pyrometer symbolize --offline {RAW} -o {RESOLVED}"


def _theirs(tool: str) -> str:
    options = {
        "llvm-symbolizer": f"--obj={LARGE} --inlines --functions=linkage --output-style=GNU --no-demangle --addresses",
        "addr2line": f"-e {LARGE} -i -f -a",
    }
    return f"exec {tool} {options[tool]} < {ADDRESSES} > {WORK}/{tool}.txt"


def _spread(count: int) -> list[int]:
    """Addresses at even distances over all functions that the symbol table knows, the ends left out."""
    listed = subprocess.run(["nm", "--defined-only", "-S", LARGE], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    spans = sorted({(int(row[0], 16), int(row[1], 16)) for row in rows if len(row) >= 4 and row[2] in "tTwW"})
    ends: list[int] = []
    total = 0
    for _, size in spans:
        total += size
        ends.append(total)
    places = (at * total // count for at in range(count))
    found = set()
    for place in places:
        row = bisect.bisect_right(ends, place)
        start, size = spans[row]
        found.add(start + size - (ends[row] - place))
    return sorted(found)


def _unresolved_profile(addresses: Sequence[int]) -> None:
    build_id = subprocess.run(["readelf", "-n", LARGE], capture_output=True, text=True, check=True).stdout
    profile = pyrometer.build(
        metrics=[{"name": "addresses", "unit": "count", "kind": "exact"}],
        binaries=[{"path": str(LARGE), "build_id": build_id.split("Build ID:")[1].split()[0]}],
        frames=[{"address": address, "binary": 0} for address in addresses],
        stacks=[{"frame": row} for row in range(len(addresses))],
        samples=[{"stack": row} for row in range(len(addresses))],
    )
    profile.save(RAW)


def _debug_info_size() -> int:
    listed = subprocess.run(["size", "-A", "-d", LARGE], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return sum(int(row[1]) for row in rows if row and row[0].startswith((".debug", ".zdebug")))


def _compare(found: Lookups, addresses: Sequence[int]) -> None:
    ours = _our_chains()
    for peer in ("llvm-symbolizer", "addr2line"):
        if peer in found.stopped:
            continue
        theirs = dict(_their_chains(WORK / f"{peer}.txt"))
        same = sum(ours[address] == theirs.get(address) for address in addresses)
        found.agreement[peer] = same / len(addresses)
        found.common[peer] = _same_common_names(ours, theirs)


def _same_common_names(ours: dict[int, Chain], theirs: dict[int, Chain]) -> int:
    names = Counter(chain[0] for chain in ours.values() if chain)
    common = {name for name, _ in names.most_common(MOST_COMMON)}
    places: dict[str, tuple[set[int], set[int]]] = {name: (set(), set()) for name in common}
    for at, found in enumerate((ours, theirs)):
        for address, chain in found.items():
            if chain and chain[0] in common:
                places[chain[0]][at].add(address)
    return sum(mine == others for mine, others in places.values())


def _our_chains() -> dict[int, Chain]:
    profile = pyrometer.load(RESOLVED)
    names = [row["linkage_name"] for row in profile.functions.rows()]
    ours: dict[int, list[str]] = {}
    # The frames of one address stand together, the outermost first.
    for row in profile.frames.rows():
        ours.setdefault(row["address"], []).insert(0, names[row["function"]])
    return {address: tuple(chain) for address, chain in ours.items()}


def _their_chains(path: Path) -> Iterator[tuple[int, Chain]]:
    with path.open() as lines:
        for address, calls in chains(lines):
            # For the outermost function LLVM prefers the symbol table's name, with the compiler's suffix.
            yield address, tuple(SUFFIX.sub("", name) for name, _, _ in calls)


def main() -> None:
    """Measures, and prints what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--addresses", type=int, default=300_000)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    os.environ.pop("DEBUGINFOD_URLS", None)
    found = measure(options.addresses, options.rounds)
    print(found)
    for peer in found.seconds:
        if peer != OURS:
            print(peer, found.times_faster(peer))


if __name__ == "__main__":
    main()
