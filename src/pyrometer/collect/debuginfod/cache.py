"""The cache on disk: what is there, what is known to be nowhere, and placing a file whole or not at all.

A file of no bytes is elfutils' mark that no server has it, good for ``cache_miss_s`` seconds since it was written.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pyrometer.collect.debuginfod.settings import miss_seconds
from pyrometer.collect.debuginfod.wanted import Wanted

_ELF = b"\x7fELF"


class CacheWriteError(Exception):
    """The cache cannot be written: no server is to blame, and none can help."""


class Cache:
    """The folder, which is made when something is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._miss = miss_seconds(folder)

    def path(self, wanted: Wanted) -> Path:
        """Where a file is, or will be."""
        assert not wanted.why_invalid(), "a build id was checked to be one"
        return self.folder / wanted.build_id / wanted.kind

    def state(self, wanted: Wanted) -> str:
        """``found``, ``missing`` (known to be nowhere), or ``unknown``; a mark that is too old is removed."""
        path = self.path(wanted)
        try:
            status = path.stat()
        except OSError:
            return "unknown"
        if status.st_size > 0:
            return "found"
        if time.time() - status.st_mtime <= self._miss:
            return "missing"
        with suppress(OSError):
            path.unlink()
        return "unknown"

    def mark_missing(self, wanted: Wanted) -> None:
        """Remember that no server has it; never in place of a file that has come meanwhile."""
        path = self.path(wanted)
        with suppress(OSError, CacheWriteError):
            self._make_folder(path.parent)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def write(self, file: BinaryIO, content: bytes) -> None:
        """Write to a file that is being placed."""
        with self._writing():
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]

    def _make_folder(self, folder: Path) -> None:
        with self._writing():
            for each in (self.folder, folder):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CacheWriteError(f"the cache {self.folder} cannot be written: {error.strerror}") from error

    @contextmanager
    def placing(self, wanted: Wanted) -> Iterator[BinaryIO]:
        """A file to write; at the end of the block it is put in its place, by an exception it is gone.

        A :class:`CacheWriteError` if it cannot be written.
        """
        path = self.path(wanted)
        self._make_folder(path.parent)
        with self._writing():
            descriptor, name = tempfile.mkstemp(prefix=f"{wanted.kind}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w+b", buffering=0) as file:
                yield file
            with self._writing():
                Path(name).chmod(0o400)
                Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            with suppress(OSError):
                path.parent.rmdir()
            raise


def is_elf(file: BinaryIO) -> bool:
    """Whether what was written begins as an ELF file does."""
    file.seek(0)
    return file.read(len(_ELF)) == _ELF
