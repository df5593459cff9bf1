"""What makes measured times vary or cost more on a machine, and which programs instruments miss."""

from __future__ import annotations

from collections.abc import Iterator

from pyrometer.diagnosis.finding import Check, Found, Run
from pyrometer.diagnosis.machine import Machine

FAST_CLOCKS = frozenset({"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"})
"""Clock sources that a program reads without entering the kernel."""
MUCH_SWAP_KB = 64 << 10
INSTRUMENTS = {"valgrind": "exact instruction counts"}
"""What needs an engine that is a program of its own."""


def _clock_source(machine: Machine) -> Iterator[Found]:
    source = machine.clock_source
    if source is None or source in FAST_CLOCKS:
        return
    if "tsc" in machine.clock_sources:
        cure = Run("echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource")
    else:
        cure = "boot with tsc=reliable if the CPU's time stamp counter is sound (dmesg | grep -i tsc)"
    yield Found(f"the clock source is {source}, not tsc", cure)


def _governor(machine: Machine) -> Iterator[Found]:
    scaling = sorted(machine.governors - {"performance"})
    if scaling:
        cure = Run("sudo cpupower frequency-set -g performance")
        yield Found(f"CPU frequencies are scaled (governor {', '.join(scaling)})", cure)


def _turbo(machine: Machine) -> Iterator[Found]:
    if machine.turbo:
        yield Found("turbo frequencies are on", Run(machine.turbo))


def _load(machine: Machine) -> Iterator[Found]:
    if machine.load > machine.cpus:
        what = f"{machine.load:.1f} threads want to run on {machine.cpus} CPUs"
        yield Found(what, Run("uptime; top", "let other work end first:"))


def _swap(machine: Machine) -> Iterator[Found]:
    used = machine.swap_used_kb
    if machine.available_kb is not None and used > MUCH_SWAP_KB and machine.available_kb < used:
        what = f"{used >> 10:,} MiB are swapped out, and only {machine.available_kb >> 10:,} MiB are available"
        yield Found(what, Run("ps aux --sort=-rss | head", "free memory first:"))


def _engines(machine: Machine) -> Iterator[Found]:
    for engine, path in machine.engines.items():
        if path is None:
            instrument = INSTRUMENTS[engine]
            yield Found(
                f"{engine.capitalize()} is not installed, which {instrument} need", Run(f"sudo apt install {engine}")
            )


CHECKS = (
    Check(
        "clock-source",
        "machine",
        "limits",
        "a clock source other than tsc (hpet, acpi_pm)",
        "Reading the clock enters the kernel: programs that do it often are slow, and their profile shows that.",
        "`echo tsc | sudo tee …/current_clocksource`",
        _clock_source,
        early=True,
    ),
    Check(
        "load",
        "machine",
        "note",
        "more threads that want to run than CPUs",
        "The program waits for CPUs and finds caches cold; its CPU time is still its own.",
        "let other work end first",
        _load,
    ),
    Check(
        "swap",
        "machine",
        "note",
        "memory that is swapped out while little is available",
        "Page faults that come from other programs' memory count as this one's time.",
        "free memory first",
        _swap,
    ),
    Check(
        "frequency-scaling",
        "machine",
        "note",
        "a frequency governor other than `performance`",
        "The same work takes a different time from run to run; shares within one run hold.",
        "`sudo cpupower frequency-set -g performance`",
        _governor,
    ),
    Check(
        "turbo",
        "machine",
        "note",
        "turbo or boost frequencies",
        "Speed depends on heat and on what other cores do; shares within one run hold.",
        "`echo 1 | sudo tee …/no_turbo`, `echo 0 | sudo tee …/boost`",
        _turbo,
    ),
    Check(
        "engine",
        "machine",
        "note",
        "Valgrind is not installed",
        "Sampling needs no other program; only that instrument does.",
        "`sudo apt install valgrind`",
        _engines,
    ),
)
"""Checks of what disturbs measurements, the most harmful first."""
