"""The options of Cargo that ``cargo pyrometer`` takes, told apart from those of the Pyrometer command.

Both may stand in any order before ``--``. Cargo's are given to Cargo as they are, for it to judge; only what chooses
the target and the profile is read here.

>>> arguments = split(["--bin", "app", "--rate", "99", "-j4", "--", "--bin"], {"--rate": True})
>>> arguments.cargo, arguments.command, arguments.program
((('--bin', 'app'), ('--jobs', '4')), ('--rate', '99'), ('--bin',))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyrometer.collect.cargo.usage import WrongUsageError
from pyrometer.frozen import frozen


@frozen
class CargoOption:
    """An option: its long name, what it says of itself, and its value's name (empty: it takes none)."""

    name: str
    help: str
    value: str = ""
    short: str = ""
    optional: bool = False
    """Whether the value may be left out."""
    ours: bool = False
    """Whether ``cargo run`` does not know it."""


OPTIONS = (
    CargoOption("--bin", "The binary to run.", "NAME"),
    CargoOption("--example", "The example to run.", "NAME"),
    CargoOption("--test", "An integration test; without NAME: all of them.", "NAME", optional=True),
    CargoOption("--tests", "All tests, unit tests too."),
    CargoOption("--lib", "The library's unit tests, or with --bench its benchmarks."),
    CargoOption("--bench", "A benchmark; without NAME: all of them.", "NAME", optional=True),
    CargoOption("--benches", "All benchmarks."),
    CargoOption("--all", "All test binaries one after the other, without asking.", ours=True),
    CargoOption("--package", "The package of the target.", "SPEC", short="-p"),
    CargoOption("--workspace", "With tests and benchmarks: of all packages."),
    CargoOption("--features", "Features to turn on.", "FEATURES", short="-F"),
    CargoOption("--all-features", "Turn all features on."),
    CargoOption("--no-default-features", "Leave the default features off."),
    CargoOption("--profile", "The profile; default: release, of benchmarks bench.", "PROFILE"),
    CargoOption("--release", "The release profile.", short="-r"),
    CargoOption("--dev", "The dev profile.", ours=True),
    CargoOption("--frame-pointers", "Compile with frame pointers, in addition to your own flags.", ours=True),
    CargoOption("--write-profile", "Add [profile.profiling] to Cargo.toml, and use it.", ours=True),
    CargoOption("--target", "Build for this target.", "TRIPLE"),
    CargoOption("--target-dir", "The folder for what is built.", "FOLDER"),
    CargoOption("--manifest-path", "Path of Cargo.toml.", "FILE"),
    CargoOption("--jobs", "Parallel jobs.", "N", short="-j"),
    CargoOption("--ignore-rust-version", "Ignore rust-version of packages."),
    CargoOption("--locked", "Do not change Cargo.lock."),
    CargoOption("--offline", "Do not use the network: neither Cargo nor Pyrometer."),
    CargoOption("--frozen", "--locked and --offline."),
    CargoOption("--quiet", "Print less of the build.", short="-q"),
    CargoOption("--verbose", "Print more of the build.", short="-v"),
    CargoOption("--color", "Colours: auto, always, never.", "WHEN"),
    CargoOption("--config", "Override a value of Cargo's configuration.", "KEY=VALUE"),
    CargoOption("-Z", "A flag of nightly Cargo.", "FLAG", short="-Z"),
)

_LONG = {option.name: option for option in OPTIONS}
_SHORT = {option.short: option for option in OPTIONS if option.short}

NAMES = frozenset(_LONG) | frozenset(_SHORT)
"""What no option of a Pyrometer command can be called here."""

HELP = frozenset({"-h", "--help"})
"""What asks for help, of every command."""

Given = tuple[str, str | None]
"""An option under its long name, and its value."""


@frozen
class Arguments:
    """The command line, told apart."""

    cargo: tuple[Given, ...]
    command: tuple[str, ...]
    program: tuple[str, ...]


def split(words: Sequence[str], command: Mapping[str, bool]) -> Arguments:
    """Tell Cargo's options from the command's, of which ``command`` says which take a value.

    A name that both have is Cargo's. A :class:`~pyrometer.collect.cargo.usage.WrongUsageError` names a word
    that is no option, and one whose value is missing.
    """
    at = 0
    cargo: list[Given] = []
    rest: list[str] = []
    while at < len(words) and words[at] != "--":
        word = words[at]
        taken = _cargo(words, at) if _is_cargo(word) else None
        if taken is not None:
            cargo.extend(taken.given)
            at += taken.words
        elif word.startswith("-") and word != "-":
            _check(word, command)
            count = 2 if command.get(word, False) else 1
            if words[at + 1 : at + count] == ["--"] or at + count > len(words):
                raise WrongUsageError(f"{word} needs a value")
            rest.extend(words[at : at + count])
            at += count
        else:
            raise WrongUsageError(f"unexpected argument {word!r}; the program's arguments stand after --")
    return Arguments(tuple(cargo), tuple(rest), tuple(words[at + 1 :]))


def _check(word: str, command: Mapping[str, bool]) -> None:
    name = word.partition("=")[0] if word.startswith("--") else word[:2]
    if name not in command and name not in HELP:
        raise WrongUsageError(f"no such option: {name}")


@frozen
class _Taken:
    given: tuple[Given, ...]
    words: int


def _is_cargo(word: str) -> bool:
    return word.partition("=")[0] in _LONG or (not word.startswith("--") and word[:2] in _SHORT)


def _cargo(words: Sequence[str], at: int) -> _Taken:
    name, equals, value = words[at].partition("=")
    if name not in _LONG or name == "-Z":
        return _cluster(words, at)
    option = _LONG[name]
    if not option.value:
        if equals:
            raise WrongUsageError(f"{name} takes no value")
        return _Taken(((name, None),), 1)
    if equals:
        return _Taken(((name, value),), 1)
    following = _value(words, at + 1, option)
    return _Taken(((name, following),), 1 if following is None else 2)


def _value(words: Sequence[str], at: int, option: CargoOption) -> str | None:
    given = words[at] if at < len(words) and words[at] != "--" else None
    if option.optional:
        return None if given is None or given.startswith("-") else given
    if given is None:
        raise WrongUsageError(f"{option.name} needs a value: {option.name} {option.value}")
    return given


def _cluster(words: Sequence[str], at: int) -> _Taken:
    """Short options: ``-j4``, ``-p app``, ``-qv``."""
    given: list[Given] = []
    letters = words[at][1:]
    while letters:
        option = _SHORT.get(f"-{letters[0]}")
        if option is None:
            raise WrongUsageError(f"no such option: -{letters[0]} (in {words[at]})")
        letters = letters[1:]
        if option.value:
            value = letters.removeprefix("=") or _value(words, at + 1, option)
            return _Taken((*given, (option.name, value)), 1 if letters else 2)
        given.append((option.name, None))
    return _Taken(tuple(given), 1)


def as_cargo_takes_it(given: Sequence[Given]) -> Iterator[str]:
    """The words for Cargo's command line."""
    for name, value in given:
        if value is None:
            yield name
        elif name == "-Z":
            yield from (name, value)
        else:
            yield f"{name}={value}"
