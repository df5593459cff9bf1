"""What a foreign format is to us: a name, a suffix, a writer, and its mark if we cannot read it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

from pyrometer import native
from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen
from pyrometer.profile import FilterOptions, Filters, ProfileData
from pyrometer.profile.filters import check_times
from pyrometer.profile.target import check_apart, check_target, not_written

GROUPING = frozenset({"fold_generics", "collapse_runtime", "hide", "hide_allocators", "inverted"})
"""Options of a format whose frames can be put together; the others hold each frame as it was."""
PICTURE = frozenset({"title", "icicle"})
"""Options of a picture."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there; a device such as ``/dev/stdout`` as it is."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        _replace(path, content)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written(path, error) from error


def _replace(path: Path, content: bytes) -> None:
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    partial = Path(name)
    try:
        with open(number, "wb") as file:  # noqa: PTH123  a number has no path
            file.write(content)
        partial.chmod(0o666 & ~_umask())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """What new files may not have; there is no asking without setting."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def never(head: bytes) -> bool:
    """Of formats that are read: the Rust side recognises them."""
    return False


@frozen
class Format:
    """A format of another tool that we write."""

    name: str
    """As after ``--to``."""
    suffix: str
    """Of a file when none is named: ``.speedscope.json``."""
    title: str
    """What it is, for ``--help``."""
    options: frozenset[str] = frozenset()
    """The options that have a meaning for it: of :data:`GROUPING`, of :data:`PICTURE`, and ``metric``."""
    is_folder: bool = False
    """Whether it is a folder of files, rather than one."""
    recognise: Callable[[bytes], bool] = never
    """Of a format that is not read: true if a file that begins with these bytes (some thousand) has it."""

    def write(
        self,
        profile: ProfileData,
        path: str | os.PathLike[str],
        title: str = "",
        inverted: bool = False,
        icicle: bool = False,
        **filters: Unpack[FilterOptions],
    ) -> list[str]:
        """Write the selected part of a profile; the file is whole or not there. What the format had no place for.

        An :class:`~pyrometer.OutputError` if the folder of ``path`` does not exist or it is the profile's own file, a
        :class:`~pyrometer.SelectionError` for an option that has no meaning for this format.
        """
        given = {"title": title, "inverted": inverted, "icicle": icicle, **filters}
        self._refuse({name for name, value in given.items() if value})
        target = Path(path)
        check_target(target, self.is_folder)
        check_apart(target, [profile.path])
        chosen = Filters.of(filters)
        selection, grouping = chosen.selection(profile), chosen.grouping(inverted)
        check_times(profile.native, selection)
        options: native.ExportOptions = {
            "format": self.name,
            "path": target,
            "title": title,
            "icicle": icicle,
        }
        return native.export(profile.native, selection, grouping, options)

    def _refuse(self, given: set[str]) -> None:
        for name in sorted(given & (GROUPING | PICTURE | {"metric"}) - self.options):
            raise SelectionError(
                f"--{name.replace('_', '-')} has no meaning for the format {self.name}",
                "it holds every metric" if name == "metric" else "it holds every frame as it was recorded",
                "leave it out",
            )
