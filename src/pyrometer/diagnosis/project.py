"""What a Cargo project says about the debug info of its builds, and what of that stands in the way."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from pyrometer.diagnosis.finding import Check, Found, Run
from pyrometer.frozen import frozen
from pyrometer.profile.reach import home, is_file

_NO_DEBUG = (0, False, "none", "line-directives-only")
_DEVELOPMENT = ("dev", "test", "debug")
_LONGEST_CHAIN = 16
"""Profiles that inherit from one another, at most: Cargo refuses circles."""


@frozen
class Setting:
    """A setting of a Cargo profile, and the file or variable that says it; empty for Cargo's default."""

    value: object
    source: str


@frozen
class Project:
    """A Cargo project: of its workspace, the settings of one profile."""

    manifest: str
    """The ``Cargo.toml`` that has the profiles: the workspace's."""
    profile: str
    debug: Setting = field(default_factory=lambda: Setting(0, ""))
    strip: Setting = field(default_factory=lambda: Setting(None, ""))
    broken: str = ""
    """The file that could not be read, and why."""


def project_of_program(program: Path) -> tuple[Path, str] | None:
    """The folder of the project whose ``target`` folder a program lies in, and the profile it was built by."""
    path = Path(os.path.normpath(program.absolute()))
    for folder in path.parents:
        if folder.name == "target" and is_file(folder.parent / "Cargo.toml"):
            inside = path.relative_to(folder).parts[:-1]
            # target/release, target/TRIPLE/release, and below these `examples` and `deps`.
            names = [name for name in inside if name not in ("examples", "deps")]
            return folder.parent, names[-1] if names else "release"
    return None


def read_project(folder: Path, profile: str = "release", environment: Mapping[str, str] = os.environ) -> Project:
    """The settings of a profile for a project: the environment's, Cargo's configuration's, the workspace's."""
    profile = "dev" if profile == "debug" else profile
    manifest = _workspace(folder) / "Cargo.toml"
    try:
        files = [*_configurations(folder, environment), manifest]
        layers = [(str(file), _profiles(file)) for file in files]
    except (OSError, ValueError) as error:
        return Project(str(manifest), profile, broken=str(error))
    default = Setting(2 if profile in _DEVELOPMENT else 0, "")
    debug = _setting("debug", profile, layers, environment) or default
    return Project(str(manifest), profile, debug, _setting("strip", profile, layers, environment) or Setting(None, ""))


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: {error}") from error


def _profiles(file: Path) -> dict[str, dict[str, Any]]:
    profiles = _load(file).get("profile", {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise ValueError(f"{file}: profile is a table of tables, such as [profile.release]")
    return profiles


def _workspace(folder: Path) -> Path:
    """The folder with the workspace that a package belongs to; its own if there is none."""
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        manifest = parent / "Cargo.toml"
        if is_file(manifest):
            try:
                found = _load(manifest)
            except (OSError, ValueError):
                continue
            if "workspace" in found:
                return parent
            package = found.get("package")
            named = package.get("workspace") if isinstance(package, dict) else None
            if parent == folder and isinstance(named, str):
                return Path(os.path.normpath(parent / named))
    return folder


def _configurations(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Cargo's configuration files, the one that wins first."""
    folder = folder.resolve()
    cargo = Path(environment.get("CARGO_HOME") or home() / ".cargo")
    for place in (*(parent / ".cargo" for parent in (folder, *folder.parents)), cargo):
        for name in ("config", "config.toml"):
            if is_file(place / name):
                yield place / name
                break


def _setting(name: str, profile: str, layers: list[tuple[str, Any]], environment: Mapping[str, str]) -> Setting | None:
    """A setting of a profile, or of the one that it inherits from."""
    for _ in range(_LONGEST_CHAIN):
        variable = f"CARGO_PROFILE_{profile.upper().replace('-', '_')}_{name.upper()}"
        if variable in environment:
            return Setting(_plain(environment[variable]), variable)
        tables = [(source, profiles.get(profile, {})) for source, profiles in layers]
        for source, table in tables:
            if name in table:
                return Setting(table[name], source)
        parents = [table["inherits"] for _, table in tables if "inherits" in table]
        if profile in ("release", "dev"):
            return None
        profile = parents[0] if parents else {"bench": "release", "test": "dev"}.get(profile, "release")
        if profile == "dev" and name == "debug" and not _says(name, "dev", layers):
            return Setting(2, "")
    return None


def _says(name: str, profile: str, layers: list[tuple[str, Any]]) -> bool:
    return any(name in profiles.get(profile, {}) for _, profiles in layers)


def _plain(text: str) -> object:
    """A value of an environment variable as TOML would have it."""
    return {"true": True, "false": False}.get(text, int(text) if text.isdigit() else text)


def _debug(project: Project) -> Iterator[Found]:
    if project.broken or project.debug.value not in _NO_DEBUG:
        return
    value = str(project.debug.value).lower()
    if project.debug.source:
        what = f"the profile {project.profile} has debug = {value} ({project.debug.source})"
    else:
        what = f"the profile {project.profile} has debug = 0, which is Cargo's default"
    yield Found(what, _recorded(project, "debug = 1"))


def _strip(project: Project) -> Iterator[Found]:
    value = project.strip.value
    if not project.broken and value not in (None, False, "none"):
        shown = str(value).lower() if isinstance(value, bool) else f'"{value}"'
        what = f"the profile {project.profile} has strip = {shown} ({project.strip.source})"
        yield Found(what, _recorded(project, 'strip = "none"'))


def _recorded(project: Project, line: str) -> Run:
    """To build with our settings, or with the project's own."""
    option = "" if project.profile == "release" else f" --profile {project.profile}"
    own = f"in {project.manifest}: [profile.{project.profile}] {line}; or:"
    return Run(f"cargo pyrometer record{option}", own)


def _broken(project: Project) -> Iterator[Found]:
    if project.broken:
        yield Found(
            f"the project's files cannot be read: {project.broken}", "correct the file: cargo metadata says where"
        )


CHECKS = (
    Check(
        "cargo-strip",
        "project",
        "limits",
        "`strip` in a profile of `Cargo.toml` or `.cargo/config.toml`",
        "Names, lines and inlined calls are thrown away after they were compiled.",
        '`cargo pyrometer record`, or `[profile.release] strip = "none"`',
        _strip,
    ),
    Check(
        "cargo-debug",
        "project",
        "limits",
        "`debug = 0` in a profile of `Cargo.toml` or `.cargo/config.toml`, or by default",
        "Builds have no line info; Cargo then strips that of Rust's library too.",
        "`cargo pyrometer record`, or `[profile.release] debug = 1`",
        _debug,
    ),
    Check(
        "cargo-manifest",
        "project",
        "limits",
        "a `Cargo.toml` or `config.toml` that cannot be read",
        "What its profiles say is not known.",
        "correct the file",
        _broken,
    ),
)
"""Checks of a Cargo project."""
