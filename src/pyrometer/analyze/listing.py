"""Source and machine code of functions with every metric: what the viewer shows side by side.

As :mod:`pyrometer.analyze.annotate` does it for one function and one metric. Samples are weighed once a metric, and a
binary is opened once, for any number of functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pyrometer import native
from pyrometer.analyze.annotate import disassembled
from pyrometer.analyze.source import around, read_source
from pyrometer.errors import DisassemblyError
from pyrometer.frozen import frozen
from pyrometer.profile import Filters, ProfileData
from pyrometer.profile.heap import is_of_blocks

Values = tuple[int, ...]
"""One for each metric of the profile, in its order and unit."""


@frozen
class ListedLine:
    """A line with its text (None if the file is missing)."""

    line: int
    text: str | None
    self: Values
    total: Values


@frozen
class ListedSource:
    """The lines of a file around those that weigh anything; gaps are left out."""

    path: str
    missing: str | None
    """Why there is no text, and how to get it."""
    changed: bool
    """True if the file was modified after the recording began."""
    lines: tuple[ListedLine, ...]


@frozen
class ListedInstruction:
    """An instruction, and the innermost function and line that it was compiled from."""

    address: int
    text: str
    function: str
    file: str | None
    line: int | None
    self: Values
    gap: bool
    """True if instructions before it are left out."""


@frozen
class ListedCode:
    """The instructions of one piece of machine code around those that weigh anything."""

    binary: str
    symbol: str
    missing: str | None
    instructions: tuple[ListedInstruction, ...]


@frozen
class Listing:
    """A function's lines where it was written, and the machine code that holds it; the heaviest first."""

    function: str
    sources: tuple[ListedSource, ...]
    code: tuple[ListedCode, ...]


Costs = dict[int, list[int]]
"""Values by address."""
ADDRESSES = 1 << 64
"""How many there are."""
if TYPE_CHECKING:
    Symbol = tuple[str, list[native.Instruction]]


class _Weights:
    """What lines and addresses have of every metric."""

    def __init__(self, profile: ProfileData, by_self: bool) -> None:
        """``by_self``: a heap's blocks are those of who asks for them, for all of their stacks end in an allocator."""
        chosen = [
            Filters(metric=metric.name, hide_allocators=by_self and is_of_blocks(metric))
            for metric in profile.metric_list
        ]
        self._weights = [profile.native.weigh(filters.selection(profile)) for filters in chosen]
        self._grouping = Filters().grouping()

    @cached_property
    def names(self) -> set[str]:
        """The functions that weigh anything."""
        return {row.name for weights in self._weights for row in weights.functions(self._grouping)}

    def hottest(self, n: int, min_share: float) -> list[str]:
        """The functions with the most of their own, of any metric, from ``min_share`` (0 to 1) up."""
        shares: dict[str, float] = {}
        for weights in self._weights:
            for row in weights.functions(self._grouping)[:n]:
                share = row.self_value / weights.value if weights.value else 0.0
                if share >= min_share:
                    shares[row.name] = max(share, shares.get(row.name, 0.0))
        return sorted(shares, key=lambda name: (-shares[name], name))[:n]

    @cached_property
    def lines(self) -> dict[str, dict[str, dict[int, tuple[list[int], list[int]]]]]:
        """Self and total by function, file and line."""
        found: dict[str, dict[str, dict[int, tuple[list[int], list[int]]]]] = defaultdict(lambda: defaultdict(dict))
        for metric, weights in enumerate(self._weights):
            for row in weights.lines(self._grouping):
                if row.file and row.line:
                    both = found[row.name][row.file].setdefault(row.line, (self.nothing(), self.nothing()))
                    both[0][metric] += row.self_value
                    both[1][metric] += row.total_value
        return found

    def addresses(self, name: str) -> dict[int, Costs]:
        """Self values by binary and address."""
        found: dict[int, Costs] = defaultdict(dict)
        for metric, weights in enumerate(self._weights):
            for row in weights.addresses([name]):
                found[row.binary].setdefault(row.address, self.nothing())[metric] += row.self_value
        return found

    def nothing(self) -> list[int]:
        """Of each metric."""
        return [0] * len(self._weights)


