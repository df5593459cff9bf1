"""What a recording holds, and its exports: tests compare the two."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from installed import Run
from recordings import Observation, Recorded

Stacks = Counter[tuple[str, ...]]


def stacks_of(recording: Recorded, weight: Callable[[Observation], int]) -> Stacks:
    """Sums by stack, root first, from the tables."""
    sums: Stacks = Counter()
    for seen in recording.observations:
        sums[tuple(frame.name for frame in seen.stack)] += weight(seen)
    return sums


def exported(recording: Recorded, to: str, run_pyrometer: Run, folder: Path, *options: str) -> Path:
    """The file, or folder, that the command writes."""
    path = folder / f"profile.{to}"
    done = run_pyrometer("export", recording.path, "--to", to, "-o", path, *options)
    assert done.returncode == 0, done.stderr
    return path
