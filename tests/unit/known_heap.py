"""A service of 40 seconds with everything that few profiles have: allocations, time series, and times of samples.

It parses requests all the time, and every eighth second it writes its cache for 0.4 seconds without a pause. Its memory
grows until the cache is written, and then falls.
"""

import math
from typing import Any

import pyrometer
from pyrometer.profile import Meta

SECOND = 1_000_000_000
LENGTH = 40
EVERY = 8
"""Seconds between two times that the cache is written."""
PAUSE = 0.4

NAMES = ["main", "serve", "parse_request", "write_cache", "Vec::push", "malloc", "Cache::insert", "memcpy"]
STACKS = (
    ("main", "serve", "parse_request"),
    ("main", "write_cache", "memcpy"),
    ("main", "serve", "parse_request", "Vec::push", "malloc"),
    ("main", "serve", "Cache::insert", "malloc"),
    ("main", "write_cache", "malloc"),
)
# Of the last three stacks: bytes, blocks, live at the peak and at the end, sum of lifetimes, never read.
METRICS = {
    "alloc-bytes": (48 << 20, 30 << 20, 4 << 20),
    "alloc-blocks": (1_500_000, 60_000, 5),
    "peak-bytes": (1 << 20, 24 << 20, 4 << 20),
    "exit-bytes": (0, 6 << 20, 0),
    "lifetime": (450_000_000, 90_000_000_000, 2_000_000),
    "never-read-bytes": (0, 5 << 20, 0),
}


def profile() -> pyrometer.Profile:
    """The profile."""
    rows: list[dict[str, Any]] = []
    leaves = []
    for stack in STACKS:
        for depth, name in enumerate(stack):
            rows.append({"frame": NAMES.index(name)} | ({"parent": len(rows) - 1} if depth else {}))
        leaves.append(len(rows) - 1)
    heap = [
        {"stack": leaves[2 + at], "metric": metric, "value": value, "thread": 0}
        for metric, values in enumerate(METRICS.values(), 1)
        for at, value in enumerate(values)
        if value
    ]
    return pyrometer.build(
        Meta(command=["./service"], instrument="record", start=SECOND, duration=LENGTH * SECOND),
        metrics=[
            {"name": "cpu-time", "unit": "ns"},
            *({"name": name, "unit": "bytes" if "bytes" in name else "count", "kind": "exact"} for name in METRICS),
        ],
        processes=[{"pid": 1, "name": "service"}],
        threads=[{"tid": 1, "name": "service"}],
        functions=[{"name": name} for name in NAMES],
        frames=[{"function": row} for row in range(len(NAMES))],
        stacks=rows,
        samples=[*_samples(leaves), *heap],
        counters=_counters(),
    )


def _samples(leaves: list[int]) -> list[dict[str, Any]]:
    found = []
    for at in range(LENGTH * 100):
        since = at / 100
        writes = since % EVERY < PAUSE and since >= EVERY
        # Requests come in waves: of ten samples there are three to nine.
        if writes or at * 7 % 10 < 6 + 3 * math.sin(since / 3):
            time = SECOND + at * SECOND // 100
            found.append({"stack": leaves[1 if writes else 0], "value": 10_000_000, "time": time, "thread": 0})
    return found


def _counters() -> list[dict[str, Any]]:
    found = []
    for at in range(LENGTH * 4):
        since = at / 4
        live = (6 + 3 * (since % EVERY)) * (1 << 20)
        time = SECOND + at * SECOND // 4
        found.append({"name": "live-bytes", "time": time, "value": live})
        found.append(
            {"name": "rss", "time": time, "value": max(live, 27 << 20 if since >= EVERY else live) + (5 << 20)}
        )
        found.append({"name": "requests", "time": time, "value": float(40 + round(20 * math.sin(since / 3)))})
    return found
