"""What a profile says about its own quality, and what of that can be cured."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from pyrometer.analyze.basis import weigh
from pyrometer.diagnosis.finding import Check, Found, Run, Severity
from pyrometer.frozen import frozen
from pyrometer.profile import Meta, ProfileData, units

WORTH_SAYING = 0.01
"""A share of the samples below which a gap is a note."""


@frozen
class Gap:
    """A binary that lacks something, and its share of the samples."""

    path: str
    sentence: str
    """What is missing and how to get it: ``binaries.missing``."""
    share: float


@frozen
class Recorded:
    """What a profile says about itself."""

    file: str
    meta: Meta
    gaps: tuple[Gap, ...]
    """The largest share first."""


def read_recorded(profile: ProfileData) -> Recorded:
    """The facts of a profile: one pass over its samples."""
    counts: Counter[str] = Counter()
    if profile.metric_list:
        weights = weigh(profile, {}).weights
        for row in weights.functions({"inverted": False, "fold_generics": False, "collapse_runtime": False}):
            counts[row.binary or ""] += row.self_count
    total = sum(counts.values()) or 1
    lacking = {row["path"]: row["missing"] for row in profile.binaries.rows() if row["missing"]}
    gaps = [Gap(path, sentence, counts[path] / total) for path, sentence in lacking.items()]
    gaps.sort(key=lambda gap: (-gap.share, gap.path))
    return Recorded(str(profile.path or ""), profile.meta, tuple(gaps))


def _again(recorded: Recorded, options: str) -> Run:
    command = " ".join(map(shlex.quote, recorded.meta.command)) or "PROGRAM"
    return Run(f"pyrometer record {options} -- {command}")


def _share(part: int, whole: int) -> str:
    share = part / whole if whole else 0.0
    return f"{part:,} ({_percent(share)} %)"


def _percent(share: float) -> str:
    return "< 0.1" if 0 < share < 0.0005 else units.percent(share)


def _severity(part: int, whole: int) -> Severity:
    return "limits" if part >= WORTH_SAYING * max(whole, 1) else "note"


def _empty(recorded: Recorded) -> Iterator[Found]:
    if not recorded.meta.quality.samples and recorded.meta.instrument in ("record", ""):
        yield Found("it has no samples: the program used too little CPU time", _again(recorded, "--rate 9999"))


def _lost(recorded: Recorded) -> Iterator[Found]:
    found = recorded.meta.quality
    if found.lost:
        rate = max(1, recorded.meta.rate // 4)
        what = f"{_share(found.lost, found.samples + found.lost)} of the samples were lost"
        yield Found(
            what, _again(recorded, f"--rate {rate}"), severity=_severity(found.lost, found.samples + found.lost)
        )


def _throttled(recorded: Recorded) -> Iterator[Found]:
    found = recorded.meta.quality
    if found.throttled:
        time = f", for {units.duration(found.throttled_time)}" if found.throttled_time else ""
        what = f"the kernel throttled sampling {found.throttled:,} times{time}"
        yield Found(what, Run(f"sudo sysctl kernel.perf_cpu_time_max_percent=0 && {_again(recorded, '')}"))


def _truncated(recorded: Recorded) -> Iterator[Found]:
    found = recorded.meta.quality
    if found.truncated:
        program = shlex.quote(recorded.meta.command[0]) if recorded.meta.command else "PROGRAM"
        what = f"{_share(found.truncated, found.samples)} of the stacks have no root"
        yield Found(what, Run(f"pyrometer doctor {program}"), severity=_severity(found.truncated, found.samples))


def _unsymbolized(recorded: Recorded) -> Iterator[Found]:
    found = recorded.meta.quality
    if found.unsymbolized:
        what = f"{_share(found.unsymbolized, found.samples)} of the samples are in functions without a name"
        yield Found(what, Run(_symbolize(recorded)), severity=_severity(found.unsymbolized, found.samples))


def _symbolize(recorded: Recorded) -> str:
    return f"pyrometer symbolize {shlex.quote(recorded.file or 'FILE')} --debug-path DIR"


def _missing(recorded: Recorded) -> Iterator[Found]:
    for gap in recorded.gaps:
        # The sentence begins with the path, which may have a colon itself.
        said = gap.sentence.removeprefix(gap.path)
        lacks, _, cure = f"it{said}".partition(": ") if said != gap.sentence else said.partition(": ")
        lost = "rebuilt" in lacks or "generated" in lacks
        yield Found(
            f"{lacks.partition(', so ')[0]} ({_percent(gap.share)} % of the samples)",
            cure if lost else Run(_symbolize(recorded), f"{cure}; or:"),
            severity="limits" if gap.share >= WORTH_SAYING else "note",
            where=gap.path,
        )


def _incomplete(recorded: Recorded) -> Iterator[Found]:
    if not recorded.meta.complete:
        yield Found("the recording was interrupted: it ends before the program did", _again(recorded, ""))


def _notes(recorded: Recorded) -> Iterator[Found]:
    said = {gap.sentence for gap in recorded.gaps}
    for note in recorded.meta.notes:
        if note not in said:
            what, _, cure = note.partition("To see it: ")
            yield Found(what.rstrip(" ."), Run(cure) if cure.startswith("sudo ") else cure or "none known")


CHECKS = (
    Check(
        "no-samples",
        "profile",
        "limits",
        "a profile without samples",
        "There is nothing to show.",
        "a longer run, or a higher `--rate`",
        _empty,
    ),
    Check(
        "samples-lost",
        "profile",
        "limits",
        "lost samples",
        "They are missing where the program was busiest, so that shares are wrong.",
        "a lower `--rate`, larger ring buffers",
        _lost,
    ),
    Check(
        "throttled",
        "profile",
        "limits",
        "throttled events",
        "The kernel took fewer samples than asked while it did so.",
        "`sudo sysctl kernel.perf_cpu_time_max_percent=0`",
        _throttled,
    ),
    Check(
        "stacks-truncated",
        "profile",
        "limits",
        "stacks without a root",
        "Their time is missing from the totals of the callers that are not known.",
        "`pyrometer doctor PROGRAM` says why",
        _truncated,
    ),
    Check(
        "names-missing",
        "profile",
        "limits",
        "samples in functions without a name",
        "They are shown as addresses.",
        "`pyrometer symbolize FILE --debug-path DIR`",
        _unsymbolized,
    ),
    Check(
        "binary-lacks-info",
        "profile",
        "limits",
        "binaries that lack names, lines, or inlined calls",
        "What was inlined there counts as its caller's time, and has no line.",
        "`pyrometer symbolize FILE --debug-path DIR`, or a new recording",
        _missing,
    ),
    Check(
        "interrupted",
        "profile",
        "note",
        "an interrupted recording",
        "What is there is right; the rest was never recorded.",
        "record again",
        _incomplete,
    ),
    Check(
        "recorder-note",
        "profile",
        "note",
        "what the recorder noted",
        "It was so while recording.",
        "as the note says",
        _notes,
    ),
)
"""Checks of a profile, the most harmful first."""
