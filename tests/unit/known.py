"""A tiny profile whose every sum can be done in the head, for the tests of analysis and display.

::

    main                     1 sample of its own
    ├ parse                  2      (calls lex, inlined)
    │ └ lex                  3
    └ solve                  4
      └ solve                5      (recursion)
        └ memcpy  libc.so    6      (thread 2)

Each sample stands for 10 ns, so `main` has a total of 210 ns in 21 samples. A second metric, exact,
counts 7 page faults in `lex`.
"""

from typing import Any

import pyrometer
from pyrometer.profile import Meta, Quality

PERIOD = 10
SELF = {"main": 1, "parse": 2, "lex": 3, "solve": 9, "memcpy": 6}
TOTAL = {"main": 21, "parse": 5, "lex": 3, "solve": 15, "memcpy": 6}

META = Meta(
    creator="pyrometer test",
    instrument="record",
    command=["./program", "--fast", "a b"],
    start_wall=1_700_000_000_000_000_000,
    start=5_000,
    duration=2_000_000_000,
    cpu_time=1_000_000_000,
    rate=999,
    exit_status=0,
    quality=Quality(samples=28, lost=2, truncated=1, unsymbolized=0),
    notes=["user frames only: kernel.perf_event_paranoid is 2"],
)

_FILE = "/src/program.rs"
TABLES: dict[str, list[dict[str, Any]]] = {
    "metrics": [
        {"name": "cpu-time", "unit": "ns", "period": PERIOD},
        {"name": "page-faults", "unit": "count", "kind": "exact"},
    ],
    "processes": [{"pid": 100, "name": "program"}],
    "threads": [{"tid": 100, "name": "main"}, {"tid": 101, "name": "worker"}],
    "binaries": [{"path": "/bin/program"}, {"path": "/lib/libc.so.6"}],
    "functions": [
        {"name": "program::main", "binary": 0, "file": _FILE, "line": 1, "namespace": "program"},
        {"name": "program::parse", "binary": 0, "file": _FILE, "line": 10, "namespace": "program"},
        {"name": "program::lex", "binary": 0, "file": _FILE, "line": 20, "namespace": "program"},
        {"name": "program::solve", "binary": 0, "file": _FILE, "line": 30, "namespace": "program"},
        {"name": "memcpy", "binary": 1},
    ],
    "frames": [
        {"function": 0, "file": _FILE, "line": 3, "address": 0x1000, "binary": 0},
        {"function": 1, "file": _FILE, "line": 12, "address": 0x1100, "binary": 0},
        {"function": 2, "file": _FILE, "line": 21, "address": 0x1100, "binary": 0, "inlined": True},
        {"function": 3, "file": _FILE, "line": 33, "address": 0x1200, "binary": 0},
        {"function": 4, "address": 0x40, "binary": 1},
    ],
    "stacks": [
        {"frame": 0},
        {"frame": 1, "parent": 0},
        {"frame": 2, "parent": 1},
        {"frame": 3, "parent": 0},
        {"frame": 3, "parent": 3},
        {"frame": 4, "parent": 4},
    ],
}


def samples() -> list[dict[str, Any]]:
    """The rows of ``samples``: row ``n`` of ``stacks`` is sampled ``n + 1`` times, a millisecond apart."""
    leaves = [leaf for leaf in range(6) for _ in range(leaf + 1)]
    rows: list[dict[str, Any]] = [
        {"stack": leaf, "time": 5_000 + at * 1_000_000, "value": PERIOD, "thread": int(leaf == 5)}
        for at, leaf in enumerate(leaves)
    ]
    return [*rows, {"stack": 2, "time": 5_000, "metric": 1, "value": 7, "count": 7}]


def profile() -> pyrometer.Profile:
    """The profile, in memory."""
    return pyrometer.build(META, samples=samples(), **TABLES)