class Lister:
    """Lists functions of a profile by their names; an allocator by its own costs."""

    def __init__(self, profile: ProfileData) -> None:
        self._profile = profile
        self._asking = _Weights(profile, by_self=True)

    @cached_property
    def _all(self) -> _Weights:
        return _Weights(self._profile, by_self=False)

    def _of(self, name: str) -> _Weights:
        return self._asking if name in self._asking.names else self._all

    def hottest(self, n: int, min_share: float) -> list[str]:
        """The functions with the most of their own, of any metric, from ``min_share`` (0 to 1) up."""
        return self._asking.hottest(n, min_share)

    def list(self, names: Sequence[str]) -> list[Listing]:
        """A listing for each of these functions; an unknown one has nothing in it."""
        costs = {name: self._of(name).addresses(name) for name in names}
        symbols = self._symbols(costs)
        return [Listing(name, self._sources(name), self._code(costs[name], symbols)) for name in names]

    def _nothing(self) -> list[int]:
        return self._asking.nothing()

    def _sources(self, name: str) -> tuple[ListedSource, ...]:
        files = self._of(name).lines.get(name, {})
        sources = [self._source(path, lines) for path, lines in files.items()]
        return tuple(sorted(sources, key=lambda each: (-sum(sum(line.total) for line in each.lines), each.path)))

    def _source(self, path: str, lines: dict[int, tuple[list[int], list[int]]]) -> ListedSource:
        text = read_source(path)
        shown = sorted(lines) if text.missing else around(lines, 1, len(text.lines))
        nothing = self._nothing(), self._nothing()
        listed = tuple(
            ListedLine(
                at,
                text.lines[at - 1] if at <= len(text.lines) else None,
                *(tuple(values) for values in lines.get(at, nothing)),
            )
            for at in shown
        )
        return ListedSource(path, text.missing, 0 < self._profile.meta.start_wall < text.modified, listed)

    def _symbols(self, costs: dict[str, dict[int, Costs]]) -> dict[int, list[Symbol] | str]:
        """The code of each binary at all addresses, or why there is none."""
        addresses: dict[int, set[int]] = defaultdict(set)
        for binaries in costs.values():
            for binary, of in binaries.items():
                addresses[binary].update(of)
        symbols: dict[int, list[Symbol] | str] = {}
        for binary, wanted in addresses.items():
            row = self._binaries[binary]
            try:
                symbols[binary] = disassembled(row["path"], row["build_id"], sorted(wanted))
            except DisassemblyError as error:
                symbols[binary] = error.what
        return symbols

    @cached_property
    def _binaries(self) -> list[dict]:
        return list(self._profile.binaries.rows())

    def _code(self, costs: dict[int, Costs], symbols: dict[int, list[Symbol] | str]) -> tuple[ListedCode, ...]:
        found: list[ListedCode] = []
        for binary, of in costs.items():
            path, known = self._binaries[binary]["path"], symbols[binary]
            hot = {address: values for address, values in of.items() if any(values)}
            if isinstance(known, str):
                found.extend(_bare(path, known, hot))
                continue
            for symbol, code in known:
                if any(one[0] in hot for one in code):
                    found.append(self._piece(path, symbol, code, hot))
        return tuple(sorted(found, key=lambda each: -sum(sum(one.self) for one in each.instructions)))

    def _piece(self, path: str, symbol: str, code: list[native.Instruction], hot: Costs) -> ListedCode:
        shown = around((at for at, one in enumerate(code) if one[0] in hot), 0, len(code) - 1)
        return ListedCode(
            path,
            symbol,
            None,
            tuple(
                ListedInstruction(
                    *code[at], tuple(hot.get(code[at][0], self._nothing())), gap=at > 0 and at - 1 not in shown
                )
                for at in shown
            ),
        )


def _bare(path: str, missing: str, hot: Costs) -> list[ListedCode]:
    """Addresses without their code. Those of a kernel are in the upper half: tables have them as negative numbers."""
    rows = tuple(
        ListedInstruction(address % ADDRESSES, "", "", None, None, tuple(values), gap=False)
        for address, values in sorted(hot.items())
    )
    return [ListedCode(path, "", missing, rows)] if rows else []
