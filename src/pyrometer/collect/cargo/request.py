"""What is asked of Cargo: which targets, by which of its commands, in which profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pyrometer.collect.cargo.options import OPTIONS, Given, as_cargo_takes_it
from pyrometer.collect.cargo.usage import WrongUsageError
from pyrometer.frozen import frozen

Mode = Literal["run", "test", "bench"]
"""The command of Cargo that runs such a target."""

WRITTEN_PROFILE = "profiling"
"""The profile that ``--write-profile`` adds."""

_CHOOSES: dict[str, Mode | None] = {
    "--bin": "run",
    "--example": "run",
    "--test": "test",
    "--tests": "test",
    "--bench": "bench",
    "--benches": "bench",
    "--lib": None,
}
_PROFILES = ("--profile", "--release", "--dev")
_READ_HERE = {option.name for option in OPTIONS if option.ours} | set(_PROFILES) | set(_CHOOSES)
_SHARED = ("--manifest-path", "--config", "-Z", "--locked", "--offline", "--frozen")


@frozen
class Request:
    """A call of ``cargo pyrometer``, understood."""

    mode: Mode
    profile: str
    targets: tuple[Given, ...]
    rest: tuple[Given, ...]
    """All other options of Cargo, untouched."""
    all: bool
    frame_pointers: bool
    write_profile: bool

    def words(self) -> list[str]:
        """The options for ``cargo run``, ``test`` or ``bench``."""
        return [*as_cargo_takes_it(self.targets), f"--profile={self.profile}", *as_cargo_takes_it(self.rest)]

    def shared_words(self) -> list[str]:
        """Those that every command of Cargo takes."""
        return list(as_cargo_takes_it([each for each in self.rest if each[0] in _SHARED]))

    def value(self, name: str) -> str | None:
        """The last value of an option, if it was given."""
        return next((value for given, value in reversed(self.rest) if given == name), None)


def understand(given: Sequence[Given]) -> Request:
    """Find out what is asked; a :class:`~pyrometer.collect.cargo.usage.WrongUsageError` for what contradicts itself."""
    names = {name for name, _ in given}
    mode = _mode(names)
    if mode == "run" and "--all" in names:
        raise WrongUsageError("--all has a meaning for tests and benchmarks only: --tests --all")
    return Request(
        mode=mode,
        profile=_profile(given, mode),
        targets=tuple((name, _pattern(name, value)) for name, value in given if name in _CHOOSES),
        rest=tuple(each for each in given if each[0] not in _READ_HERE),
        all="--all" in names,
        frame_pointers="--frame-pointers" in names,
        write_profile="--write-profile" in names,
    )


def _mode(names: Iterable[str]) -> Mode:
    asked = [name for name in _CHOOSES if name in names]
    modes: set[Mode] = {mode for name in asked if (mode := _CHOOSES[name]) is not None}
    if len(modes) > 1:
        raise WrongUsageError(f"{' and '.join(asked)} are run by different commands of Cargo: choose one kind")
    if "--lib" in asked and modes == {"run"}:
        raise WrongUsageError("a library is not run: --lib chooses its unit tests, or with --bench its benchmarks")
    if modes:
        return modes.pop()
    return "test" if asked else "run"


def _pattern(name: str, value: str | None) -> str | None:
    """Without a name, all of the kind: Cargo takes patterns for tests and benchmarks."""
    return "*" if value is None and name in ("--test", "--bench") else value


def _profile(given: Sequence[Given], mode: Mode) -> str:
    asked = [(name, value) for name, value in given if name in _PROFILES]
    if len({name for name, _ in asked}) > 1:
        raise WrongUsageError(f"choose one profile: {' or '.join(sorted({name for name, _ in asked}))}")
    for name, value in reversed(asked):
        return value or name.removeprefix("--")
    if ("--write-profile", None) in given:
        return WRITTEN_PROFILE
    return "bench" if mode == "bench" else "release"
