"""One function line by line and instruction by instruction.

Source lines carry the samples of the function's own code where it was written, also where it was
inlined into others. Instructions are those of the machine code that holds the function, each with
the function and the line it was compiled from.
"""

from __future__ import annotations

import shlex
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import Unpack

from pyrometer import native
from pyrometer.analyze.basis import Basis, Estimate, Weighed, weigh
from pyrometer.analyze.causal import CausalRow, causal_of
from pyrometer.analyze.names import find_function
from pyrometer.analyze.source import SOURCES, Sources, SourceText, around, read_source
from pyrometer.errors import DisassemblyError, FunctionNotFoundError
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, Filters, ProfileData, SelectionOptions, symbol_options


@frozen
class SourceLine:
    """A line with its text (None if the file is missing) and its samples."""

    line: int
    text: str | None
    self: Estimate
    total: Estimate


@frozen
class SourceListing:
    """The lines of one file around those that have samples, in order; gaps are left out."""

    path: str
    missing: str | None
    """Why there is no text, and how to get it."""
    changed: bool
    """True if the file was modified after the recording began: its lines may have moved."""
    lines: tuple[SourceLine, ...]


@frozen
class Instruction:
    """A machine instruction, and the innermost function and line that it was compiled from."""

    address: int
    text: str
    function: str
    file: str | None
    line: int | None
    self: Estimate
    gap: bool = False
    """True if instructions before it are left out."""


@frozen
class Assembly:
    """The instructions of one piece of machine code around those that have samples."""

    binary: str
    symbol: str
    missing: str | None
    instructions: tuple[Instruction, ...]


@frozen
class Annotation:
    """A function's source and machine code with samples."""

    basis: Basis
    function: str
    self: Estimate
    total: Estimate
    sources: tuple[SourceListing, ...]
    assembly: tuple[Assembly, ...]
    causal: tuple[CausalRow, ...] = ()
    """What experiments with its lines found."""


def annotate(
    profile: ProfileData,
    function: str,
    fold_generics: bool = False,
    hide_allocators: bool | None = None,
    sources: Sources = SOURCES,
    **selection: Unpack[SelectionOptions],
) -> Annotation:
    """Where inside ``function`` the samples fell; with ``fold_generics`` in all its instances.

    Source that is not on this machine, and a binary that is gone or was rebuilt, are named in
    ``missing``; their samples are still shown by line and address. A
    :class:`~pyrometer.DisassemblyError` if nothing is left to show.
    """
    filters: FilterOptions = {**selection, "fold_generics": fold_generics, "hide_allocators": hide_allocators}
    weighed = weigh(profile, filters, by_self=True)
    try:
        name = find_function(function, weighed.weights.functions(weighed.filters.grouping()))
    except FunctionNotFoundError:
        # An allocator itself.
        weighed = weigh(profile, filters)
        name = find_function(function, weighed.weights.functions(weighed.filters.grouping()))
    names = _instances(weighed, name)
    near = weighed.weights.neighbours(_NOT_FOLDED, names)
    listed = _sources(weighed, name, profile.meta.start_wall, sources)
    found = Annotation(
        weighed.basis,
        name,
        weighed.basis.estimate(near.self_value, near.self_count),
        weighed.basis.estimate(near.total_value, near.total_count),
        listed,
        tuple(_assemblies(profile, weighed.basis, weighed.weights.addresses(names))),
        causal_of(profile, name, ((each.path, line.line) for each in listed for line in each.lines)),
    )
    if not found.sources:
        _refuse_empty(found)
    return found


def _refuse_empty(found: Annotation) -> None:
    """Without lines and without machine code there is nothing to show but the reason."""
    reasons = [each.missing for each in found.assembly]
    if all(reasons):
        why, cure = (reasons[0] or "", "") if reasons else _without_addresses(found)
        raise DisassemblyError(f"{found.function} has neither source lines nor machine code", why, cure)


def _without_addresses(found: Annotation) -> tuple[str, str]:
    """Why nothing is known of where in a function it was, and what helps."""
    if found.total.value and not found.self.value:
        shown = f"pyrometer show --view callees --function {shlex.quote(found.function)}"
        return "nothing was seen in its own code, only in what it calls", f"{shown} has that"
    if found.basis.metric.name == "Ir":
        return "it was counted without addresses", "pyrometer instructions --inlined counts each instruction's"
    return "it has no address in a binary of this profile", ""


_NOT_FOLDED = Filters().grouping()


def _instances(weighed: Weighed, name: str) -> list[str]:
    """The names as the profile has them that are ``name`` when folded."""
    if not weighed.filters.fold_generics:
        return [name]
    rows = weighed.weights.functions(_NOT_FOLDED)
    return [row.name for row in rows if native.fold_generics(row.name) == name]


