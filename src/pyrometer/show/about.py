"""What the viewer's page says beside its numbers: what was run, on what, and what is missing.

The fields are those of ``viewer/src/data/about.ts``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from pyrometer.analyze import Basis, diff, weigh
from pyrometer.errors import SelectionError
from pyrometer.profile import Meta, ProfileData, units
from pyrometer.profile.derived import short_lifetime
from pyrometer.show import words
from pyrometer.show.headline import ending, what


def about(profile: ProfileData, title: str = "", base: ProfileData | None = None) -> str:
    """The JSON text; ``title`` in place of the command, ``base`` is what the profile is compared with."""
    meta = profile.meta
    sides = [profile] if base is None else [profile, base]
    bases = [_bases(side) for side in sides]
    pairs = [] if base is None else _pairs(*bases)
    found = {
        "program": _program(meta),
        "title": title or _title(profile, base),
        "facts": [[{"name": name, "text": text} for name, text in _facts(side)] for side in sides],
        "missing": [_missing(side.meta, of[:1]) for side, of in zip(sides, bases, strict=True)],
        "notes": list(dict.fromkeys(note for side in sides for note in side.meta.notes)),
        "remarks": list(dict.fromkeys(line for of in bases for basis in of[:1] for line in _remarks(basis))),
        "metrics": [_metric(basis) for of in bases for basis in of],
        "own": len(bases[0]),
        "pairs": pairs,
        "noise": [] if base is None else [_noise(profile, base, bases[0][own].metric.name) for own, _ in pairs],
        "threads": [] if base is not None else _threads(profile),
        "duration": meta.duration,
        "clock": _clock(meta),
        "heap": _heap(profile),
        "creator": meta.creator,
    }
    return json.dumps(found, ensure_ascii=False)


def _remarks(basis: Basis) -> list[str]:
    """With what a page shows of estimated stacks, where texts show no stacks."""
    rest = ["[not expanded] is what contexts below 0.01 % of the whole have together"]
    return [*words.remarks(basis), *(rest if basis.paths == "estimate" else [])]


def _bases(profile: ProfileData) -> list[Basis]:
    return [weigh(profile, {"metric": metric.name}, estimate=True).basis for metric in profile.metric_list]


def _title(profile: ProfileData, base: ProfileData | None) -> str:
    if base is None:
        return what(profile.meta)
    return " → ".join(side.path.name if side.path else what(side.meta) for side in (base, profile))


def _pairs(after: list[Basis], before: list[Basis]) -> list[tuple[int, int]]:
    """Metrics that both have: as rows of the first, and of the second after all of the first."""
    known = {(basis.metric.name, basis.metric.unit): row for row, basis in enumerate(before, len(after))}
    keys = [(basis.metric.name, basis.metric.unit) for basis in after]
    pairs = [(row, known[key]) for row, key in enumerate(keys) if key in known]
    if not pairs:
        raise SelectionError(
            "the two profiles have no metric in common",
            f"one has {_names(after)}, the other {_names(before)}",
            "look at each by itself",
        )
    return pairs


def _names(bases: list[Basis]) -> str:
    return ", ".join(f"{basis.metric.name} ({basis.metric.unit})" for basis in bases) or "none"


def _noise(profile: ProfileData, base: ProfileData, metric: str) -> list[str]:
    """Functions whose own difference may be chance, all differences tested together.

    With allocators, as the page has them.
    """
    rows = diff(base, profile, metric=metric, hide_allocators=False).rows
    return [row.name for row in rows if not row.is_real]


def _program(meta: Meta) -> str:
    return PurePath(meta.command[0]).name if meta.command else what(meta)


def _facts(profile: ProfileData) -> list[tuple[str, str]]:
    """Name and text of what is known."""
    meta = profile.meta
    facts = [("ended", ending(meta))]
    if meta.duration:
        facts.append(("ran for", units.duration(meta.duration)))
    if meta.cpu_time is not None:
        cpus = f", {meta.cpu_time / meta.duration:.2f} CPUs" if meta.duration else ""
        facts.append(("CPU time", f"{units.duration(meta.cpu_time)}{cpus}"))
    facts += _amount(profile)
    if meta.start_wall:
        recorded = datetime.fromtimestamp(meta.start_wall / 1e9, UTC)
        facts.append(("recorded", f"{recorded:%Y-%m-%d %H:%M} UTC"))
    if meta.host.cpu_model or meta.host.cpus:
        facts.append(("on", _machine(meta)))
    return facts


def _amount(profile: ProfileData) -> list[tuple[str, str]]:
    """How much there is: of what is counted, rows of the table are no samples, and the first metric says it."""
    meta = profile.meta
    if profile.metric_list and all(metric.kind == "exact" for metric in profile.metric_list):
        first = _bases(profile)[0]
        return [(first.metric.name, units.value(first.total, first.metric.unit))]
    samples = meta.quality.samples or profile.native.sample_count()
    return [("samples", f"{samples:,}{f' at {meta.rate:,} Hz' if meta.rate else ''}")]


def _machine(meta: Meta) -> str:
    host = meta.host
    parts = [
        host.cpu_model,
        words.plural(host.cpus, "CPU") if host.cpus else "",
        host.kernel and f"Linux {host.kernel}",
    ]
    return ", ".join(part for part in parts if part)


def _missing(meta: Meta, bases: Sequence[Basis]) -> list[dict[str, Any]]:
    """Of a recording of ours, by the basis of its first metric; other tools do not say what they lost."""
    if meta.source:
        return []
    found = words.missing(meta.quality, bases[0].metric if bases else None)
    parts = [{"text": text, "bad": bad} for text, bad in found]
    return parts if meta.complete else [*parts, {"text": "the recording has no end", "bad": True}]


def _metric(basis: Basis) -> dict[str, Any]:
    metric = basis.metric
    return {
        "name": metric.name,
        "unit": metric.unit,
        "kind": metric.kind,
        "description": metric.description,
        "total": basis.total,
        "samples": basis.samples,
        "effective": basis.effective_samples,
    }


def _clock(meta: Meta) -> str:
    """The unit of the times of series: ``ns``, or what a program did until then."""
    return {"i": "instructions", "B": "bytes"}.get(str(meta.extra.get("time_unit")), "ns")


def _heap(profile: ProfileData) -> dict[str, Any]:
    """The unit of lifetimes, the longest that is short, and when the program ended, as far as a file says."""
    about = profile.meta.extra.get("dhat")
    known = about if isinstance(about, dict) else {}
    return {
        "unit": str(known.get("tu") or ""),
        "short": short_lifetime(profile),
        "end": known.get("te") if isinstance(known.get("te"), int) else 0,
    }


def _threads(profile: ProfileData) -> list[dict[str, Any]]:
    processes = list(profile.processes.rows())
    return [
        {
            "name": thread["name"],
            "tid": thread["tid"],
            "process": processes[thread["process"]]["name"],
            "pid": processes[thread["process"]]["pid"],
        }
        for thread in profile.threads.rows()
    ]
