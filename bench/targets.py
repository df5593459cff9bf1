"""The targets, what was measured for each, and whether it is met."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import counted_lines, debug_info, files, perf_data
from bench.overhead import Comparison
from bench.ratios import Centre, centre
from bench.recorders import FLOOR
from bench.results import Results

OURS = "pyrometer"
FASTER_THAN_RUSTFILT = 5
MOST_LOOKUP_SECONDS, LEAST_DEBUG_INFO = 5, 500e6
#: Words on why a target is missed, written by hand after a run.
WHY = Path(__file__).with_name("why.toml")


@dataclass(frozen=True)
class Outcome:
    """One target as measured."""

    name: str
    target: str
    measured: str
    met: bool | None
    """``None``: it could not be measured, or the interval has room for both."""
    why: str = ""


def judge(results: Results, targets: "dict[str, Target]") -> list[Outcome]:
    """Every target, in order."""
    why = tomllib.loads(WHY.read_text()) if WHY.exists() else {}
    return [_judge_one(name, target, measure, results, why) for name, (target, measure) in targets.items()]


def _judge_one(name: str, target: str, measure: "Measure", results: Results, why: dict[str, str]) -> Outcome:
    measured, met = measure(results)
    return Outcome(name, target, measured, met, "" if met else why.get(name, ""))


Measure = Callable[[Results], tuple[str, bool | None]]
Target = tuple[str, Measure]
NOT_MEASURED = ("not measured", None)


def _ours(results: Results, *rates: int) -> list[Comparison]:
    """The comparisons at these rates, or at all, in which we took part."""
    chosen = [comparison for comparison in results.comparisons if not rates or comparison.rate in rates]
    return [comparison for comparison in chosen if comparison.runs.get(OURS)]


def _slowdown(results: Results) -> tuple[str, bool | None]:
    found = [(comparison.load.name, comparison.slowdown(OURS)) for comparison in _ours(results, 999)]
    text = "; ".join(f"{name} {ratio.percent_over_one()}" for name, ratio in found)
    return (text, _at_most([ratio for _, ratio in found], 1.01, 1.01)) if found else NOT_MEASURED


def _at_most(ratios: Iterable[Centre], shown: float, refuted: float) -> bool | None:
    """Whether all are: ``True`` if no interval passes ``shown``, ``False`` if one lies beyond ``refuted``."""
    known = list(ratios)
    if any(ratio.low > refuted for ratio in known):
        return False
    return True if all(ratio.high <= shown for ratio in known) else None


def _never_above_peers(results: Results) -> tuple[str, bool | None]:
    found = [
        (f"{comparison.load.name} at {comparison.rate} Hz against {peer}", comparison.against(OURS, peer))
        for comparison in _ours(results)
        for peer in comparison.runs
        if peer not in (OURS, FLOOR)
    ]
    text = "; ".join(f"{name} {ratio.percent_over_one()}" for name, ratio in found)
    return (text, _at_most([ratio for _, ratio in found], 1.01, 1.0)) if found else NOT_MEASURED


def _lost(results: Results) -> tuple[str, bool | None]:
    found = [(comparison, comparison.lost(OURS)) for comparison in _ours(results)]
    text = "; ".join(f"{comparison.load.name} at {comparison.rate} Hz: {lost}" for comparison, lost in found)
    return (text, all(lost == 0 for _, lost in found)) if found else NOT_MEASURED


def _cpu_per_sample(results: Results) -> tuple[str, bool | None]:
    found = [
        (comparison, comparison.typical(OURS, "own microseconds a sample")) for comparison in _ours(results, 4_999)
    ]
    text = "; ".join(
        f"{comparison.load.name} {own:.1f} µs (with start, symbols and file: "
        f"{comparison.typical(OURS, 'microseconds a sample'):.1f} µs)"
        for comparison, own in found
    )
    return (text, all(own <= 8 for _, own in found)) if found else NOT_MEASURED


def _memory(results: Results) -> tuple[str, bool | None]:
    if results.scale is None:
        return NOT_MEASURED
    scale = results.scale
    return f"{scale.peak / 1e6:.0f} MB for {scale.samples:,} samples, {scale.lost:,} lost", scale.peak <= 128e6


def _disk(results: Results) -> tuple[str, bool | None]:
    found = [(comparison, comparison.typical(OURS, "bytes a sample")) for comparison in _ours(results)]
    parts = [f"{comparison.load.name} at {comparison.rate} Hz {size:.1f} B" for comparison, size in found]
    sizes = [size for _, size in found]
    if results.scale is not None:
        sizes.append(results.scale.bytes / results.scale.samples)
        parts.append(f"{results.scale.samples:,} samples {sizes[-1]:.1f} B")
    return ("; ".join(parts), all(size <= 64 for size in sizes)) if sizes else NOT_MEASURED


def _picture(results: Results) -> tuple[str, bool | None]:
    found = [picture for picture in results.pictures if picture.chain.startswith(OURS) and not picture.failure]
    text = "; ".join(f"{picture.chain}: {picture.seconds:.2f} s" for picture in found)
    return (text, all(picture.seconds < 1 for picture in found)) if found else NOT_MEASURED


def _picture_ratio(results: Results) -> tuple[str, bool | None]:
    times = {picture.chain: picture for picture in results.pictures if not picture.failure}
    ours, theirs = times.get("pyrometer flamegraph -- PROGRAM"), times.get("perf script --inline, inferno")
    if ours is None or theirs is None:
        return NOT_MEASURED
    ratio = theirs.seconds / ours.seconds
    at_least = "at least " if theirs.stopped else ""
    return f"{at_least}{ratio:.0f} times ({ours.seconds:.2f} s against {theirs.seconds:.1f} s)", ratio >= 20


def _second_opening(results: Results) -> tuple[str, bool | None]:
    seconds = results.second_opening
    return (f"{seconds:.2f} s", seconds < 0.3) if seconds is not None else NOT_MEASURED


def _help(results: Results) -> tuple[str, bool | None]:
    seconds = results.help_time
    return (f"{1000 * seconds:.0f} ms", seconds < 0.1) if seconds is not None else NOT_MEASURED


def _demangling(results: Results) -> tuple[str, bool | None]:
    measured = results.demangling
    if measured is None:
        return NOT_MEASURED
    ratio = measured.times_faster("rustfilt")
    text = f"{ratio.value:.1f} times ({ratio.low:.1f} … {ratio.high:.1f})"
    return text, False if ratio.high < FASTER_THAN_RUSTFILT else (True if ratio.low >= FASTER_THAN_RUSTFILT else None)


def _lookup_time(results: Results) -> tuple[str, bool | None]:
    found = results.lookups
    if found is None:
        return NOT_MEASURED
    times = [centre(found.seconds[name]) for name in (debug_info.OURS, debug_info.WHOLE)]
    text = f"{found.addresses:,} addresses, {found.debug_info / 1e6:.0f} MB: {times[0].value:.1f} s"
    text += f"; pyrometer symbolize, from profile to profile, {times[1].value:.1f} s"
    return text, all(time.high <= MOST_LOOKUP_SECONDS for time in times) and found.debug_info >= LEAST_DEBUG_INFO


def _lookup_ratio(peer: str, least: float) -> Measure:
    def measure(results: Results) -> tuple[str, bool | None]:
        found = results.lookups
        if found is None:
            return NOT_MEASURED
        ratio = found.times_faster(peer)
        stopped = "at least " if peer in found.stopped else ""
        text = f"{stopped}{ratio.value:.1f} times ({ratio.low:.1f} … {ratio.high:.1f})"
        return text, True if ratio.low >= least else (False if ratio.high < least else None)

    return measure


def _lookup_names(results: Results) -> tuple[str, bool | None]:
    found = results.lookups
    if found is None or not found.common:
        return NOT_MEASURED
    parts = [
        f"{peer}: {found.common[peer]} of {debug_info.MOST_COMMON}, {100 * share:.2f} % of all chains"
        for peer, share in found.agreement.items()
    ]
    return "; ".join(parts), all(count == debug_info.MOST_COMMON for count in found.common.values())


def _coverage(results: Results) -> tuple[str, bool | None]:
    found = results.coverage
    if found is None:
        return NOT_MEASURED
    text = f"{100 * found.with_line:.2f} % with a line, {100 * found.whole_chain:.2f} % with the whole chain"
    return f"{text}, of {found.samples:,} user samples", found.with_line >= 0.99 and found.whole_chain >= 0.95


def _race(name: str, peer: str, least: float, ours: str = files.OURS) -> Measure:
    """Whether we are so many times faster than a peer, and whether what both print agrees."""

    def measure(results: Results) -> tuple[str, bool | None]:
        found = results.files.races.get(name)
        if found is None or peer not in found.seconds:
            return NOT_MEASURED
        ratio = found.times_faster(peer, ours)
        stopped = "at least " if peer in found.stopped else ""
        text = f"{stopped}{ratio.value:.1f} times ({ratio.low:.1f} … {ratio.high:.1f})"
        if found.agrees is False:
            return f"{text}; {found.agreement}", False
        return text, True if ratio.low >= least else (False if ratio.high < least else None)

    return measure


def _recording(kind: perf_data.Kind, least: float) -> Measure:
    """From an empty cache and from a filled one, against names alone and against all that perf can tell."""
    name = f"perf.data, {kind.name}"
    peers = {
        files.PERF: "names alone",
        (files.PERF_INLINED if kind.copies else files.PERF_LINES): "inlined calls" if kind.copies else "lines",
    }

    def measure(results: Results) -> tuple[str, bool | None]:
        parts, verdicts = [], []
        for ours in (files.COLD, files.WARM):
            for peer, told in peers.items():
                text, met = _race(name, peer, least, ours)(results)
                if text == NOT_MEASURED[0]:
                    return NOT_MEASURED
                parts.append(f"{ours.removeprefix('pyrometer, ')} against {told}: {text}")
                verdicts.append(met)
        # An empty cache is what a first look has. Inlined calls are asked for; where perf tells none, it is measured as
        # it is.
        return "; ".join(parts), verdicts[1 if kind.copies else 0]

    return measure


def _rate(tool: str, least: float) -> Measure:
    def measure(results: Results) -> tuple[str, bool | None]:
        found = results.files.rates.get(tool)
        if not found:
            return NOT_MEASURED
        rate = centre(found)
        text = f"{rate.value:.0f} MB/s ({rate.low:.0f} … {rate.high:.0f})"
        return text, True if rate.low >= least else (False if rate.high < least else None)

    return measure


RECORDING: dict[str, Target] = {
    "slowdown": ("of the program at 999 Hz ≤ 1 %", _slowdown),
    "peers": ("slowdown never above perf's and samply's (shown if at most 1 % is possible)", _never_above_peers),
    "lost": ("0 samples, also at 4,999 Hz", _lost),
    "recorder CPU": ("≤ 8 µs a sample, kernel copy aside", _cpu_per_sample),
    "memory": ("≤ 128 MB for five million samples", _memory),
    "disk": ("≤ 64 bytes a sample", _disk),
    "picture": ("< 1 s from ripgrep's end to the flame graph", _picture),
    "picture ratio": ("≥ 20 times faster than perf script and inferno, inlines on", _picture_ratio),
    "second opening": ("< 0.3 s", _second_opening),
    "help": ("pyrometer --help < 100 ms", _help),
}

NAMES: dict[str, Target] = {
    "demangling": (f"≥ {FASTER_THAN_RUSTFILT} times faster than rustfilt on 100 MB of nm output", _demangling),
    "lookups": ("300,000 addresses in ≥ 500 MB of debug info, inlined calls too, in ≤ 5 s", _lookup_time),
    "addr2line": ("≥ 10 times faster than addr2line -i of binutils", _lookup_ratio("addr2line", 10)),
    "llvm-symbolizer": ("no slower than llvm-symbolizer", _lookup_ratio("llvm-symbolizer", 1)),
    "names": ("the 100 most common names agree with both", _lookup_names),
    "coverage": ("of ripgrep with debug = 1, ≥ 99 % of user samples get a line, ≥ 95 % the whole chain", _coverage),
}

DWARF, FRAME_POINTERS = perf_data.KINDS
FILES: dict[str, Target] = {
    "perf script text": (
        "collapsed ≥ 5 times faster than inferno-collapse-perf, both on one core, the same lines",
        _race("perf script text", files.INFERNO, 5),
    ),
    "callgrind.out": ("read at ≥ 200 MB/s", _rate("callgrind.out", 200)),
    "cachegrind.out": ("read at ≥ 200 MB/s", _rate("cachegrind.out", 200)),
    "callgrind_annotate": (
        "shown ≥ 50 times faster, the same totals",
        _race("callgrind.out", "callgrind_annotate", 50),
    ),
    "cg_annotate": ("shown ≥ 20 times faster, the same totals", _race("cachegrind.out", "cg_annotate", 20)),
    "heaptrack_print": (
        "the first table ≥ 3 times faster, the same totals",
        _race("heaptrack", "heaptrack_print", 3),
    ),
    "perf.data, stack copies": (
        "with symbols and inlined calls ≥ 10 times faster than perf script",
        _recording(DWARF, 10),
    ),
    "perf.data, frame pointers": (
        "with symbols and inlined calls ≥ 20 times faster than perf script",
        _recording(FRAME_POINTERS, 20),
    ),
}

COUNTS: dict[str, Target] = {
    race: (
        "≥ 10 times faster than counts, the same table"
        + ("" if share == 1 else f"; {share:g} of the file and its keys"),
        _race(race, counted_lines.PEER, 10),
    )
    for shape in counted_lines.SHAPES
    for mode, share in counted_lines.MODES.items()
    for race in [counted_lines.name(shape, mode)]
}
