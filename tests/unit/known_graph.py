"""A profile with calls in place of stacks, as Callgrind's are, whose every sum can be done in the head.

::

    main 10 ──1 call──► parse 50 ──4: 60──► alloc 100
      │                   └──2: 90─┐   ▲
      └──1──► solve 40 ──3: 80──► even 70 ◄──► odd 60 ──5: 40──► alloc

`even` and `odd` call each other, `solve` calls itself twice. `Ir` is 330 in all, `Dr` a tenth of each, `D1mr` is 4 in
`alloc` and 1 in `odd`. Each function has one line of its own, 2 of its ten.
"""

from pathlib import Path
from typing import Any

import pyrometer
from pyrometer.profile import Meta

OWN = {"main": 10, "parse": 50, "alloc": 100, "solve": 40, "even": 70, "odd": 60}
TOTAL = {"main": 330, "parse": 200, "alloc": 100, "solve": 120, "even": 70, "odd": 100}
CALLS = [
    ("main", "parse", 3, 1, 200),
    ("main", "solve", 4, 1, 120),
    ("parse", "alloc", 12, 4, 60),
    ("parse", "even", 13, 2, 90),
    ("solve", "even", 32, 3, 80),
    ("solve", "solve", 33, 2, 80),
    ("even", "odd", 41, 9, 500),
    ("odd", "even", 51, 8, 400),
    ("odd", "alloc", 52, 5, 40),
]
MISSES = {"alloc": 4, "odd": 1}
MISSES_BELOW = [4, 1, 2, 2, 1, 1, 9, 8, 2]
"""``D1mr`` of each call."""
META = Meta(
    creator="pyrometer test",
    instrument="instructions",
    source="callgrind",
    command=["./program"],
    extra={"derived_metrics": {"Sum": "Ir + 2 Dr", "broken": "Ir +"}},
)


def profile(file: str = "/src/program.c", scale: int = 1) -> pyrometer.Profile:
    """The profile, in memory, every cost ``scale`` times."""
    names = list(OWN)
    costs = [OWN, {name: own // 10 for name, own in OWN.items()}, MISSES]
    samples = [
        {"stack": at, "metric": metric, "value": cost[name] * scale}
        for metric, cost in enumerate(costs)
        for at, name in enumerate(names)
        if name in cost
    ]
    calls = [
        {
            "caller": names.index(caller),
            "callee": names.index(callee),
            "line": line,
            "count": count,
            "metric": metric,
            "inclusive": (cost, cost // 10, MISSES_BELOW[at])[metric] * scale,
        }
        for metric in (0, 1, 2)
        for at, (caller, callee, line, count, cost) in enumerate(CALLS)
    ]
    rows: list[dict[str, Any]] = [
        {"name": name, "file": file, "line": 10 * at + 1, "binary": 0} for at, name in enumerate(names)
    ]
    return pyrometer.build(
        META,
        metrics=[{"name": name, "unit": "count", "kind": "exact"} for name in ("Ir", "Dr", "D1mr")],
        binaries=[{"path": "/bin/program"}],
        functions=rows,
        frames=[{"function": at, "file": file, "line": 10 * at + 2} for at in range(len(names))],
        stacks=[{"frame": at} for at in range(len(names))],
        samples=samples,
        calls=calls,
    )


def source(folder: Path) -> str:
    """The path of a source file with a text for each line."""
    path = folder / "program.c"
    path.write_text("".join(f"line {at};\n" for at in range(1, 61)))
    return str(path)
