"""``--write-profile``, with a command and alone."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pyrometer.collect.cargo.options import split
from pyrometer.collect.cargo.project import CargoFailedError, Project, find_project
from pyrometer.collect.cargo.request import WRITTEN_PROFILE, understand
from pyrometer.collect.cargo.usage import WrongUsageError


def write_profile_only(words: Sequence[str]) -> int:
    """``cargo pyrometer --write-profile`` without a command; the exit code."""
    from pyrometer.cli.cargo.command import cargo

    try:
        arguments = split(words, {})
        request = understand(arguments.cargo)
    except WrongUsageError as error:
        raise click.UsageError(str(error)) from error
    if not request.write_profile or arguments.command:
        raise click.UsageError(f"{words[0]} stands after a command: cargo pyrometer record {words[0]}")
    try:
        project = find_project(cargo(), request.shared_words(), None)
    except CargoFailedError as error:
        return error.status
    write(project)
    return 0


def write(project: Project) -> None:
    """Add the profile to the workspace's Cargo.toml, and say so."""
    from pyrometer.collect.cargo.manifest import write_profile

    if write_profile(project.manifest):
        click.echo(f"added [profile.{WRITTEN_PROFILE}] to {project.manifest}", err=True)
    else:
        click.echo(f"note: {project.manifest} has a [profile.{WRITTEN_PROFILE}]: left as it is", err=True)
