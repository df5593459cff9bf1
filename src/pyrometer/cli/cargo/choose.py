"""Which of several test binaries: a person is asked, a script gets all."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from pyrometer.collect.cargo.build import describe
from pyrometer.collect.cargo.messages import Executable

Choice = Callable[[list[Executable]], list[Executable]]


def chooser(everything: bool) -> Choice:
    """A function that chooses from what was built: all of it with ``everything``, or without a terminal."""

    def choose(built: list[Executable]) -> list[Executable]:
        if len(built) == 1 or everything or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return built
        return _ask(built)

    return choose


def _ask(built: list[Executable]) -> list[Executable]:
    for number, each in enumerate(built, 1):
        click.echo(f"  {number:>3}  {describe(each)}", err=True)
    number = click.prompt(
        "Which one? (0: all, one after the other)", type=click.IntRange(0, len(built)), default=0, err=True
    )
    return built if number == 0 else [built[number - 1]]
