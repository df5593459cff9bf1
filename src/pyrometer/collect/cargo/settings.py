"""The settings that profiling needs, added to a build on Cargo's command line.

A release build has no line info, and Cargo strips even that of the standard library from it. So ``debug`` becomes 1
(functions, inlined calls, lines) unless the profile has more already, in all packages that turn it off too, and
``strip`` is turned off. ``split-debuginfo`` stays the project's: no value of it takes anything away.

Cargo keeps a build of every package for each set of settings, side by side in the target folder. So the first build
compiles anew, and later ones, of either kind, only what has changed; ``target/PROFILE/NAME`` is a link to the last.
``strip = "none"`` is what Cargo itself resolves to once there is debug info, hence no reason to build again.
Source: the Cargo Book, "Profiles", and what Cargo 1.95 does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from pyrometer.collect.cargo.configuration import Configuration, Table, table, variable_name, words_of
from pyrometer.frozen import frozen

_LEVELS = {
    "none": 0,
    "line-directives-only": 0.5,
    "line-tables-only": 0.6,
    "limited": 1,
    "full": 2,
}
_PARENTS = {"test": "dev", "bench": "release"}
_BUILT_IN = ("dev", "release", "test", "bench")
_FULL_BY_DEFAULT = ("dev", "test")
_FRAME_POINTERS = ["-C", "force-frame-pointers=yes"]


@frozen
class Settings:
    """What is added: values on the command line, variables in the environment, and the same in words."""

    config: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    flags: str = ""

    def words(self) -> list[str]:
        """For Cargo's command line."""
        return [f"--config={each}" for each in self.config]

    def said(self) -> str:
        """In a few words; empty if nothing is added."""
        return ", ".join([*(each for each in self.config if ".rustflags=" not in each), *filter(None, [self.flags])])


def settings(profile: str, manifest: Table, configuration: Configuration, frame_pointers: bool) -> Settings:
    """What to add to a profile, given the workspace's Cargo.toml and Cargo's configuration."""
    added = tuple(_profile_settings(profile, manifest, configuration))
    if not frame_pointers:
        return Settings(added)
    config, environment = _frame_pointers(configuration)
    return Settings((*added, *config), environment, " ".join(_FRAME_POINTERS))


def _profile_settings(profile: str, manifest: Table, configuration: Configuration) -> Iterator[str]:
    layers = list(_layers(profile, manifest, configuration))
    if profile not in _BUILT_IN and not any(layer for _, layer in layers):
        return  # Cargo says that there is none; of a setting it would say that more is missing
    debug = _first(layers, "debug")
    if debug is None:
        debug = 2 if _root(layers, profile) in _FULL_BY_DEFAULT else 0
    if level(debug) < 1:
        yield f"{_key('profile', profile)}.debug=1"
    if _strips(_first(layers, "strip")):
        yield f'{_key("profile", profile)}.strip="none"'
    for package in dict.fromkeys(name for _, layer in layers for name in table(layer, "package")):
        own = _first([(name, table(table(layer, "package"), package)) for name, layer in layers], "debug")
        if own is not None and level(own) < 1:
            yield f"{_key('profile', profile, 'package', package)}.debug=1"


def _layers(profile: str, manifest: Table, configuration: Configuration) -> Iterator[tuple[str, Table]]:
    """The tables that make up a profile, the strongest first: environment, configuration, manifest, inherited ones."""
    seen: set[str] = set()
    name: str | None = profile
    while name is not None and name not in seen:
        seen.add(name)
        own = [
            _variables(name, configuration.environment),
            table(table(configuration.values, "profile"), name),
            table(table(manifest, "profile"), name),
        ]
        yield from ((name, layer) for layer in own)
        inherits = next((layer["inherits"] for layer in own if isinstance(layer.get("inherits"), str)), None)
        name = inherits or _PARENTS.get(name)


def _variables(profile: str, environment: Mapping[str, str]) -> Table:
    prefix = f"CARGO_PROFILE_{variable_name(profile)}_"
    return {key: environment[prefix + key.upper()] for key in ("debug", "strip") if prefix + key.upper() in environment}


def _first(layers: list[tuple[str, Table]], key: str) -> object:
    return next((layer[key] for _, layer in layers if key in layer), None)


def _root(layers: list[tuple[str, Table]], profile: str) -> str:
    return layers[-1][0] if layers else profile


def level(debug: object) -> float:
    """How much debug info a value of ``debug`` asks for; 1 is what profiling needs.

    >>> [level(value) for value in (True, "limited", "0", "line-tables-only", "nonsense")]
    [2, 1, 0, 0.6, 0]
    """
    if isinstance(debug, bool) or debug in ("true", "false"):
        return 2 if debug in (True, "true") else 0
    if isinstance(debug, str) and debug in _LEVELS:
        return _LEVELS[debug]
    return int(debug) if isinstance(debug, int) or (isinstance(debug, str) and debug in ("0", "1", "2")) else 0


def _strips(strip: object) -> bool:
    return strip not in (None, False, "none", "false")


def _frame_pointers(configuration: Configuration) -> tuple[list[str], dict[str, str]]:
    """Add the flag where the flags in force are: Cargo takes them from one place only."""
    environment = configuration.environment
    if "CARGO_ENCODED_RUSTFLAGS" in environment:
        before = environment["CARGO_ENCODED_RUSTFLAGS"]
        return [], {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(filter(None, [before, *_FRAME_POINTERS]))}
    if "RUSTFLAGS" in environment:
        return [], {"RUSTFLAGS": " ".join([environment["RUSTFLAGS"], *_FRAME_POINTERS]).strip()}
    target = [*configuration.target_values("rustflags"), configuration.target_variable("RUSTFLAGS")]
    if any(words_of(value) for value in target):
        before = table(table(configuration.values, "target"), "cfg(all())").get("rustflags")
        return [f"target.'cfg(all())'.rustflags={_appended(before)}"], {}
    return [f"build.rustflags={_appended(table(configuration.values, 'build').get('rustflags'))}"], {}


def _appended(before: object) -> str:
    """A value for Cargo to merge with the one in its files: lists are joined, a string replaces the other."""
    return json.dumps(" ".join([before, *_FRAME_POINTERS]) if isinstance(before, str) else _FRAME_POINTERS)


def _key(*names: str) -> str:
    """A dotted key of TOML."""
    return ".".join(name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name) for name in names)
