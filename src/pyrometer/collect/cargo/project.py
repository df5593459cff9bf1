"""The workspace: where it is, what its Cargo.toml says, and whose it is."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pyrometer.errors import CargoOwnerError, ProgramNotExecutableError, ProgramNotFoundError
from pyrometer.frozen import frozen


class CargoFailedError(Exception):
    """Cargo has said why; what is left to us is its exit status, or minus the signal that ended it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"cargo ended with status {status}")
        self.status = status


@frozen
class Project:
    """A workspace, or a package that is its own."""

    root: Path
    build_folders: tuple[Path, ...]
    """Where Cargo writes what it builds."""

    @property
    def manifest(self) -> Path:
        """The Cargo.toml with the profiles."""
        return self.root / "Cargo.toml"

    @cached_property
    def values(self) -> dict[str, Any]:
        """What it says; nothing, if it cannot be read: Cargo will say why."""
        try:
            return tomllib.loads(self.manifest.read_text("utf-8-sig"))
        except (OSError, ValueError):
            return {}


def find_project(cargo: Sequence[str], options: Sequence[str], target_folder: str | None) -> Project:
    """Ask Cargo for the workspace; a :class:`CargoFailedError` if there is none, or it is broken."""
    command = [*cargo, "metadata", "--no-deps", "--format-version=1", *options]
    # Its `metadata` has no --target-dir.
    environment = os.environ | ({"CARGO_TARGET_DIR": target_folder} if target_folder else {})
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, env=environment)
    except PermissionError as error:
        raise ProgramNotExecutableError(
            f"{cargo[0]} cannot be executed by this user", cure="put a Cargo of your own on PATH: https://rustup.rs"
        ) from error
    except OSError as error:
        raise ProgramNotFoundError("cargo was not found", cure="install Rust: https://rustup.rs") from error
    if done.returncode != 0:
        raise CargoFailedError(done.returncode)
    found = json.loads(done.stdout)
    folders = [found["target_directory"], found.get("build_directory")]
    return Project(Path(found["workspace_root"]), tuple(Path(folder) for folder in folders if folder))


def check_owner(project: Project) -> None:
    """Refuse to build as root what belongs to somebody else: they could not build it again.

    A :class:`~pyrometer.CargoOwnerError`. Files of root's in a folder that is root's are nobody's trouble.
    """
    if os.geteuid() != 0:
        return
    written = list(project.build_folders)
    if not (project.root / "Cargo.lock").exists():
        written.append(project.root)
    for folder in written:
        owner = _owner(folder)
        if owner != 0:
            raise _refusal(folder, owner)


def _owner(folder: Path) -> int:
    """Of the folder, or of the first one above that exists."""
    return next(above.stat().st_uid for above in (folder, *folder.parents) if above.exists())


def _refusal(folder: Path, owner: int) -> CargoOwnerError:
    name = _name(owner)
    return CargoOwnerError(
        f"{folder} belongs to {name}, and this is root",
        f"Cargo would leave files of root's in it, with which {name} could not build again",
        f"run it as {name}, without sudo (for the kernel's part of stacks: sudo sysctl kernel.perf_event_paranoid=1), "
        "or build in a folder of root's: --target-dir FOLDER --locked",
    )


def _name(uid: int) -> str:
    import pwd  # Unix only, as is root

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
