"""The binaries of a profile: how hot each is, and where its names come from."""

from __future__ import annotations

from collections import defaultdict
from typing import Unpack

from pyrometer.analyze.basis import Basis, Estimate, first, weigh
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, ProfileData


@frozen
class BinaryRow:
    """One binary, the kernel, or code that was made while the program ran."""

    path: str
    self: Estimate
    build_id: str | None
    """Lower-case hex; ``fallback-`` and a hash where the linker wrote none."""
    symbols_from: str
    """Where names come from: ``dwarf``, ``debuglink``, ``build-id``, ``debug-path``, ``sysroot``,
    ``debuginfod``, ``bundle``, ``mini-debuginfo``, ``symtab``, ``dynsym``, ``kallsyms`` or ``none``; ``+dwz``,
    ``+dwp`` and ``+dwo`` for what belongs to it; ``:`` and the path of a file that is not the binary's own."""
    missing: str | None
    """What is missing, and how to get it."""


@frozen
class Binaries:
    """The ``rows`` hottest of ``binaries`` binaries that have samples of their own."""

    basis: Basis
    rows: tuple[BinaryRow, ...]
    binaries: int
    unknown: Estimate
    """Of code whose binary is not known."""


def binaries(profile: ProfileData, n: int = 20, min_share: float = 0.0, **filters: Unpack[FilterOptions]) -> Binaries:
    """The ``n`` binaries with the most samples of their own, from ``min_share`` (0 to 1) up."""
    weighed = weigh(profile, filters, by_self=True)
    nowhere = [0, 0]
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in weighed.weights.functions(weighed.filters.grouping()):
        if row.self_value:
            binary = sums[row.binary] if row.binary else nowhere
            binary[0] += row.self_value
            binary[1] += row.self_count
    known = {row["path"]: row for row in profile.binaries.rows()}
    basis = weighed.basis
    large = [path for path in sums if path in known and sums[path][0] >= min_share * basis.total]
    hottest = first(sorted(large, key=lambda path: (-sums[path][0], path)), n)
    rows = tuple(_row(known[path], basis.estimate(*sums[path])) for path in hottest)
    return Binaries(basis, rows, len(sums), basis.estimate(*nowhere))


def _row(row: dict[str, object], cost: Estimate) -> BinaryRow:
    build_id, missing = row["build_id"], row["missing"]
    return BinaryRow(
        path=str(row["path"]),
        self=cost,
        build_id=None if build_id is None else str(build_id),
        symbols_from=str(row["symbols_from"]),
        missing=None if missing is None else str(missing),
    )
