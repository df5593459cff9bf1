"""The Profile itself: its tables and its meta, as columns that are read when they are asked for."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from pyrometer import native
from pyrometer.errors import OutputError
from pyrometer.frozen import frozen
from pyrometer.profile.meta import Meta
from pyrometer.profile.table import Table
from pyrometer.profile.target import check_apart, check_target


@frozen
class Metric:
    """Something measured: a row of ``metrics``."""

    name: str
    unit: str
    """``ns``, ``bytes`` or ``count``."""
    kind: str
    """``sampled`` (has a confidence interval) or ``exact``."""
    period: int = 0
    description: str = ""
    time_enabled: int | None = None
    time_running: int | None = None

    @property
    def running(self) -> float | None:
        """The part of the time that the kernel really counted (multiplexing); None if not measured."""
        if not self.time_enabled or self.time_running is None:
            return None
        return self.time_running / self.time_enabled


class ProfileData:
    """A profile's tables, without any view of them: what `analyze` and `formats` work on.

    Samples are read from the file again at each pass, so that memory stays small.
    """

    def __init__(
        self, inner: native.Profile, path: str | os.PathLike[str] | None = None, *, is_foreign: bool = False
    ) -> None:
        self._inner = inner
        self._is_foreign = is_foreign
        self._is_at(None if path is None else Path(path))

    def _is_at(self, path: Path | None) -> None:
        self._path = path
        self._place = None if path is None else _absolute(path)

    @property
    def native(self) -> native.Profile:
        """The Rust side, for packages of Pyrometer."""
        return self._inner

    @property
    def path(self) -> Path | None:
        """The file it was opened from or saved to, as it was named while that leads there from the current folder."""
        return self._path if self._path is None or _absolute(self._path) == self._place else self._place

    @property
    def is_foreign(self) -> bool:
        """Whether its file is another tool's, which nothing of ours may replace."""
        return self._is_foreign

    @cached_property
    def meta(self) -> Meta:
        """What the profile is of, and how far to trust it."""
        return Meta.from_json(self._inner.meta_json())

    @cached_property
    def metric_list(self) -> tuple[Metric, ...]:
        """The rows of ``metrics``."""
        return tuple(
            Metric(**{name: value for name, value in row.items() if name != "id"}) for row in self.metrics.rows()
        )

    def table(self, name: str) -> Table:
        """A table by its name; an unknown name is a :class:`~pyrometer.SelectionError`."""
        return Table(self._inner.table(name))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a ``.pyro`` file: to a temporary name first, then renamed.

        An :class:`~pyrometer.OutputError` for a device or a pipe, which the file would replace, for the file of
        another tool that this was read from, and for a folder that is not there.
        """
        check_target(Path(path))
        if self._is_foreign:
            check_apart(Path(path), [self.path])
        if Path(path).exists() and not Path(path).is_file():
            raise OutputError(f"{path} is a folder, a device or a pipe", "a profile would replace it by a file")
        # Of a link what it leads to is replaced: the link stays one.
        self._inner.save(os.path.realpath(path) if Path(path).is_symlink() else os.fspath(path))
        self._is_at(Path(path))
        self._is_foreign = False

    @property
    def metrics(self) -> Table:
        """What was measured."""
        return self.table("metrics")

    @property
    def processes(self) -> Table:
        """Programs in processes: ``exec`` starts another row."""
        return self.table("processes")

    @property
    def threads(self) -> Table:
        """Threads."""
        return self.table("threads")

    @property
    def binaries(self) -> Table:
        """ELF objects, the kernel, the vdso and JIT code."""
        return self.table("binaries")

    @property
    def functions(self) -> Table:
        """Functions."""
        return self.table("functions")

    @property
    def frames(self) -> Table:
        """Places in code; an address with two inlined calls has three."""
        return self.table("frames")

    @property
    def stacks(self) -> Table:
        """The calling-context tree: each row's parent stands before it."""
        return self.table("stacks")

    @property
    def samples(self) -> Table:
        """Weighted observations: stack, thread, time, cpu, metric, value, count."""
        return self.table("samples")

    @property
    def calls(self) -> Table:
        """Edges of a call graph that has no stacks."""
        return self.table("calls")

    @property
    def counters(self) -> Table:
        """Points of time series."""
        return self.table("counters")

    @property
    def events(self) -> Table:
        """Things that happened: lost samples, throttling, exec and more."""
        return self.table("events")

    @property
    def experiments(self) -> Table:
        """Causal experiments."""
        return self.table("experiments")

    def __repr__(self) -> str:
        command = " ".join(self.meta.command) or self.meta.instrument or "profile"
        return f"<Profile of {command}: {self._inner.sample_count():,} samples>"


def _absolute(path: Path) -> Path | None:
    """Where a path leads from the current folder; None if somebody has removed that."""
    try:
        return path.absolute()
    except FileNotFoundError:
        return None
