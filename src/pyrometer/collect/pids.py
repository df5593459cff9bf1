"""The numbers of processes."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

from pyrometer.errors import ProcessNotFoundError

_LARGEST = 2**22
"""The kernel's own limit."""


def check_pids(pids: Sequence[int]) -> None:
    """A :class:`~pyrometer.ProcessNotFoundError` for a number that no process can have, a TypeError for none."""
    for pid in pids:
        if not 0 < index(pid) <= _LARGEST:
            raise ProcessNotFoundError(f"there is no process {pid}", "the kernel gives no such number")
