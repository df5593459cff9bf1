"""Counting without sampling: programs are run, once or again and again, and what each run cost is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pyrometer import native
from pyrometer.collect.interrupt import passed_on
from pyrometer.collect.program import find_program
from pyrometer.collect.stat.groups import wanted_groups
from pyrometer.collect.stat.runs import Counted, Runs
from pyrometer.profile import ProfileData

_SMALL = "not more than Pyrometer had itself when it started the program, which the kernel counts too"


def stat(  # noqa: PLR0913  one keyword an option
    commands: Sequence[Sequence[str]],
    *,
    groups: Sequence[Sequence[str]] = (),
    repeat: int = 1,
    warmup: int = 0,
    discard: bool = False,
    told: Callable[[int, int], None] | None = None,
) -> tuple[ProfileData, int]:
    """Run each command ``repeat`` times, in turns, after ``warmup`` runs that do not count.

    ``groups`` are names of events, those of a group counted together. ``discard``: what the programs print goes
    nowhere. ``told`` hears after each run how many are done, of how many. A signal that asks us to end, Ctrl-C too,
    goes to the program and ends the repetition; whole runs are kept, and a run that was cut off if it is the only one.

    The profile, and the exit status of the first run that failed, or 0. A :class:`ValueError` for no commands, and for
    numbers of runs that are none.
    """
    native.require_recording()
    if not commands:
        raise ValueError("there is no command to be counted")
    if repeat < 1 or warmup < 0:
        raise ValueError(f"repeat is a number from 1 and warmup one from 0, not {repeat} and {warmup}")
    for command in commands:
        find_program(command[0])
    runs = Runs(commands, why_unknown=_SMALL)
    wanted = wanted_groups(groups)
    rounds = warmup + repeat
    started, clock = time.time_ns(), time.monotonic_ns()
    with passed_on() as interrupted:
        for at in range(rounds * len(commands)):
            if interrupted():
                break
            number, command = divmod(at, len(commands))
            if _run(runs, command, wanted, discard, counts=number >= warmup):
                break
            if told:
                told(at + 1, rounds * len(commands))
    runs.end()
    return runs.profile(started, clock, time.monotonic_ns() - clock), runs.status


def _run(runs: Runs, command: int, groups: list[list[str]], discard: bool, *, counts: bool) -> bool:
    """Run a command once; whether somebody wanted it to end."""
    began = time.monotonic_ns()
    totals, times, memory, status, stopped = native.stat(list(runs.commands[command]), groups, discard)
    if not counts and not stopped:
        return False
    runs.group(groups, totals)
    runs.put(command, began, Counted(totals, (*times, memory), status, cut=stopped))
    return stopped
