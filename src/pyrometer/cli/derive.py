"""Metrics of the user: ``--derive 'NAME = formula'``, and ``[derive]`` in a ``pyrometer.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from pyrometer.errors import SelectionError
from pyrometer.profile.reach import is_file, settings_folder

FILE = "pyrometer.toml"
_NAME = re.compile(r"\s*([^\W\d][\w.-]*)\s*=\s*(?!=)(.+)", re.DOTALL)


class Derivation(click.ParamType):
    """``NAME = FORMULA``."""

    name = "NAME = FORMULA"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The name and the formula, or a usage error."""
        if isinstance(value, tuple):
            return value
        match = _NAME.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is not NAME = FORMULA, such as 'cost = Ir + 10 Bm'", param, ctx)
        return match[1], match[2].strip()


def derived(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Formulas by name: the user's of every project, those of this project, then those of the command line."""
    found: dict[str, str] = {}
    for path in configuration_files():
        found |= read(path)
    return found | dict(given)


def configuration_files(folder: Path | None = None) -> Iterator[Path]:
    """The files that are there: in the user's folder, and the nearest one from this folder up."""
    own = settings_folder() / FILE
    if is_file(own):
        yield own
    try:
        here = (folder or Path()).absolute()
    except FileNotFoundError:
        # Somebody has removed the folder that we are in.
        return
    project = next((path / FILE for path in (here, *here.parents) if is_file(path / FILE)), None)
    if project is not None and project != own:
        yield project


def read(path: Path) -> dict[str, str]:
    """The table ``[derive]`` of a file; a :class:`~pyrometer.SelectionError` if it is not names and formulas."""
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("derive", {})
    except (OSError, ValueError) as error:
        raise SelectionError(f"{path} cannot be read", str(error), "correct it, or move it away") from error
    if not isinstance(table, dict) or not all(isinstance(formula, str) for formula in table.values()):
        raise SelectionError(
            f"[derive] of {path} is no table of formulas", cure='write a line for each: cost = "Ir + 10 Bm"'
        )
    return table
