"""What a Python program uses: :func:`record`, :func:`load`, :func:`build` and :class:`Profile`.

>>> import pyrometer
>>> profile = pyrometer.build(
...     metrics=[{"name": "cpu-time", "unit": "ns"}],
...     functions=[{"name": "main"}, {"name": "work"}],
...     frames=[{"function": 0}, {"function": 1}],
...     stacks=[{"frame": 0}, {"frame": 1, "parent": 0}],
...     samples=[{"stack": 1, "value": 3}, {"stack": 0, "value": 1}],
... )
>>> [(row.place.name, row.self.share, row.total.share) for row in profile.top().rows]
[('work', 0.75, 0.75), ('main', 0.25, 1.0)]
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from pyrometer import analyze
from pyrometer.analyze.top import By
from pyrometer.collect.rate import DEFAULT_RATE
from pyrometer.errors import FileAccessError, SelectionError
from pyrometer.formats import Progress, by_name, open_profile, read_files
from pyrometer.formats.format import write_whole
from pyrometer.profile import (
    FilterOptions,
    Meta,
    ProfileData,
    SelectionOptions,
    build_native,
    nothing_measured,
    symbol_options,
)
from pyrometer.profile.reach import is_there
from pyrometer.profile.target import check_apart, check_target

# What few calls need is imported by these: half of the time that a small profile takes to be shown is imports.
if TYPE_CHECKING:
    from pyrometer.collect.debugfiles import DebugFiles
    from pyrometer.diagnosis.finding import Diagnosis


class Profile(ProfileData):
    """A profile: tables for data frames, and the views as methods.

    Every view takes the same filters as keyword arguments
    (:class:`~pyrometer.profile.FilterOptions`): ``metric``, ``focus``, ``exclude``, ``binary``,
    ``exclude_binary``, ``thread``, ``process``, ``time=(start, end)`` in seconds, ``where``,
    ``fold_generics``, ``collapse_runtime``, ``hide`` and ``hide_allocators``.
    """

    @classmethod
    def of(cls, data: ProfileData) -> Profile:
        """The same profile, with views."""
        return cls(data.native, data.path, is_foreign=data.is_foreign)

    def top(
        self, n: int = 10, by: By = "self", min_share: float = 0.0, **filters: Unpack[FilterOptions]
    ) -> analyze.Top:
        """The ``n`` hottest functions; see :func:`pyrometer.analyze.top`."""
        return analyze.top(self, n, by, min_share, **filters)

    def tree(
        self,
        min_share: float = 0.005,
        depth: int | None = None,
        inverted: bool = False,
        **filters: Unpack[FilterOptions],
    ) -> analyze.Tree:
        """The call tree; see :func:`pyrometer.analyze.tree`."""
        return analyze.tree(self, min_share, depth, inverted, **filters)

    def lines(self, n: int = 10, min_share: float = 0.0, **filters: Unpack[FilterOptions]) -> analyze.Lines:
        """The ``n`` hottest source lines; see :func:`pyrometer.analyze.lines`."""
        return analyze.lines(self, n, min_share, **filters)

    def callers(
        self, function: str, n: int = 20, min_share: float = 0.0, **filters: Unpack[FilterOptions]
    ) -> analyze.Neighbours:
        """Who calls ``function``; see :func:`pyrometer.analyze.callers`."""
        return analyze.callers(self, function, n, min_share, **filters)

    def callees(
        self, function: str, n: int = 20, min_share: float = 0.0, **filters: Unpack[FilterOptions]
    ) -> analyze.Neighbours:
        """Whom ``function`` calls; see :func:`pyrometer.analyze.callees`."""
        return analyze.callees(self, function, n, min_share, **filters)

    def annotate(
        self,
        function: str,
        fold_generics: bool = False,
        hide_allocators: bool | None = None,
        sources: analyze.Sources = analyze.SOURCES,
        **selection: Unpack[SelectionOptions],
    ) -> analyze.Annotation:
        """Source and machine code of ``function``; see :func:`pyrometer.analyze.annotate`."""
        return analyze.annotate(self, function, fold_generics, hide_allocators, sources, **selection)

    @overload
    def metric_columns(
        self,
        view: analyze.TableView = "top",
        metrics: Sequence[str] | str = ("all",),
        **options: Unpack[analyze.ColumnsOptions],
    ) -> analyze.MetricTable: ...

    @overload
    def metric_columns(
        self,
        view: Literal["tree"],
        metrics: Sequence[str] | str = ("all",),
        **options: Unpack[analyze.ColumnsOptions],
    ) -> analyze.MetricTree: ...

    @overload
    def metric_columns(
        self,
        view: Literal["annotate"],
        metrics: Sequence[str] | str = ("all",),
        **options: Unpack[analyze.ColumnsOptions],
    ) -> analyze.MetricAnnotation: ...

    def metric_columns(
        self,
        view: analyze.View = "top",
        metrics: Sequence[str] | str = ("all",),
        **options: Unpack[analyze.ColumnsOptions],
    ) -> analyze.Several:
        """A view with a column for each of ``metrics``, sorted by ``sort`` or else the first of them.

        ``view`` is ``top``, ``lines``, ``files``, ``callers``, ``callees``, ``tree`` or ``annotate`` (``function``,
        a whole ``file``, or every file from ``min_share`` up). A metric is a recorded one, one that is built in
        (``CEst``, ``L1m``, ``D1-miss-rate``, ``average-size`` …), or a formula of ``derive`` by name; ``all`` is every
        recorded one. All options: :class:`~pyrometer.analyze.several.ColumnsOptions`.
        """
        return analyze.several(self, view, _listed(metrics), options)

    def diff(  # noqa: PLR0913  one keyword an option
        self,
        other: ProfileData,
        *,
        by: analyze.DiffBy = "function",
        inclusive: bool = False,
        normalize: bool = False,
        threshold: float = 0.0,
        mod_filename: Sequence[str] | str = (),
        mod_funcname: Sequence[str] | str = (),
        derive: Mapping[str, str] | None = None,
        **filters: Unpack[FilterOptions],
    ) -> analyze.Diff:
        """Compare this profile (before) with another one (after); see :func:`pyrometer.analyze.diff`."""
        names = _listed(mod_filename), _listed(mod_funcname)
        options = analyze.DiffOptions(by, inclusive, normalize, threshold, *names, derive)
        return analyze.diff(self, other, options, **filters)

    def binaries_view(self, n: int = 20, min_share: float = 0.0, **filters: Unpack[FilterOptions]) -> analyze.Binaries:
        """Where the names of the ``n`` hottest binaries come from; see :func:`pyrometer.analyze.binaries`."""
        return analyze.binaries(self, n, min_share, **filters)

    def symbolize(
        self,
        output: str | os.PathLike[str] | None = None,
        *,
        debug_paths: Sequence[str | os.PathLike[str]] = (),
        sysroot: str | os.PathLike[str] | None = None,
        offline: bool = False,
        bundle: bool = False,
    ) -> Profile:
        """Look the names up again, and write the profile to ``output`` or to its own file.

        Another tool's file stays as it is: by default the profile is a ``.pyro`` of its name in the current folder.

        ``debug_paths`` are files with debug info and folders that are searched for it, ``sysroot``
        a copy of the recorded machine's file system; ``offline`` asks no debuginfod server,
        ``bundle`` keeps the debug info inside the profile. What is found is in ``binaries``.
        """
        from pyrometer.collect.symbolize import symbolize

        return Profile.of(symbolize(self, _debug_files(debug_paths, sysroot, offline, bundle), output))

    def accesses(self, n: int = 20) -> analyze.Accesses:
        """Of a heap profile of DHAT, which bytes of blocks were accessed; see :func:`pyrometer.analyze.accesses`."""
        return analyze.accesses(self, n)

    def causal(self, n: int = 20) -> analyze.Causal:
        """Of a causal profile (Coz's), which lines are worth making faster; see :func:`pyrometer.analyze.causal`."""
        return analyze.causal(self, n)

    def summary(self, n: int = 10, **filters: Unpack[FilterOptions]) -> analyze.Summary:
        """The profile at a glance; see :func:`pyrometer.analyze.summary`."""
        return analyze.summary(self, n, **filters)

    def flamegraph(
        self,
        path: str | os.PathLike[str],
        title: str = "",
        inverted: bool = False,
        icicle: bool = False,
        **filters: Unpack[FilterOptions],
    ) -> None:
        """Draw an interactive flame graph (SVG).

        ``inverted``: from the leaves, so that one sees who calls the hottest functions;
        ``icicle``: with the root at the top.
        """
        by_name("flamegraph").write(self, path, title, inverted, icicle, **filters)

    def report(
        self,
        path: str | os.PathLike[str],
        title: str = "",
        *,
        source: bool = True,
        base: ProfileData | None = None,
    ) -> None:
        """Write the viewer's page with this profile inside: one HTML file that needs no network.

        ``source``: with source and machine code of the hottest functions, as far as they are on this machine.
        ``base``: another profile, which this one is compared with (before and after).
        An :class:`~pyrometer.OutputError` if the page would hold more than browsers open well.
        """
        from pyrometer.show import report

        target = Path(path)
        check_target(target)
        check_apart(target, [self.path, base.path if base else None])
        write_whole(target, report.page(self, title, source, base))

    def export(
        self,
        format: str,
        path: str | os.PathLike[str],
        inverted: bool = False,
        **filters: Unpack[FilterOptions],
    ) -> list[str]:
        """Write another tool's format: a name of :data:`pyrometer.formats.FORMATS`; what it had no place for."""
        return by_name(format).write(self, path, inverted=inverted, **filters)

    def stat(self, derive: Mapping[str, str] | None = None) -> analyze.Stat:
        """Of :func:`pyrometer.stat`: what the programs cost; see :func:`pyrometer.analyze.stat`."""
        return analyze.stat(self, derive)

    def _repr_html_(self) -> str:
        from pyrometer.show import html

        # A notebook shows what a cell ends with: there is nothing of a profile that was measured, which is no mistake.
        return html.render(analyze.summary(self)) if self.metric_list else html.nothing(nothing_measured(self))


def _listed(given: Iterable[Any] | os.PathLike[str]) -> tuple[Any, ...]:
    """A text or a path stands for a list of it, as with filters: it would be one of letters."""
    return (given,) if isinstance(given, str | os.PathLike) else tuple(given)


def _words(command: Iterable[str | os.PathLike[str]]) -> list[str]:
    from pyrometer.collect.program import words

    found = words(command)
    if not found:
        raise ValueError("the command is empty: give a program and its arguments")
    return found


def _debug_files(
    debug_paths: Sequence[str | os.PathLike[str]], sysroot: str | os.PathLike[str] | None, offline: bool, bundle: bool
) -> DebugFiles:
    from pyrometer.collect.debugfiles import DebugFiles

    paths = [Path(path) for path in _listed(debug_paths)]
    for path in paths if sysroot is None else [*paths, Path(sysroot)]:
        if not is_there(path):
            raise FileAccessError(f"there is no {path} to search for debug info", cure="check the path")
    return DebugFiles(paths, None if sysroot is None else Path(sysroot), offline, bundle)


def load(path: str | os.PathLike[str], *, progress: Progress | None = None) -> Profile:
    """Open a ``.pyro`` file, the ``.pyro.recording`` that an interrupted recording left, or another tool's file.

    ``progress`` is told the bytes read of another tool's file, and its size.

    Errors: :class:`~pyrometer.ProfileNotFoundError`, :class:`~pyrometer.NotAProfileError`,
    :class:`~pyrometer.CorruptProfileError`, :class:`~pyrometer.FutureProfileError`,
    :class:`~pyrometer.FileAccessError`.

    >>> import pyrometer
    >>> pyrometer.load("/nowhere/a.pyro")
    Traceback (most recent call last):
    pyrometer.errors.ProfileNotFoundError: there is no file /nowhere/a.pyro
    """
    return Profile.of(open_profile(path, progress))


def import_files(  # noqa: PLR0913  one keyword an option
    paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    format: str | None = None,
    lenient: bool = False,
    progress: Progress | None = None,
    debug_paths: Sequence[str | os.PathLike[str]] = (),
    sysroot: str | os.PathLike[str] | None = None,
) -> Profile:
    """Read files of other tools, or several profiles, into one profile; see :func:`pyrometer.formats.read_files`.

    ``debug_paths`` and ``sysroot`` are where the binaries of a ``perf.data`` and their debug info are looked for,
    beside the recorded paths.
    """
    files = _listed(paths)
    if not files:
        raise ValueError("there is nothing to import: give a file")
    places = _debug_files(debug_paths, sysroot, offline=True, bundle=False)
    symbols = symbol_options(places.debug_paths, places.sysroot)
    return Profile.of(read_files(files, format, lenient, progress, symbols))


def record(  # noqa: PLR0913  one keyword an option
    command: Iterable[str | os.PathLike[str]] = (),
    *,
    rate: int = DEFAULT_RATE,
    events: Sequence[str] | str = (),
    duration: float | None = None,
    delay: float | None = None,
    output: str | os.PathLike[str] | None = None,
    pids: Iterable[int] | int = (),
    debug_paths: Sequence[str | os.PathLike[str]] = (),
    sysroot: str | os.PathLike[str] | None = None,
    offline: bool = False,
    bundle: bool = False,
) -> Profile:
    """Run a program and record where its CPU time goes; or attach to ``pids``.

    ``rate`` is in samples a second, ``duration`` and ``delay`` in seconds. ``events`` default to
    CPU cycles, or the CPU clock on machines without counters. The profile is kept in ``output``,
    or in the current folder under the program's name; how the program ended is in
    ``profile.meta.exit_status``. A program that runs longer than ``duration`` is waited for. The last
    four say where debug info is, as for :meth:`Profile.symbolize`.

    >>> import pyrometer, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     profile = pyrometer.record(["sh", "-c", "exit 3"], output=pathlib.Path(folder, "sh.pyro"))
    >>> profile.meta.command, profile.meta.exit_status
    (['sh', '-c', 'exit 3'], 3)
    """
    from pyrometer.collect import record as recording
    from pyrometer.collect.program import words

    program = words(command)
    processes = list(pids) if isinstance(pids, Iterable) else [pids]
    if bool(program) == bool(processes):
        raise ValueError("give either a command or pids")
    recorded = recording.record(
        program,
        pids=processes,
        rate=rate,
        events=_listed(events),
        duration=duration,
        delay=delay,
        output=output,
        files=_debug_files(debug_paths, sysroot, offline, bundle),
    )
    recorded.wait()
    return Profile.of(recorded.profile)


def instructions(  # noqa: PLR0913  one keyword an option
    command: Iterable[str | os.PathLike[str]],
    *,
    cache: bool = False,
    branches: bool = False,
    calls: bool = False,
    inlined: bool = False,
    inside: Sequence[str] | str = (),
    children: bool = True,
    engine: str | None = None,
    output: str | os.PathLike[str] | None = None,
) -> Profile:
    """Run a program under an engine and count its instructions exactly, by function and line.

    ``cache`` and ``branches`` are simulated too; ``calls`` gives inclusive counts, ``inlined`` counts by inlined
    call; ``inside`` names functions outside of which nothing counts. Where the profile is kept: as for :func:`record`.
    Errors: :class:`~pyrometer.EngineNotFoundError`, :class:`~pyrometer.EngineError`.
    """
    from pyrometer.collect.counted import run_counted
    from pyrometer.collect.engines import Request
    from pyrometer.collect.engines import engine as engine_of

    request = Request("instructions", cache, branches, calls, inlined, _listed(inside), children)
    return Profile.of(run_counted(_words(command), engine_of(engine), request, output=output).profile)


def heap(
    command: Iterable[str | os.PathLike[str]],
    *,
    mode: str = "heap",
    children: bool = True,
    engine: str | None = None,
    output: str | os.PathLike[str] | None = None,
) -> Profile:
    """Run a program under an engine and find out which code allocates; ``mode``: ``heap``, ``copies`` or ``ad-hoc``.

    Errors as of :func:`instructions`; a :class:`~pyrometer.SelectionError` for another mode.
    """
    from pyrometer.collect.counted import run_counted
    from pyrometer.collect.engines import HEAP_MODES, Request
    from pyrometer.collect.engines import engine as engine_of

    if mode not in HEAP_MODES:
        raise SelectionError(f"there is no mode {mode!r}", cure=f"choose one of: {', '.join(HEAP_MODES)}")
    request = Request(mode, children=children)
    return Profile.of(run_counted(_words(command), engine_of(engine), request, output=output).profile)


def stat(  # noqa: PLR0913  one keyword an option
    *commands: Iterable[str | os.PathLike[str]],
    events: Sequence[str | Sequence[str]] | str = (),
    repeat: int = 1,
    warmup: int = 0,
    discard: bool = True,
    pids: Iterable[int] | int = (),
    duration: float | None = None,
) -> Profile:
    """Run programs and count what each costs as a whole; several are run in turns.

    ``events`` are names or lists as ``perf stat -e`` takes them, a sequence of names is counted together; ``discard``:
    what they print goes nowhere. With ``pids`` instead of programs, processes that run already are counted ``repeat``
    times ``duration`` seconds, or until they end. Look at it with :meth:`Profile.stat`.

    >>> import pyrometer
    >>> found = pyrometer.stat(["true"], repeat=3).stat().commands[0]
    >>> found.runs, "wall-time" in {row.metric for row in found.rows}
    (3, True)
    """
    from pyrometer.collect import stat as counting
    from pyrometer.collect.events import parse

    listed = [parse(event) if isinstance(event, str) else [list(event)] for event in _listed(events)]
    groups = [group for groups in listed for group in groups]
    programs = [_words(command) for command in commands]
    processes = list(pids) if isinstance(pids, Iterable) else [pids]
    if bool(processes) == bool(programs):
        raise ValueError(
            "there is no command to be counted, nor a process"
            if not programs
            else "commands and pids are not counted together"
        )
    if processes:
        return Profile.of(counting.stat_running(processes, groups=groups, repeat=repeat, duration=duration))
    if duration is not None:
        raise ValueError("duration is for pids: a program is counted to its end")
    profile, _ = counting.stat(programs, groups=groups, repeat=repeat, warmup=warmup, discard=discard)
    return Profile.of(profile)


def doctor(target: str | int | os.PathLike[str] | None = None) -> Diagnosis:
    """What stands in the way of a good profile, most harmful first, each with its cure.

    ``target`` is a program's name or path, a process id, a ``.pyro`` file, or the folder of a Cargo
    project; without one, this machine is meant. Errors: those of :func:`record` and :func:`load` for a
    program, process or file that does not exist or cannot be read.

    >>> import pyrometer
    >>> found = pyrometer.doctor("sh")
    >>> found.exit_code in (0, 1, 2), {finding.subject for finding in found.findings} <= {"machine", "program"}
    (True, True)
    """
    from pyrometer.diagnosis.diagnose import diagnose

    return diagnose(target)


def build(
    meta: Meta | None = None,
    *,
    samples: Iterable[Mapping[str, Any]] = (),
    **tables: Iterable[Mapping[str, Any]],
) -> Profile:
    """A profile from rows of your own: for importers, tests, and measurements.

    A keyword a table, a dictionary a row; a row's id is its place. What may be null, and what has
    a natural default (``count=1``, ``value=1``, ``kind="native"`` …), may be left out. Rows that do
    not fit together are an :class:`~pyrometer.InvalidRowsError`.
    """
    return Profile(build_native(meta, samples, tables))
