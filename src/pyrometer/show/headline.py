"""What a profile is of, and how good it is, in a few lines."""

from __future__ import annotations

import re
import shlex
from signal import Signals

from pyrometer.analyze import Summary
from pyrometer.profile import Meta, units
from pyrometer.show import words
from pyrometer.show.grid import printable, shorten


def headline(view: Summary, width: int = 80) -> list[str]:
    """What was recorded, how long, how well, and into which file: a line each, but figures are never cut."""
    command = shorten(printable(f"{what(view.meta)} · {ending(view.meta)}"), width)
    cost = shorten(printable(_cost(view)), width)
    figures = [_size(view), words.quality(view.basis)]
    wrapped = [line for figure in figures for line in fold(printable(figure), width)]
    return [line for line in (command, *wrapped, cost) if line]


def fold(figures: str, width: int) -> list[str]:
    """Figures in lines of at most ``width``, broken between figures, never inside of one."""
    lines: list[str] = []
    for figure in re.split(r"(?<=[,·]) ", figures):
        if lines and len(lines[-1]) + 1 + len(figure) <= width:
            lines[-1] += f" {figure}"
        else:
            lines.append(figure)
    return lines


def _size(view: Summary) -> str:
    meta = view.meta
    cpus = "" if view.cpus_used is None else f", {view.cpus_used:.2f} CPUs used"
    rate = f" at {meta.rate:,} Hz" if meta.rate else ""
    totals = ", ".join(f"{each.metric.name} {units.value(each.total, each.metric.unit)}" for each in view.metrics)
    length = f"{units.duration(meta.duration)}{cpus} · " if meta.duration else ""
    samples = f"{words.plural(meta.quality.samples, 'sample')}{rate} · " if _is_sampled(view) else ""
    return f"{length}{samples}{totals}"


def _is_sampled(view: Summary) -> bool:
    """Rows of what is counted are no samples: they follow the lines or allocation points of the program."""
    return any(each.metric.kind != "exact" for each in view.metrics) or not view.metrics


def what(meta: Meta) -> str:
    """The command, or the processes attached to."""
    if meta.command:
        return " ".join(shlex.quote(word) for word in meta.command)
    if meta.attached:
        return f"process {', '.join(map(str, meta.attached))}"
    return meta.instrument or "profile"


def ending(meta: Meta) -> str:
    """How the program ended; of another tool's file, its format."""
    if meta.source:
        return f"read from {meta.source}" if meta.complete else f"read from {meta.source}, not all of it"
    if not meta.complete:
        return "the recording has no end"
    if meta.attached:
        return "attached"
    if meta.exit_status is None:
        return "still running" if meta.command or meta.instrument != "counts" else "counted lines"
    if meta.exit_status < 0:
        return f"ended by {signal_name(-meta.exit_status)}"
    return f"exit status {meta.exit_status}"


def signal_name(number: int) -> str:
    """``SIGSEGV`` for 11; the number for a signal without a name."""
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def _cost(view: Summary) -> str:
    recorder = view.meta.recorder
    parts = []
    if recorder.cpu_time:
        parts.append(f"recorder: {units.duration(recorder.cpu_time)} CPU, {units.size(recorder.peak_memory)}")
    if view.file and view.bytes_on_disk is not None:
        samples = view.meta.quality.samples
        each = f", {view.bytes_on_disk / samples:.0f} bytes a sample" if samples else ""
        parts.append(f"{view.file}: {units.size(view.bytes_on_disk)}{each if _is_sampled(view) else ''}")
    return " · ".join(parts)
