"""Which profile is meant: the FILE, or the newest one of the folder."""

from __future__ import annotations

from pathlib import Path

import click

from pyrometer.api import Profile, load
from pyrometer.collect.output import RECORDING, SUFFIX
from pyrometer.errors import ProfileNotFoundError
from pyrometer.formats.pyro import is_being_recorded

_KEPT: list[Profile] = []
"""What was opened stays to the end of the process, which takes less time than freeing it before."""


def find_input(file: str | None, folder: Path | None = None) -> Path:
    """The FILE, else the newest ``.pyro`` of the folder, else its newest interrupted recording.

    Other recordings are mentioned on stderr: they open like any profile.
    """
    if file is not None:
        return Path(file)
    here = folder or Path()
    finished = _newest_first(here, SUFFIX)
    interrupted = _newest_first(here, RECORDING)
    for path in interrupted:
        state = "is being recorded; look into" if is_being_recorded(path) else "was interrupted; open"
        click.echo(f"note: {path} {state} it with: pyrometer show {path}", err=True)
    for path in (*finished, *interrupted):
        return path
    raise ProfileNotFoundError(
        f"there is no {SUFFIX} file in {_shown(here)}",
        cure="record one: pyrometer record -- PROGRAM",
    )


def open_input(file: str | None) -> Profile:
    """Open the profile that is meant, with a sign of life: an interrupted one is symbolized, a foreign one read.

    What came through a pipe is a profile without a path.
    """
    from pyrometer.cli.piped import as_file, is_piped
    from pyrometer.cli.progress import while_working

    path = find_input(file)
    with while_working("opening") as meter, as_file(path) as there:
        profile = load(there, progress=meter)
    if is_piped(path):
        profile = Profile(profile.native, None)
    _KEPT.append(profile)
    return profile


def open_pair(file: str | None, after: str | None) -> tuple[Profile, Profile | None]:
    """The profile that is looked at, and the one that it is compared with: of two, the second and the first."""
    first = open_input(file)
    return (first, None) if after is None else (open_input(after), first)


def _shown(folder: Path) -> str:
    try:
        return str(folder.absolute())
    except FileNotFoundError:
        return "the current folder, which has been removed"


def _newest_first(folder: Path, suffix: str) -> list[Path]:
    found = [path for path in folder.iterdir() if path.name.endswith(suffix) and path.is_file()]
    return sorted(found, key=lambda path: (-path.stat().st_mtime_ns, path.name))
