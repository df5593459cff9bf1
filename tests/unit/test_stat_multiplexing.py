"""Events that shared a processor's counters: reads as the kernel gives them, for no machine here has such counters."""

from collections.abc import Sequence

import pytest

from pyrometer import native
from pyrometer.analyze import stat as analyze
from pyrometer.collect.stat import stat
from pyrometer.profile import ProfileData
from pyrometer.show import json, text

MS = 1_000_000
Total = tuple[str, str, str, int | None, tuple[int, int], str | None]


def event(name: str, value: int | None, running: int, note: str | None = None) -> Total:
    """Of an event that was meant to be counted for 10 ms."""
    return name, name, "count", value, (10 * MS, running * MS), note


def simulated(
    monkeypatch: pytest.MonkeyPatch, reads: Sequence[Sequence[Total]], commands: int, groups: list[list[str]]
) -> ProfileData:
    """The profile of runs in turns that gave these reads."""
    left = iter(reads)
    monkeypatch.setattr(native, "stat", lambda *_: (list(next(left)), (11 * MS, 9 * MS, MS), 5 << 20, 0, False))
    each = len(reads) // commands
    return stat([["true", str(at)] for at in range(commands)], groups=groups, repeat=each)[0]


GROUPS = [["cycles", "instructions"], ["branches", "branch-misses"], ["cache-misses"]]


def run(running: int, cache_misses: int | None = 70) -> list[Total]:
    return [
        event("cycles", 1000, running),
        event("instructions", 3000, running),
        event("branches", 400, 10),
        event("branch-misses", None, 0, "it cannot be counted together with the others of its group"),
        event("cache-misses", cache_misses, 0 if cache_misses is None else 2, None if cache_misses else "it never got"),
    ]


def test_the_share_of_the_time_is_that_of_each_program(monkeypatch: pytest.MonkeyPatch):
    profile = simulated(monkeypatch, [run(5), run(10), run(4), run(10)], 2, GROUPS)
    first, second = analyze(profile).commands
    assert {row.metric: row.counted for row in first.rows if row.counted} == {
        "cycles": pytest.approx(0.45),
        "instructions": pytest.approx(0.45),
        "cache-misses": pytest.approx(0.2),
    }
    assert {row.metric for row in second.rows if row.counted} == {"cache-misses"}
    shown = text.render(analyze(profile), 120)
    before, after = shown.split("true 1 ")[:2]
    assert "cycles (counted 45.0 % of the time)" in before
    assert "cycles\n" in after
    assert "cycles (" not in after
    assert '"counted": 0.45' in json.render(analyze(profile))


def test_groups_are_named_without_what_could_not_be_counted_in_them(monkeypatch: pytest.MonkeyPatch):
    view = analyze(simulated(monkeypatch, [run(5)], 1, GROUPS))
    assert view.together == (("cycles", "instructions"),)
    shown = text.render(view, 120)
    assert "counted at the same moments: cycles + instructions\n" in shown
    assert "not available: branch-misses: it cannot be counted together" in shown
    assert {row.metric: row.mean for row in view.commands[0].rows}["IPC"] == 3


def test_a_run_in_which_an_event_got_no_counter_is_left_out_of_its_mean(monkeypatch: pytest.MonkeyPatch):
    view = analyze(simulated(monkeypatch, [run(5), run(5, None)], 1, GROUPS))
    rows = {row.metric: row for row in view.commands[0].rows}
    assert (rows["cache-misses"].mean, rows["cycles"].mean) == (70, 1000)
    assert any("cache-misses: it never got" in note for note in view.notes)


def test_what_was_all_but_always_counted_is_not_marked(monkeypatch: pytest.MonkeyPatch):
    totals = [("cycles", "cycles", "count", 5, (10_000_000, 9_999_000), None)]
    view = analyze(simulated(monkeypatch, [totals], 1, [["cycles"]]))
    assert "counted" not in text.render(view, 120)


def test_a_ratio_without_a_value_is_said(monkeypatch: pytest.MonkeyPatch):
    reads = [[event("switches", switches, 10), event("moves", 0, 10)] for switches in (0, 4, 2)]
    profile = simulated(monkeypatch, reads, 1, [["switches"], ["moves"]])
    found = analyze(profile, {"each": "8 / switches", "never": "switches / moves", "sum": "switches + moves"})
    rows = {row.metric: row.mean for row in found.commands[0].rows}
    assert (rows["each"], rows["sum"]) == (3, 2)
    assert "never" not in rows
    shown = text.render(found, 80)
    assert "not available: never: it divides by 0" in shown
    assert "each: without 1 of 3 runs, where it divides by 0" in shown


def test_what_was_nothing_before_differs_too(monkeypatch: pytest.MonkeyPatch):
    def read(command: int, faults: int) -> list[Total]:
        return [event("faults", faults, 10), event("moves", command * (faults % 2), 10), event("none", 0, 10)]

    reads = [read(command, command * faults) for faults in (99, 100, 101, 100) for command in (0, 1)]
    found = analyze(simulated(monkeypatch, reads, 2, [["faults"], ["moves"], ["none"]])).commands[1]
    real = {change.metric: (change.change, change.is_real) for change in found.changes}
    assert real["faults"] == (None, True)
    assert real["moves"] == (None, False)
    assert real["none"] == (None, False)
