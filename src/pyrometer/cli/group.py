"""A group of commands that are loaded when they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import click

from pyrometer.cli.streams import ClosedPipe


class Lazy(NamedTuple):
    """Where a command is, and what it does in one line."""

    module: str
    help: str


COMMANDS: dict[str, Lazy] = {
    "record": Lazy("pyrometer.cli.record", "Sample a program's CPU time and keep it as a profile."),
    "stat": Lazy("pyrometer.cli.stat", "Count what a program costs as a whole; compare programs."),
    "instructions": Lazy("pyrometer.cli.instructions", "Count a program's instructions exactly, by function and line."),
    "heap": Lazy("pyrometer.cli.heap", "Which code allocates: sizes, lifetimes, accesses, copies."),
    "counts": Lazy("pyrometer.cli.counts", "Count lines that a program prints, or what it counts in itself."),
    "show": Lazy("pyrometer.cli.show", "Top functions, call tree, callers, callees, lines."),
    "diff": Lazy("pyrometer.cli.diff", "Compare two profiles: what costs more, what less, and is it noise."),
    "annotate": Lazy("pyrometer.cli.annotate", "One function's source and machine code with samples."),
    "flamegraph": Lazy("pyrometer.cli.flamegraph", "Draw an interactive flame graph (SVG)."),
    "view": Lazy("pyrometer.cli.view", "Look at a profile in the browser."),
    "report": Lazy("pyrometer.cli.report", "One HTML file to look at a profile in a browser."),
    "symbolize": Lazy("pyrometer.cli.symbolize", "Look names up again, with debug info from elsewhere."),
    "import": Lazy("pyrometer.cli.import_", "Other tools' files as a profile."),
    "export": Lazy("pyrometer.cli.export", "Write a profile in another tool's format."),
    "demangle": Lazy("pyrometer.cli.demangle", "Rust and C++ symbols as names, wherever they stand in a text."),
    "doctor": Lazy("pyrometer.cli.doctor", "What stands in the way of a good profile, and what cures it."),
}
"""Every command; each module has one named ``command``."""


@contextmanager
def _closed_pipe() -> Iterator[None]:
    """A closed pipe is a :class:`ClosedPipe`, which click does not know."""
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error


class LazyGroup(click.Group):
    """A click group that lists its commands without loading them."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of use."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; an unknown name gets the nearest ones."""
        if cmd_name not in self._lazy:
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, self._lazy, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {cmd_name!r}.{meant}")
        return import_module(self._lazy[cmd_name].module).command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the words, and print what ``--help`` and ``--version`` ask for."""
        with _closed_pipe():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _closed_pipe():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands for ``--help``."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self._lazy.items()])


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyrometer", message="%(prog)s %(version)s")
def group() -> None:
    """Find out where a native program's time goes.

    \b
      pyrometer record -- ./program --its-options
      pyrometer show
      pyrometer flamegraph -o flamegraph.svg
    """
