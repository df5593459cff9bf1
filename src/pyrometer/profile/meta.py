"""``meta.json``: what a profile is of, and how far to trust it.

The fields are those of the file; a field that this version does not know is kept in
:attr:`Meta.extra`. Times are nanoseconds.

>>> Meta.from_json('{"command": ["ls"], "rate": 999, "quality": {"lost": 3}}').quality.lost
3
"""

from __future__ import annotations

import json
from dataclasses import asdict, field
from typing import Any, TypeVar

from pyrometer.frozen import frozen

T = TypeVar("T")


@frozen
class Host:
    """The machine a profile was recorded on."""

    kernel: str = ""
    cpu_model: str = ""
    cpus: int = 0
    architecture: str = ""
    boot_id: str = ""


@frozen
class Quality:
    """Counts of what is not in the profile, or not whole; samples unless said otherwise."""

    samples: int = 0
    lost: int = 0
    lost_records: int = 0
    throttled: int = 0
    """How often the kernel throttled an event."""
    throttled_time: int = 0
    """Nanoseconds, summed over the CPUs."""
    truncated: int = 0
    spliced: int = 0
    elided: int = 0
    elided_frames: int = 0
    """Frames, not samples."""
    stackless: int = 0
    unsymbolized: int = 0


@frozen
class Recorder:
    """What recording cost: nanoseconds and bytes."""

    cpu_time: int = 0
    peak_memory: int = 0
    ring_bytes: int = 0
    stack_copy: int = 0
    finish_time: int = 0


@frozen
class Meta:
    """The contents of ``meta.json``."""

    schema_version: int = 1
    creator: str = ""
    instrument: str = ""
    source: str = ""
    """The format of the file that it was read from; empty if Pyrometer recorded it."""
    command: list[str] = field(default_factory=list)
    directory: str = ""
    attached: list[int] = field(default_factory=list)
    start_wall: int = 0
    start: int = 0
    duration: int = 0
    cpu_time: int | None = None
    rate: int = 0
    exit_status: int | None = None
    """The program's exit status, or minus the signal that ended it."""
    host: Host = field(default_factory=Host)
    quality: Quality = field(default_factory=Quality)
    recorder: Recorder = field(default_factory=Recorder)
    notes: list[str] = field(default_factory=list)
    symbol_notes: list[str] = field(default_factory=list)
    """Those of ``notes`` that looking names up has made: they go when names are looked up again."""
    complete: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields that this version does not know."""

    @classmethod
    def from_json(cls, text: str) -> Meta:
        """Read the text of ``meta.json``."""
        found: dict[str, Any] = json.loads(text)
        nested = {"host": Host, "quality": Quality, "recorder": Recorder}
        for name, kind in nested.items():
            if name in found:
                found[name] = _known(kind, found[name])
        known = cls.__annotations__.keys() - {"extra"}
        extra = {name: found.pop(name) for name in list(found) if name not in known}
        return cls(**found, extra=extra)

    def to_json(self) -> str:
        """The text of ``meta.json``."""
        plain = asdict(self)
        return as_utf8(json.dumps(plain | plain.pop("extra"), ensure_ascii=False))


def as_utf8(text: str) -> str:
    """A text of the system, such as a word of a command: bytes that are no UTF-8 are replaced, as in recordings."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _known(kind: type[T], found: dict[str, Any]) -> T:
    return kind(**{name: value for name, value in found.items() if name in kind.__annotations__})
