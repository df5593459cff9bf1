"""The help of ``cargo pyrometer``: Cargo's options and the command's, each under its own heading."""

from __future__ import annotations

import click

from pyrometer.cli.cargo import COMMANDS
from pyrometer.cli.group import COMMANDS as EVERY_COMMAND
from pyrometer.collect.cargo.options import OPTIONS, CargoOption

NAME = "cargo pyrometer"
OPTIONS_USAGE = "[CARGO OPTIONS] [OPTIONS]"
PROGRAM_USAGE = "[-- PROGRAM ARGUMENTS]"

_ABOUT = """Build a target of a Cargo project with the debug info that profiling needs, and run it under Pyrometer, as
`cargo run`, `cargo test` or `cargo bench` would. Cargo.toml is not changed, unless by --write-profile."""

_EXAMPLES = """\b
  cargo pyrometer record --bin app -- --its-options
  cargo pyrometer flamegraph --example demo -o demo.svg
  cargo pyrometer record --bench parse --frame-pointers"""


def show_all() -> int:
    """The help of ``cargo pyrometer``."""
    formatter = _formatter(f"COMMAND {OPTIONS_USAGE} {PROGRAM_USAGE}")
    with formatter.section("Commands (COMMAND --help lists the options)"):
        formatter.write_dl([(name, EVERY_COMMAND[name].help) for name in COMMANDS])
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text("cargo pyrometer --write-profile adds the profile to Cargo.toml and builds nothing.")
    click.echo(formatter.getvalue(), nl=False)
    return 0


def show(name: str, context: click.Context) -> int:
    """The help of a command with Cargo's options."""
    formatter = _formatter(f"{name} {OPTIONS_USAGE} {PROGRAM_USAGE}")
    with formatter.section("Cargo options"):
        formatter.write_dl([_row(option) for option in OPTIONS])
    options = [each for each in context.command.get_params(context) if isinstance(each, click.Option)]
    # An option without a name has become Cargo's.
    rows = [each.get_help_record(context) for each in options if each.opts]
    with formatter.section(f"Options of pyrometer {name}"):
        formatter.write_dl([row for row in rows if row is not None])
    click.echo(formatter.getvalue(), nl=False)
    return 0


def show_version() -> int:
    """The version, as ``pyrometer --version`` has it."""
    from importlib.metadata import version

    click.echo(f"cargo-pyrometer {version('pyrometer')}")
    return 0


def _formatter(usage: str) -> click.HelpFormatter:
    context = click.Context(click.Command(NAME))
    formatter = context.make_formatter()
    formatter.write_usage(NAME, usage)
    for text in (_ABOUT, _EXAMPLES):
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text)
    return formatter


def _row(option: CargoOption) -> tuple[str, str]:
    value = f"[{option.value}]" if option.optional else option.value
    names = ", ".join(dict.fromkeys(filter(None, [option.short, option.name])))
    return f"{names} {value}".strip(), option.help
