"""The machine's caches, as a simulation can take them.

Engines that ask the processor themselves are wrong about some: Valgrind 3.19 takes the last-level cache of a virtual
EPYC for one of 256 MiB that is mapped directly.
"""

from __future__ import annotations

from pathlib import Path

from pyrometer.frozen import frozen

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@frozen
class Cache:
    """A cache: bytes, ways of associativity, bytes of a line."""

    size: int
    ways: int
    line: int

    @property
    def sets(self) -> int:
        """How many lines can be chosen by an address; the ways are tried within each."""
        return self.size // (self.ways * self.line)

    def with_sets_of_two(self) -> Cache:
        """The nearest cache whose number of sets is a power of two, as simulations want it.

        Sets are rounded down, ways take up what is lost, as Cachegrind does it.
        """
        sets = 1 << (self.sets.bit_length() - 1)
        ways = max(1, round(self.size / (sets * self.line)))
        return Cache(sets * ways * self.line, ways, self.line)

    def __str__(self) -> str:
        return f"{self.size},{self.ways},{self.line}"


@frozen
class Caches:
    """What is simulated: first level for instructions and data, and the last level."""

    instructions: Cache
    data: Cache
    last: Cache
    known: bool = True
    """False if the machine did not say, and common ones are taken."""


COMMON = Caches(Cache(32 << 10, 8, 64), Cache(32 << 10, 8, 64), Cache(8 << 20, 16, 64), known=False)
"""Of most processors of the last years."""


def machine_caches(root: Path = Path("/")) -> Caches:
    """The caches of the first processor; :data:`COMMON` where ``/sys`` does not say."""
    found: dict[tuple[int, str], Cache] = {}
    for index in sorted((root / "sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind = int(_read(index / "level")), _read(index / "type")
            found[level, kind] = Cache(
                _bytes(_read(index / "size")),
                int(_read(index / "ways_of_associativity")),
                int(_read(index / "coherency_line_size")),
            )
        except (OSError, ValueError, KeyError):
            continue
    usable = {key: cache for key, cache in found.items() if cache.ways > 0 and cache.line >= 16 and cache.sets > 0}
    instructions, data = usable.get((1, "Instruction")), usable.get((1, "Data"))
    above = [key for key in usable if key[0] > 1 and key[1] == "Unified"]
    if instructions is None or data is None or not above:
        return COMMON
    last = usable[max(above)]
    return Caches(instructions.with_sets_of_two(), data.with_sets_of_two(), last.with_sets_of_two())


def _read(path: Path) -> str:
    return path.read_text().strip()


def _bytes(text: str) -> int:
    """The bytes of ``32K``."""
    return int(text) if text.isdigit() else int(text[:-1]) * _UNITS[text[-1]]
