"""Many files at once, within a time limit, with a progress bar on a terminal."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from pyrometer.collect.debuginfod.cache import Cache
from pyrometer.collect.debuginfod.connections import Connections
from pyrometer.collect.debuginfod.download import Download
from pyrometer.collect.debuginfod.settings import read_settings
from pyrometer.collect.debuginfod.wanted import Failure, Wanted

DEFAULT_TIME_LIMIT = 60.0
"""Seconds for all files together: long enough for the libraries of a program, short enough to wait for."""

_THREADS = 6
_TICK = 0.1
"""Seconds between looks at the clock, and at Ctrl-C."""
_GRACE = 1.0
"""Seconds that threads get to end once their connections have been."""


class _Shown(Protocol):
    def bytes(self, wanted: Wanted, count: int, size: int | None) -> None: ...

    def done(self) -> None: ...


def fetch(
    wanted: Sequence[Wanted], *, progress: bool = True, time_limit: float | None = DEFAULT_TIME_LIMIT
) -> list[Failure]:
    """Fetch files into the cache; those that did not come, each with its reason, in the order of ``wanted``.

    What is in the cache is not asked for again. Without servers in ``DEBUGINFOD_URLS`` nothing is done and nothing
    has failed. ``time_limit`` is in seconds, None for no limit; at its end, and by Ctrl-C, what is on its way
    is given up and what has come is kept. ``progress`` shows a bar on stderr, if that is a terminal.

    Raises no exception for anything that servers, networks and disks do.
    """
    settings = read_settings()
    if not settings.servers:
        return []
    cache = Cache(settings.cache)
    failures: dict[Wanted, Failure] = {}
    pending = []
    for each in dict.fromkeys(wanted):
        failure = _known(each, cache)
        if failure is not None:
            failures[each] = failure
        elif cache.state(each) != "found":
            pending.append(each)
    if pending:
        deadline = float("inf") if time_limit is None else time.monotonic() + time_limit
        connections = Connections()
        download = Download(settings, cache, connections, deadline)
        with _bar(len(pending), progress) as shown, _interruptible(connections):
            failures |= _Pool(download, connections, shown).run(pending, deadline)
    return [failures[each] for each in dict.fromkeys(wanted) if each in failures]


def _known(wanted: Wanted, cache: Cache) -> Failure | None:
    """Why a file need not be asked for: an invalid build id, or a miss that is remembered."""
    invalid = wanted.why_invalid()
    if invalid:
        return Failure(wanted, invalid)
    if cache.state(wanted) == "missing":
        return Failure(wanted, "no server had it when it was asked for last", missing=True)
    return None


class _Pool:
    """Threads that take one file after the other. They are daemons: a name server cannot be hurried."""

    def __init__(self, download: Download, connections: Connections, shown: _Shown) -> None:
        self._download = download
        self._connections = connections
        self._shown = shown
        self._todo: queue.SimpleQueue[Wanted] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Wanted, Failure | None]] = queue.SimpleQueue()

    def run(self, pending: Sequence[Wanted], deadline: float) -> dict[Wanted, Failure]:
        for each in pending:
            self._todo.put(each)
        for _ in range(min(_THREADS, len(pending))):
            threading.Thread(target=self._work, daemon=True).start()
        left = dict.fromkeys(pending)
        failures: dict[Wanted, Failure] = {}
        stop: float | None = None
        reason = ""
        while left and (stop is None or time.monotonic() < stop):
            if stop is None and (reason := self._why_stop(deadline)):
                self._connections.stop()
                stop = time.monotonic() + _GRACE
            self._take(left, failures, reason)
        return failures | {each: Failure(each, reason) for each in left}

    def _take(self, left: dict[Wanted, None], failures: dict[Wanted, Failure], reason: str) -> None:
        try:
            wanted, failure = self._done.get(timeout=_TICK)
        except queue.Empty:
            return
        del left[wanted]
        self._shown.done()
        if failure is not None:
            failures[wanted] = Failure(wanted, reason) if reason and not failure.missing else failure

    def _why_stop(self, deadline: float) -> str:
        if self._connections.stopped.is_set():
            return "interrupted"
        return "the time limit for all files had passed" if time.monotonic() > deadline else ""

    def _work(self) -> None:
        while True:
            try:
                wanted = self._todo.get_nowait()
            except queue.Empty:
                return
            self._done.put((wanted, self._attempt(wanted)))

    def _attempt(self, wanted: Wanted) -> Failure | None:
        try:
            return self._download.get(wanted, lambda count, size: self._shown.bytes(wanted, count, size))
        except Exception as error:
            # A defect of ours must cost a note, not the profile.
            return Failure(wanted, f"{type(error).__name__}: {error}")


@contextmanager
def _interruptible(connections: Connections) -> Iterator[None]:
    """Ctrl-C stops fetching, and nothing else. Only the main thread can say so to Python."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: connections.stopped.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _bar(files: int, wished: bool) -> AbstractContextManager[_Shown]:
    if not wished or not sys.stderr.isatty():
        return nullcontext(_Nothing())
    return _shown_bar(files)


class _Nothing:
    def bytes(self, wanted: Wanted, count: int, size: int | None) -> None:
        pass

    def done(self) -> None:
        pass


@contextmanager
def _shown_bar(files: int) -> Iterator[_Shown]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("debug info {task.fields[count]}/{task.fields[files]}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar, files)


class _Bar:
    """One bar for all files: what has come of what is known to come."""

    def __init__(self, bar: object, files: int) -> None:
        from rich.progress import Progress

        assert isinstance(bar, Progress)
        self._bar = bar
        self._task = bar.add_task("", total=None, count=0, files=files)
        self._lock = threading.Lock()
        self._count = 0
        self._came: dict[Wanted, int] = {}
        self._sizes: dict[Wanted, int] = {}

    def bytes(self, wanted: Wanted, count: int, size: int | None) -> None:
        with self._lock:
            self._came[wanted] = self._came.get(wanted, 0) + count
            self._sizes[wanted] = max(size or 0, self._came[wanted])
            self._bar.update(self._task, completed=sum(self._came.values()), total=sum(self._sizes.values()))

    def done(self) -> None:
        self._count += 1
        self._bar.update(self._task, count=self._count)
