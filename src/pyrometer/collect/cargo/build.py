"""Building programs, and learning how Cargo would start them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pyrometer.collect.cargo.capture import VARIABLE, Call, read_calls
from pyrometer.collect.cargo.configuration import Configuration, read_configuration, runner
from pyrometer.collect.cargo.messages import Executable, executable_of, package_name, parse
from pyrometer.collect.cargo.project import CargoFailedError, Project
from pyrometer.collect.cargo.request import Request
from pyrometer.collect.cargo.settings import Settings, settings
from pyrometer.errors import CargoTargetError
from pyrometer.frozen import frozen

SCRIPT = "cargo-pyrometer"


@frozen
class Program:
    """A program as Cargo starts it."""

    name: str
    """The target's name."""
    command: list[str]
    """The user's runner, if there is one, the program, its arguments."""
    directory: str
    environment: dict[str, str]


@frozen
class Build:
    """A request that Cargo is going to carry out."""

    cargo: Sequence[str]
    request: Request
    configuration: Configuration
    added: Settings

    @classmethod
    def plan(cls, cargo: Sequence[str], request: Request, project: Project) -> Build:
        """Work out the settings to add."""
        configuration = read_configuration(cargo, request.shared_words(), request.value("--target"))
        added = settings(request.profile, project.values, configuration, request.frame_pointers)
        return cls(cargo, request, configuration, added)

    def programs(
        self, arguments: Sequence[str], choose: Callable[[list[Executable]], list[Executable]]
    ) -> list[Program]:
        """Build, let ``choose`` choose where there are several, and ask Cargo how each is started.

        A :class:`~pyrometer.collect.cargo.project.CargoFailedError` if Cargo fails, which has said why.
        """
        with tempfile.TemporaryDirectory(prefix="pyrometer-") as name:
            folder = Path(name)
            if self.request.mode == "run":
                built = self._cargo("run", [], arguments, folder)
                chosen = [each for each in built if not each.test]
            else:
                built = self._cargo(self.request.mode, ["--no-run"], [], None)
                chosen = choose(_tests(built, self.request))
                self._ask(arguments, folder)
            calls = read_calls(folder)
        found = [program for each in chosen for program in self._matching(each, calls)]
        if not found:
            raise CargoTargetError("Cargo started no program that it says it built", self._seen(built, calls))
        return found

    def _cargo(
        self, command: str, options: Sequence[str], arguments: Sequence[str], folder: Path | None
    ) -> list[Executable]:
        """Run Cargo, its stderr on ours, and read its messages."""
        words = self._words(command, ["--message-format=json-render-diagnostics", *options], arguments, folder)
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._environment(folder)
        ) as cargo:
            assert cargo.stdout is not None
            found = [each for line in cargo.stdout if (each := _read(line)) is not None]
        if cargo.returncode != 0:
            raise CargoFailedError(cargo.returncode)
        return found

    def _ask(self, arguments: Sequence[str], folder: Path) -> None:
        """Let Cargo "run" what it has built: nothing is compiled, and what it says of it is ours to keep."""
        words = self._words(self.request.mode, [], arguments, folder)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=self._environment(folder)
        )
        if done.returncode != 0:
            sys.stderr.buffer.write(done.stderr)
            raise CargoFailedError(done.returncode)

    def _words(self, command: str, options: Sequence[str], arguments: Sequence[str], folder: Path | None) -> list[str]:
        added = self.added.words()
        if folder is not None:
            added.append(f"--config=target.{json.dumps(self.configuration.target)}.runner={json.dumps(_capture())}")
        return [*self.cargo, command, *options, *self.request.words(), *added, "--", *arguments]

    def _environment(self, folder: Path | None) -> Mapping[str, str]:
        return os.environ | self.added.environment | ({VARIABLE: str(folder)} if folder is not None else {})

    def _matching(self, wanted: Executable, calls: Sequence[Call]) -> list[Program]:
        own = runner(self.configuration)
        return [
            Program(wanted.name, [*own, *call.command], call.directory, self._without_ours(call.environment))
            for call in calls
            if os.path.realpath(Path(call.directory, call.command[0])) == os.path.realpath(wanted.path)
        ][:1]

    def _without_ours(self, environment: dict[str, str]) -> dict[str, str]:
        """The program gets the user's flags, not those that we have added for the build."""
        kept = {name: value for name, value in environment.items() if name not in self.added.environment}
        return kept | {name: os.environ[name] for name in self.added.environment}

    def _seen(self, built: Sequence[Executable], calls: Sequence[Call]) -> str:
        paths = ", ".join(each.path for each in built) or "nothing"
        return f"it built {paths} and started {', '.join(call.command[0] for call in calls) or 'nothing'}"


def _read(line: bytes) -> Executable | None:
    """The program that a line is about; a line that is not Cargo's is shown, as Cargo would have."""
    message = parse(line)
    if message is None:
        sys.stderr.buffer.write(line)
        sys.stderr.flush()
        return None
    return executable_of(message)


def _tests(built: Sequence[Executable], request: Request) -> list[Executable]:
    """The test binaries; with them Cargo also builds the programs that they start."""
    found = list({each.path: each for each in built if each.test}.values())
    if not found:
        options = " ".join(request.words()[: len(request.targets)])
        raise CargoTargetError(f"nothing was built to {request.mode}", f"no target is meant by {options}")
    return found


def describe(executable: Executable) -> str:
    """What a test binary is, in a few words."""
    what = {"test": "test", "bench": "benchmark", "example": "tests of example", "bin": "unit tests of bin"}
    return (
        f"{what.get(executable.kind, 'unit tests of library')} {executable.name} ({package_name(executable.package)})"
    )


def _capture() -> list[str]:
    """The command that stands in for the program; Cargo shows it, so it is the short one if there is one."""
    script = Path(sys.argv[0])
    beside = Path(sys.executable).with_name(SCRIPT)
    for path in (script, beside):
        if path.name == SCRIPT and os.access(path, os.X_OK):
            return [str(path.absolute())]
    found = shutil.which(SCRIPT)
    return [found] if found else [sys.executable, "-P", "-m", "pyrometer.collect.cargo.capture"]
