"""What addr2line prints, and llvm-symbolizer in GNU's style: an address, then the name and place of each call."""

from collections.abc import Iterable, Iterator

Call = tuple[str, str, int]
"""Name, file and line, as printed: ``??`` for an unknown file, line 0 for an unknown line."""


def chains(lines: Iterable[str]) -> Iterator[tuple[int, tuple[Call, ...]]]:
    """Each address with its calls, the innermost first.

    >>> list(chains(["0x10", "inner", "a.c:3 (discriminator 2)", "outer", "a.c:?"]))
    [(16, (('inner', 'a.c', 3), ('outer', 'a.c', 0)))]
    """
    address: int | None = None
    calls: list[Call] = []
    name: str | None = None
    for line in map(str.rstrip, lines):
        if name is not None:
            file, number = line.split(" (discriminator")[0].rsplit(":", 1)
            calls.append((name, file, int(number) if number.isdigit() else 0))
            name = None
        elif line.startswith("0x"):
            if address is not None:
                yield address, tuple(calls)
            address, calls = int(line, 16), []
        else:
            name = line
    if address is not None:
        yield address, tuple(calls)
