"""Names of symbols: ``pyrometer demangle`` against rustfilt on 100 MB of ``nm`` output.

Alone: ``python -m bench.demangle [--megabytes N] [--rounds N]``.
"""

import argparse
import hashlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import ROOT, WORK, RunError, run
from bench.ratios import Centre, paired_ratio
from bench.recorders import PEERS, VENV

RUSTFILT = PEERS / "rustfilt"
#: Legacy hashes, and the disambiguators of crates in v0 names: what differs between builds of the same code.
HASH = re.compile(rb"(?<=17h)[0-9a-f]{16}(?=E)|(?<=Cs)[0-9a-zA-Z]{5,}(?=_)")


@dataclass
class Demangling:
    """Seconds of each tool, a run of each in every round, on the same file."""

    bytes: int
    lines: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    """The largest resident set, in bytes."""

    def times_faster(self, peer: str) -> Centre:
        """How many times faster than the peer we are, of paired runs."""
        return paired_ratio(self.seconds[peer], self.seconds["pyrometer"])


def measure(megabytes: int, rounds: int) -> Demangling:
    """Runs every tool that is there, interleaved.

    Raises:
        RunError: one of them failed, or there is no rustfilt.
    """
    if not RUSTFILT.exists():
        raise RunError("there is no build/peers/bin/rustfilt: make peers")
    symbols = WORK / f"nm-{megabytes}.txt"
    if not symbols.exists():
        _write_symbols(symbols, megabytes * 1_000_000)
    with symbols.open("rb") as lines:
        result = Demangling(symbols.stat().st_size, sum(1 for _ in lines))
    tools = {"pyrometer": f"{VENV}/pyrometer demangle", "rustfilt": str(RUSTFILT)}
    for _ in range(rounds):
        for name, command in tools.items():
            usage = run([f"exec {command} < {symbols}"], shell=True)
            result.seconds.setdefault(name, []).append(usage.wall)
            result.peaks[name] = max(result.peaks.get(name, 0), usage.peak)
    return result


def _write_symbols(path: Path, size: int) -> None:
    """Real ``nm`` output, again and again with other hashes."""
    sources = list(_nm())
    if not sources:
        raise RunError("nm finds no symbols in Rust's libraries or in target/release")
    WORK.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as output:
        turn = 0
        while output.tell() < size:
            for source in sources:
                output.write(_with_other_hashes(source, turn)[: size - output.tell()])
            turn += 1
    unfinished.rename(path)


def _nm() -> Iterator[bytes]:
    """Of the compiler's own library and the standard library (v0), and of our own libraries (legacy)."""
    sysroot = Path(
        subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=False).stdout.strip()
    )
    binaries = [*sysroot.glob("lib/*.so"), *sysroot.glob("lib/rustlib/*/lib/*.rlib")]
    binaries += (ROOT / "target" / "release" / "deps").glob("*.rlib")
    for binary in binaries:
        for dynamic in ([], ["-D"]):
            done = subprocess.run(["nm", *dynamic, binary], capture_output=True, check=False)
            if done.stdout:
                yield done.stdout


def _with_other_hashes(text: bytes, turn: int) -> bytes:
    if turn == 0:
        return text
    known: dict[bytes, bytes] = {}

    def other(match: re.Match[bytes]) -> bytes:
        old = match.group()
        if old not in known:
            known[old] = hashlib.blake2b(old, salt=turn.to_bytes(8, "little")).hexdigest().encode()[: len(old)]
        return known[old]

    return HASH.sub(other, text)


def main() -> None:
    """Measures and prints, for one who works on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    result = measure(options.megabytes, options.rounds)
    print(f"{result.bytes / 1e6:.0f} MB, {result.lines:,} lines")
    for name, seconds in result.seconds.items():
        typical = sorted(seconds)[len(seconds) // 2]
        print(
            f"{name:10} median {typical:.2f} s ({min(seconds):.2f} … {max(seconds):.2f}), "
            f"{result.bytes / typical / 1e6:.0f} MB/s, peak {result.peaks[name] / 1e6:.0f} MB"
        )
    faster = result.times_faster("rustfilt")
    print(f"{faster.value:.1f} times faster than rustfilt ({faster.low:.1f} … {faster.high:.1f})")


if __name__ == "__main__":
    main()
