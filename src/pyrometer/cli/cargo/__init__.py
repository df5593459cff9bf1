"""``cargo pyrometer``: builds a target of a Cargo project, and calls a Pyrometer command with the program.

Cargo calls ``cargo-pyrometer pyrometer ARGUMENTS``; without the second word it is the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pyrometer.collect.cargo.capture import VARIABLE, write_call

COMMANDS = ("record", "flamegraph", "stat", "instructions", "heap")
"""The Pyrometer commands that take a program after ``--``."""


def main() -> None:
    """Run and end the process: the entry point of ``cargo-pyrometer``."""
    if VARIABLE in os.environ:
        write_call(os.environ[VARIABLE], sys.argv[1:])
        return
    from pyrometer.cli import guarded
    from pyrometer.cli.streams import prepare

    prepare()
    words = sys.argv[1:]
    sys.exit(guarded(lambda: run(words[1:] if words[:1] == ["pyrometer"] else words)))


def run(words: Sequence[str]) -> int:
    """Understand the arguments, build, and call the command; its exit code."""
    from pyrometer.cli.cargo import help as helping

    if not words or words[0] in ("-h", "--help", "help"):
        return helping.show_all()
    if words[0] in ("-V", "--version"):
        return helping.show_version()
    if words[0].startswith("-"):
        from pyrometer.cli.cargo.write_profile import write_profile_only

        return write_profile_only(words)
    from pyrometer.cli.cargo.command import call

    return call(words[0], words[1:])