def _sources(weighed: Weighed, name: str, recorded: int, sources: Sources) -> tuple[SourceListing, ...]:
    by_file: dict[str, dict[int, native.Row]] = defaultdict(dict)
    for row in weighed.weights.lines(weighed.filters.grouping()):
        if row.name == name and row.file and row.line:
            by_file[row.file][row.line] = row
    listings = [_source(weighed, path, costs, recorded, sources) for path, costs in by_file.items()]
    return tuple(sorted(listings, key=lambda each: -sum(line.total.value for line in each.lines)))


def _source(
    weighed: Weighed, path: str, costs: dict[int, native.Row], recorded: int, sources: Sources
) -> SourceListing:
    text = read_source(path, sources.folders)
    lines = tuple(_line(weighed, at, costs.get(at), text) for at in sources.shown(costs, text))
    return SourceListing(path, text.missing, 0 < recorded < text.modified, lines)


def _line(weighed: Weighed, at: int, cost: native.Row | None, text: SourceText) -> SourceLine:
    known = text.lines[at - 1] if 0 < at <= len(text.lines) else None
    nothing = weighed.basis.estimate(0, 0)
    return SourceLine(at, known, *(weighed.estimates(cost) if cost else (nothing, nothing)))


def _assemblies(profile: ProfileData, ground: Basis, rows: Iterable[native.AddressCost]) -> Iterable[Assembly]:
    by_binary: dict[int, list[native.AddressCost]] = defaultdict(list)
    for row in rows:
        by_binary[row.binary].append(row)
    binaries = list(profile.binaries.rows()) if by_binary else []
    for binary, costs in by_binary.items():
        yield from _of_binary(ground, binaries[binary]["path"], binaries[binary]["build_id"], costs)


def _of_binary(ground: Basis, path: str, build_id: str | None, costs: list[native.AddressCost]) -> list[Assembly]:
    by_address = {cost.address: (cost.self_value, cost.self_count) for cost in costs if cost.self_count}
    try:
        symbols = disassembled(path, build_id, sorted(cost.address for cost in costs))
    except DisassemblyError as error:
        return _bare(ground, path, error.what, by_address)
    by_address = _at_instructions(by_address, symbols)
    listings = [_assembly(ground, path, name, code, by_address) for name, code in symbols]
    listed = {one[0] for _, code in symbols for one in code}
    rest = {address: cost for address, cost in by_address.items() if address not in listed}
    hottest = sorted(listings, key=lambda each: -sum(one.self.value for one in each.instructions))
    shown = [each for each in hottest if each.instructions]
    return shown + _bare(ground, path, "no symbol says where the code around these addresses begins", rest)


def disassembled(path: str, build_id: str | None, addresses: list[int]) -> list[tuple[str, list[native.Instruction]]]:
    """The symbols that hold these addresses, each with its whole code, or a DisassemblyError."""
    if path.startswith("[") and path != "[vdso]":
        raise DisassemblyError(f"the code of {path} is in no file", cure="look at its source lines instead")
    return native.disassemble(path, build_id, addresses, symbol_options())


AddressCosts = dict[int, tuple[int, int]]
"""Value and samples by address."""
LONGEST = 15
"""Bytes of an instruction."""


def _at_instructions(costs: AddressCosts, symbols: list[tuple[str, list[native.Instruction]]]) -> AddressCosts:
    """Costs of addresses inside of an instruction as its own: a caller's is the last byte of its call."""
    begins = sorted({one[0] for _, code in symbols for one in code})
    found: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for address, (value, count) in costs.items():
        at = bisect_right(begins, address) - 1
        begin = begins[at] if at >= 0 and address - begins[at] < LONGEST else address
        found[begin] = found[begin][0] + value, found[begin][1] + count
    return dict(found)


def _bare(ground: Basis, path: str, missing: str, costs: AddressCosts) -> list[Assembly]:
    """Addresses without their code."""
    rows = tuple(
        Instruction(address, "", "", None, None, ground.estimate(*cost)) for address, cost in sorted(costs.items())
    )
    return [Assembly(path, "", missing, rows)] if rows else []


def _assembly(ground: Basis, path: str, name: str, code: list[native.Instruction], costs: AddressCosts) -> Assembly:
    """The instructions of a symbol around those on which samples fell."""
    hot = [at for at, one in enumerate(code) if one[0] in costs]
    shown = around(hot, 0, len(code) - 1)
    instructions = tuple(
        Instruction(*code[at], ground.estimate(*costs.get(code[at][0], (0, 0))), gap=at > 0 and at - 1 not in shown)
        for at in shown
    )
    return Assembly(path, name, None, instructions)
