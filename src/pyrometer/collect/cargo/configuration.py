"""Cargo's configuration, as far as it decides how a program is compiled and run.

Cargo is asked for it (``cargo config get``), so that the files of all folders, ``include`` and ``--config`` are merged
by nobody else. That command is not stable yet: RUSTC_BOOTSTRAP lets every Cargo answer, for this one call. Environment
variables, which it leaves out, are read here. Source: the Cargo Book, "Configuration".
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pyrometer.collect.cargo.cfg import Known, holds, known_of
from pyrometer.frozen import frozen

Table = Mapping[str, Any]


@frozen
class Configuration:
    """The merged configuration; ``read`` is false if Cargo would not tell it."""

    values: Table
    environment: Mapping[str, str]
    target_option: str | None = None
    """The value of ``--target``."""
    read: bool = True

    @cached_property
    def rustc(self) -> str:
        """The compiler that Cargo calls."""
        environment = self.environment
        configured = environment.get("RUSTC") or environment.get("CARGO_BUILD_RUSTC") or self._build("rustc")
        return configured if isinstance(configured, str) else "rustc"

    @cached_property
    def target(self) -> str:
        """The triple that is built for; that of the host, if nothing else is said."""
        asked = self.target_option or self.environment.get("CARGO_BUILD_TARGET") or self._build("target")
        asked = asked[0] if isinstance(asked, list) and asked else asked
        if not isinstance(asked, str) or asked == "host-tuple":
            return self._host
        return Path(asked).stem if asked.endswith(".json") else asked

    def target_values(self, key: str) -> list[object]:
        """Values of ``target.<triple>.KEY`` first, then of every ``target.<cfg>.KEY`` that holds."""
        targets = table(self.values, "target")
        exact = [table(targets, self.target).get(key)]
        conditional = [name for name in targets if name.startswith("cfg") and key in table(targets, name)]
        exact += [table(targets, name)[key] for name in conditional if holds(name, self._known)]
        return [value for value in exact if value is not None]

    def target_variable(self, key: str) -> str | None:
        """``CARGO_TARGET_<TRIPLE>_KEY``."""
        return self.environment.get(f"CARGO_TARGET_{variable_name(self.target)}_{key}")

    def _build(self, key: str) -> object:
        return table(self.values, "build").get(key)

    @cached_property
    def _host(self) -> str:
        lines = _output([self.rustc, "-vV"]).splitlines()
        return next((line.removeprefix("host: ") for line in lines if line.startswith("host: ")), "")

    @cached_property
    def _known(self) -> Known:
        return known_of(_output([self.rustc, "--print", "cfg", "--target", self.target]))


def table(values: Table, key: str) -> Table:
    """A table inside another; empty if it is anything else."""
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


def variable_name(name: str) -> str:
    """How a name stands in an environment variable of Cargo."""
    return name.upper().replace("-", "_").replace(".", "_")


def words_of(value: object) -> list[str]:
    """A list of words, which may be written as one string."""
    if isinstance(value, str):
        return value.split()
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def read_configuration(cargo: Sequence[str], options: Sequence[str], target: str | None) -> Configuration:
    """Ask Cargo; ``options`` are the user's ``--config`` and the like."""
    command = [*cargo, "-Zunstable-options", "config", "get", "--format=json", *_understood(options)]
    environment = os.environ | {"RUSTC_BOOTSTRAP": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    try:
        values = json.loads(done.stdout)
    except ValueError:
        values = None
    read = isinstance(values, dict)
    return Configuration(values if read else {}, os.environ, target, read)


def _understood(options: Sequence[str]) -> Iterator[str]:
    """``cargo config`` has no project, hence no ``--manifest-path``."""
    return (word for word in options if not word.startswith("--manifest-path"))


def runner(configuration: Configuration) -> list[str]:
    """The user's own runner with its arguments, or nothing."""
    variable = configuration.target_variable("RUNNER")
    values = [variable] if variable is not None else configuration.target_values("runner")
    words = words_of(values[0]) if values else []
    return [_found(words[0]), *words[1:]] if words else []


def _found(program: str) -> str:
    """A path in a configuration file is relative to the folder that ``.cargo`` is in."""
    if "/" not in program or program.startswith("/"):
        return program
    here = Path.cwd()
    folders = [folder for folder in (here, *here.parents) if (folder / ".cargo").is_dir()]
    return next((str(folder / program) for folder in folders if (folder / program).exists()), program)


def _output(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
