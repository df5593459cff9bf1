"""A Pyrometer command with a program that Cargo builds."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence

import click

from pyrometer.cli.cargo import COMMANDS, help
from pyrometer.cli.cargo.choose import chooser
from pyrometer.cli.cargo.launch import run_all
from pyrometer.cli.cargo.write_profile import write
from pyrometer.cli.group import COMMANDS as EVERY_COMMAND
from pyrometer.cli.group import LazyGroup
from pyrometer.cli.passing import end_like
from pyrometer.collect.cargo.build import Build, Program
from pyrometer.collect.cargo.options import HELP, NAMES, Arguments, split
from pyrometer.collect.cargo.project import CargoFailedError, check_owner, find_project
from pyrometer.collect.cargo.request import Request, understand
from pyrometer.collect.cargo.usage import WrongUsageError

_PLACEHOLDER = "PROGRAM"
_SENSELESS = ("pids",)
"""Options that contradict a program."""


def cargo() -> list[str]:
    """The Cargo that called us, or the one on PATH."""
    return [os.environ.get("CARGO") or "cargo"]


def call(name: str, words: Sequence[str]) -> int:
    """Build what the words ask for and run it under the command; the exit code."""
    command = _command(name)
    try:
        arguments = split(words, _options(command))
        if HELP & set(arguments.command):
            return help.show(name, click.Context(command, info_name=f"{help.NAME} {name}"))
        request = understand(arguments.cargo)
    except WrongUsageError as error:
        raise click.UsageError(str(error), click.Context(command, info_name=f"{help.NAME} {name}")) from error
    context(name, command, arguments, [_PLACEHOLDER])  # wrong usage is said before anything is built
    from pyrometer import native

    native.require_recording()
    try:
        programs = _build(request, arguments)
    except CargoFailedError as error:
        end_like(error.status)
        return error.status
    return run_all(programs, lambda program: context(name, command, arguments, program.command))


def context(name: str, command: click.Command, arguments: Arguments, program: Sequence[str]) -> click.Context:
    """The command's context, its arguments read, with a program."""
    words = [*arguments.command, "--", *program]
    return command.make_context(f"{help.NAME} {name}", words, default_map={"offline": _is_offline(arguments)})


def _is_offline(arguments: Arguments) -> bool:
    """What keeps Cargo off the network keeps Pyrometer off it too: the option is Cargo's here."""
    return any(name in ("--offline", "--frozen") for name, _ in arguments.cargo)


def _command(name: str) -> click.Command:
    if name in EVERY_COMMAND and name not in COMMANDS:
        raise click.UsageError(f"pyrometer {name} runs no program: call it without cargo")
    if name not in COMMANDS:
        raise click.UsageError(f"No such command {name!r} of cargo pyrometer; there are: {', '.join(COMMANDS)}")
    group = LazyGroup(lazy=EVERY_COMMAND)
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return _without_cargos_names(found)


def _without_cargos_names(command: click.Command) -> click.Command:
    """Leave out the names of options that are Cargo's here, and options that make no sense with a program."""
    changed = copy.copy(command)
    changed.params = [_renamed(each) for each in command.params]
    changed.options_metavar = help.OPTIONS_USAGE
    return changed


def _renamed(parameter: click.Parameter) -> click.Parameter:
    changed = copy.copy(parameter)
    if not isinstance(changed, click.Option):
        changed.metavar = help.PROGRAM_USAGE
        return changed
    senseless = parameter.name in _SENSELESS
    changed.opts = [name for name in changed.opts if name not in NAMES and not senseless]
    changed.hidden = changed.hidden or senseless
    return changed


def _options(command: click.Command) -> dict[str, bool]:
    """The names of a command's options, and whether each takes a value."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    return {name: not (each.is_flag or each.count) for each in options for name in each.opts}


def _build(request: Request, arguments: Arguments) -> list[Program]:
    project = find_project(cargo(), request.shared_words(), request.value("--target-dir"))
    check_owner(project)
    if request.write_profile:
        write(project)
        project = find_project(cargo(), request.shared_words(), request.value("--target-dir"))
    plan = Build.plan(cargo(), request, project)
    if not plan.configuration.read:
        click.echo("note: this Cargo does not tell its configuration: what its files say is not known", err=True)
    if said := plan.added.said():
        click.echo(f"building with {said}: another build than yours, kept beside it", err=True)
    return plan.programs(arguments.program, chooser(request.all))
