"""Counting processes that run already, for a while or until they end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pyrometer import native
from pyrometer.collect.interrupt import passed_on
from pyrometer.collect.pids import check_pids
from pyrometer.collect.stat.groups import wanted_groups
from pyrometer.collect.stat.runs import Counted, Runs
from pyrometer.errors import ProcessNotFoundError
from pyrometer.profile import ProfileData

_REMARKS = {
    "user-time": "user-time, system-time: in steps of the clock that the kernel tells them by, often 10 ms",
    "peak-memory": "peak-memory: of a process' whole life",
}
_ENDED = "the kernel tells it of processes that live"


def stat_running(
    pids: Sequence[int],
    *,
    groups: Sequence[Sequence[str]] = (),
    repeat: int = 1,
    duration: float | None = None,
    told: Callable[[int, int], None] | None = None,
) -> ProfileData:
    """Count what processes do, each alone, with their threads and the children that they have from now on.

    ``groups`` are names of events, those of a group counted together. ``duration`` is in seconds, without one it is
    until they have ended; ``repeat`` intervals of it follow each other. ``told`` hears after each how many are done, of
    how many. A signal that asks us to end is not theirs: it ends the counting. Whole intervals are kept, and one that
    was cut off if it is the only one.

    A :class:`~pyrometer.ProcessNotFoundError` for one that is not there, or that has ended before anything was counted.
    """
    native.require_recording()
    if duration is not None and not 0 < duration < math.inf:
        raise ValueError(f"duration is a number of seconds above 0, not {duration}")
    if repeat > 1 and duration is None:
        raise ValueError("several intervals need a duration")
    if repeat < 1:
        raise ValueError(f"repeat is a number from 1, not {repeat}")
    check_pids(pids)
    wanted = wanted_groups(groups)
    pids = list(dict.fromkeys(pids))
    runs = Runs([_command(pid) for pid in pids], pids, why_unknown=_ENDED)
    started, clock = time.time_ns(), time.monotonic_ns()
    with passed_on() as interrupted:
        for number in range(repeat):
            if interrupted() or _interval(runs, wanted, duration):
                break
            if told:
                told(number + 1, repeat)
    done = max(sum(row["command"] == at for row in runs.rows) for at in range(len(pids)))
    if done < repeat and repeat > 1:
        runs.remarks.append(f"ended after {done} of {repeat} intervals")
    runs.end()
    runs.remarks += [remark for name, remark in _REMARKS.items() if any(name in row["values"] for row in runs.rows)]
    return runs.profile(started, clock, time.monotonic_ns() - clock)


def _interval(runs: Runs, groups: list[list[str]], duration: float | None) -> bool:
    """Count once; whether that was the end."""
    began = time.monotonic_ns()
    try:
        processes, wall, stopped = native.stat_running(runs.pids, groups, duration)
    except ProcessNotFoundError:
        if not runs.rows:
            raise
        return True
    for pid, totals, times, memory in processes:
        runs.group(groups, totals)
        always = (wall, *(times or (None, None)), memory)
        runs.put(runs.pids.index(pid), began, Counted(totals, always, cut=stopped))
    return stopped


def _command(pid: int) -> list[str]:
    """The words of a process' command line; its name where it has none, as the kernel's own."""
    folder = Path("/proc", str(pid))
    try:
        words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        words = words if words != [b""] else [(folder / "comm").read_bytes().strip()]
    except OSError:
        words = [b"?"]
    return [word.decode(errors="replace") for word in words]
