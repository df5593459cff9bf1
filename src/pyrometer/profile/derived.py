"""Metrics that are computed from others: those that everybody wants, those of the file, and the user's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from pyrometer.frozen import frozen
from pyrometer.profile.formula import Formula, Value, parse

if TYPE_CHECKING:
    from pyrometer.profile.data import Metric, ProfileData
from pyrometer.errors import SelectionError

BUILT_IN: tuple[tuple[str, str, str], ...] = (
    # Misses of each level, and KCachegrind's estimate (its terms for what was not simulated are left out).
    ("L1m", "I1mr + D1mr + D1mw", ""),
    ("LLm", "ILmr + DLmr + DLmw", ""),
    ("Bm", "Bcm + Bim", ""),
    ("CEst", "Ir + 10 Bm + 10 L1m + 100 LLm", ""),
    ("CEst", "Ir + 10 L1m + 100 LLm", ""),
    ("CEst", "Ir + 10 Bm", ""),
    # Gungraun's, after Itamar Turner-Trauring: an access costs 1, 5 or 35 by where it hits.
    ("L1-hits", "Ir + Dr + Dw - L1m", ""),
    ("LL-hits", "L1m - LLm", ""),
    ("RAM-hits", "LLm", ""),
    ("estimated-cycles", "L1-hits + 5 LL-hits + 35 RAM-hits", ""),
    ("L1-hit-rate", "L1-hits / (Ir + Dr + Dw)", "share"),
    ("LL-hit-rate", "LL-hits / (Ir + Dr + Dw)", "share"),
    ("RAM-hit-rate", "RAM-hits / (Ir + Dr + Dw)", "share"),
    ("I1-miss-rate", "I1mr / Ir", "share"),
    ("D1-miss-rate", "(D1mr + D1mw) / (Dr + Dw)", "share"),
    ("LL-miss-rate", "LLm / (Ir + Dr + Dw)", "share"),
    ("branch-miss-rate", "Bm / (Bc + Bi)", "share"),
    # Whole programs, as perf stat has them.
    ("CPUs-used", "task-clock / wall-time", ""),
    ("GHz", "cycles / task-clock", ""),
    ("IPC", "instructions / cycles", ""),
    ("branch-miss-rate", "branch-misses / branches", "share"),
    ("cache-miss-rate", "cache-misses / cache-references", "share"),
    # Heap profiles, as DHAT's viewer has them.
    ("average-size", "alloc-bytes / alloc-blocks", "bytes"),
    ("average-lifetime", "lifetime / alloc-blocks", "lifetime"),
    ("reads-per-byte", "read-bytes / alloc-bytes", ""),
    ("writes-per-byte", "written-bytes / alloc-bytes", ""),
    ("short-lived", "average-lifetime <= {short}", "truth"),
)
"""Name, formula and unit; of several with one name, the first whose metrics are there."""
SHORT = {"ns": 10_000, "count": 500}
"""An average lifetime up to this is short: 10 µs or 500 instructions, as dhat-rs and DHAT have it."""
MOST = 200
"""Formulas of a user or a file."""


@frozen
class Derived:
    """A metric with a formula."""

    name: str
    formula: Formula
    unit: str
    """``ns``, ``bytes``, ``count``, ``share`` (shown in percent), ``truth`` (1 or 0), or empty for a plain number."""


class Derivations:
    """The derived metrics of a profile, each after those that it is made of."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._units = {metric.name: metric.unit for metric in metrics}
        self.by_name: dict[str, Derived] = {}

    @property
    def known(self) -> frozenset[str]:
        """Every name a formula can use."""
        return frozenset(self._units) | frozenset(self.by_name)

    def add(self, name: str, text: str, unit: str = "") -> None:
        """Add a metric; a :class:`~pyrometer.SelectionError` if its name is taken by a recorded one."""
        if name in self._units:
            raise SelectionError(f"the profile has a metric {name!r} already", cure="give the derived one another name")
        usable = self.known - {name}
        formula = parse(text, usable)
        if any(name in self._below(part) for part in formula.names):
            raise SelectionError(f"the metric {name!r} is made of itself", cure=f"leave it out of {text!r}")
        self.by_name.pop(name, None)
        self.by_name[name] = Derived(name, formula, self._unit(formula, unit))

    def _unit(self, formula: Formula, unit: str) -> str:
        if unit:
            return self._units.get(unit, unit)
        units = {self._unit_of(name) for name in formula.names}
        summed = formula.degree == "linear" and all(self.is_sum(part) for part in formula.names)
        return units.pop() if summed and len(units) == 1 else ""

    def _unit_of(self, name: str) -> str:
        return self._units[name] if name in self._units else self.by_name[name].unit

    def _below(self, name: str) -> set[str]:
        """All that a metric is made of, derived ones too."""
        below: set[str] = set()
        pending = [name]
        while pending:
            found = self.by_name.get(pending.pop())
            new = found.formula.names - below if found else frozenset()
            below |= new
            pending.extend(new)
        return below

    def is_sum(self, name: str) -> bool:
        """Whether a metric is a sum of recorded ones; what is computed from a ratio is none."""
        formulas = [self.by_name[part].formula for part in {name} | self._below(name) if part in self.by_name]
        return all(formula.degree == "linear" for formula in formulas)

    def needed(self, names: Iterable[str]) -> frozenset[str]:
        """The recorded metrics that these names are made of."""
        every = {part for name in names for part in {name} | self._below(name)}
        return frozenset(every & self._units.keys())

    def evaluate(self, wanted: Iterable[str], recorded: Mapping[str, Value]) -> tuple[Value, ...]:
        """The values of some metrics, from those of the recorded ones."""
        values = dict(recorded)
        return tuple(values[name] if name in values else self._evaluate(name, values) for name in wanted)

    def _evaluate(self, name: str, values: dict[str, Value]) -> Value:
        """The value of a derived metric, which ``values`` has then, with all that it is made of."""
        if name not in values:
            formula = self.by_name[name].formula
            values[name] = formula.evaluate({part: self._evaluate(part, values) for part in formula.names})
        return values[name]


