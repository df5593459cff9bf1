"""Running a Pyrometer command for each program, in the folder and the environment that Cargo gives it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from pyrometer.cli.options import STDOUT
from pyrometer.cli.passing import end_like
from pyrometer.collect.cargo.build import Program
from pyrometer.collect.output import named

Prepare = Callable[[Program], click.Context]


def run_all(programs: Sequence[Program], prepare: Prepare) -> int:
    """Run the command once for each program; the exit code.

    Several run one after the other, each in a process of its own, all of them even if one fails: each
    leaves a profile. We end like the first that failed. A signal to us ends the one that runs, and the rest.
    """
    if len(programs) == 1:
        return _run(programs[0], prepare(programs[0]))
    failed = 0
    for program in programs:
        ready = _with_own_output(prepare(program), program)
        sys.stdout.flush()
        click.echo(f"{program.name}: {program.command[0]}", err=True)
        child = os.fork()
        if child == 0:
            return _run(program, ready)
        status, stopped = _wait(child)
        failed = failed or status
        if stopped:
            break
    end_like(failed)
    return failed


def _run(program: Program, context: click.Context) -> int:
    here = Path.cwd()
    folder = Path() if os.path.realpath(program.directory) == str(here) else here
    if folder != Path():
        _make_absolute(context, here)
        os.chdir(program.directory)
    os.environ.clear()
    os.environ.update(program.environment)
    with named(folder / program.name), context:
        code = context.command.invoke(context)
    return code if isinstance(code, int) else 0


def _make_absolute(context: click.Context, here: Path) -> None:
    """Paths on the command line are meant in the user's folder, not in the program's."""
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if isinstance(parameter.type, click.Path) and isinstance(value, str) and value not in ("-", STDOUT):
            context.params[parameter.name or ""] = str(here / value)


def _with_own_output(context: click.Context, program: Program) -> click.Context:
    """Of several, each writes a file of its own; one name for all would be overwritten."""
    for parameter in context.command.params:
        if parameter.name != "output":
            continue
        if context.get_parameter_source("output") is click.core.ParameterSource.COMMANDLINE:
            context.fail("-o names one file, and there are several programs: choose one, or leave out -o.")
        value = context.params["output"]
        if value is not None:
            context.params["output"] = f"{program.name}{Path(value).suffix}"
    return context


def _wait(child: int) -> tuple[int, bool]:
    """The child's exit status or minus its signal, and whether we were told to stop."""
    with _passed_on_to(child) as told:
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), bool(told)


@contextmanager
def _passed_on_to(child: int) -> Iterator[list[int]]:
    """Signals that ask us to end go to the child; Ctrl-C is sent to it by the terminal already."""
    told: list[int] = []

    def tell(number: int, _: object) -> None:
        told.append(number)
        if number != signal.SIGINT:
            os.kill(child, number)

    before = {number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
