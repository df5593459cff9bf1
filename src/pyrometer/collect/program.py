"""The program to record: found before anything is started, with the nearest name if it is not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from pyrometer.errors import ProgramNotExecutableError, ProgramNotFoundError

Word = str | os.PathLike[str]


def words(command: Iterable[Word]) -> list[str]:
    """A program and its arguments as texts, whatever holds them.

    A :class:`TypeError` for a text or a path in place of a list, and for a word that is neither; a
    :class:`ValueError` for a word that no program can be given.
    """
    if isinstance(command, str | bytes | os.PathLike):
        raise TypeError(f"a command is a list of words, such as [{os.fsdecode(command)!r}], not {command!r}")
    found = [os.fsdecode(word) for word in command]
    for word in found:
        if "\0" in word:
            raise ValueError(f"a word of a command cannot have a NUL in it: {word!r}")
        # A text that has no bytes is refused here, with the letter.
        os.fsencode(word)
    return found


def find_program(name: str) -> str:
    """The path of a program as the shell would find it.

    A :class:`~pyrometer.ProgramNotFoundError` proposes near names on ``PATH``; a
    :class:`~pyrometer.ProgramNotExecutableError` says why the file cannot be started.
    """
    if not name:
        raise ProgramNotFoundError("the name of the program is empty", cure="give one: pyrometer record -- PROGRAM")
    if "/" not in name:
        return _on_path(name)
    path = Path(name)
    try:
        path.stat()
    except PermissionError as error:
        raise ProgramNotExecutableError(
            f"program {name!r} cannot be executed",
            "a folder above it is closed to this user",
            "run it as its owner, or copy it elsewhere",
        ) from error
    except OSError:
        # What is not there is said below.
        pass
    if path.is_dir():
        raise ProgramNotExecutableError(f"{name} is a folder", cure="name the program inside it")
    if not path.exists():
        raise ProgramNotFoundError(f"program {name!r} was not found", "there is no such file")
    if not os.access(path, os.X_OK):
        raise ProgramNotExecutableError(
            f"program {name!r} cannot be executed", "it has no execute permission", f"chmod +x {name}"
        )
    return name


def _on_path(name: str) -> str:
    found = shutil.which(name)
    if found is not None:
        return found
    if Path(name).exists():
        raise ProgramNotFoundError(
            f"program {name!r} was not found",
            "it is in this folder, but this folder is not on PATH",
            f"write ./{name}",
        )
    near = get_close_matches(name, _programs(), n=3, cutoff=0.75)
    cure = f"did you mean {' or '.join(near)}?" if near else ""
    raise ProgramNotFoundError(f"program {name!r} was not found", "no folder of PATH has it", cure)


def _programs() -> set[str]:
    return {entry.name for folder in os.get_exec_path() for entry in _entries(Path(folder))}


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return