def derivations(profile: ProfileData, user: Mapping[str, str] | None = None) -> Derivations:
    """Those that can be computed from a profile: built in, named in its file, and the ``user``'s (name to formula).

    Later ones take the place of earlier ones with the same name. A formula of a user or a file may be made of others
    that stand before it. Those of a file that cannot be understood are left out, for nobody here wrote them.
    """
    found = Derivations(profile.metric_list)
    short = short_lifetime(profile)
    for name, text, unit in BUILT_IN:
        if name not in found.known:
            _try(found, name, text.format(short=short), unit)
    of_file = profile.meta.extra.get("derived_metrics")
    for name, text in list(of_file.items() if isinstance(of_file, dict) else ())[:MOST]:
        _try(found, str(name), str(text))
    if user is not None and len(user) > MOST:
        raise SelectionError(f"{len(user)} derived metrics", cure=f"give {MOST} at most")
    for name, text in (user or {}).items():
        found.add(name, text)
    return found


def _try(found: Derivations, name: str, text: str, unit: str = "") -> None:
    # A metric that was not recorded, or a formula of the file that is none.
    with suppress(SelectionError):
        found.add(name, text, unit)


def short_lifetime(profile: ProfileData) -> int:
    """Up to which average a lifetime is short: as a file of DHAT says, or by its unit."""
    about = profile.meta.extra.get("dhat")
    given = about.get("tuth") if isinstance(about, dict) else None
    unit = next((metric.unit for metric in profile.metric_list if metric.name == "lifetime"), "")
    return given if isinstance(given, int) and given >= 0 else SHORT.get(unit, 500)


def stacks_where(profile: ProfileData, conditions: Iterable[str]) -> list[int]:
    """The rows of ``stacks`` in which samples end for which every formula holds, as it is of their own sums.

    Of a heap profile these are allocation points: ``average-size <= 16``, ``short-lived``, ``read-bytes <= 0``.
    """
    known = derivations(profile)
    formulas = {condition: parse(condition, known.known) for condition in conditions}
    values = {metric.name: profile.native.stack_values(at) for at, metric in enumerate(profile.metric_list)}
    # A stack on which no sample ends is no point: it has no values that anything could hold for.
    points = [at for at, some in enumerate(zip(*values.values(), strict=True)) if any(some)]
    return [at for at in points if _holds(formulas.values(), known, {name: of[at] for name, of in values.items()})]


def _holds(formulas: Iterable[Formula], known: Derivations, recorded: dict[str, int]) -> bool:
    for formula in formulas:
        names = tuple(formula.names)
        if not formula.evaluate(dict(zip(names, known.evaluate(names, recorded), strict=True))):
            return False
    return True
