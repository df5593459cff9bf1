"""Cargo's JSON messages: one object a line on its stdout, between lines that are not Cargo's.

Source: the Cargo Book, "External tools", "JSON messages". A procedural macro may print anything on the same stream.

>>> line = '{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"app"},"executable":"/t/app"}'
>>> message = parse(line.encode())
>>> executable_of(message)
Executable(path='/t/app', name='app', kind='bin', package='', test=False)
>>> parse(b"compiling at full speed") is None
True
"""

from __future__ import annotations

import json
from typing import Any

from pyrometer.frozen import frozen

Message = dict[str, Any]


@frozen
class Executable:
    """A program that Cargo has built or found fresh."""

    path: str
    name: str
    """The target's name: that of the file has a hash, for tests."""
    kind: str
    """``bin``, ``example``, ``test``, ``bench``; of unit tests what they are the tests of, such as ``lib``."""
    package: str
    """The package's id."""
    test: bool
    """Whether it is a test or benchmark binary."""


def parse(line: bytes) -> Message | None:
    """A message; None for a line that is none, whatever it is."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("reason"), str) else None


def executable_of(message: Message) -> Executable | None:
    """The program that a message reports; None if it reports anything else, or not as Cargo would."""
    path, target = message.get("executable"), message.get("target")
    if message["reason"] != "compiler-artifact" or not isinstance(path, str) or not isinstance(target, dict):
        return None
    name, kinds = target.get("name"), target.get("kind")
    if not path or "\0" in path or not isinstance(name, str) or not isinstance(kinds, list):
        return None
    profile = message.get("profile")
    return Executable(
        path=path,
        name=name,
        kind=next((kind for kind in kinds if isinstance(kind, str)), ""),
        package=package if isinstance(package := message.get("package_id"), str) else "",
        test=isinstance(profile, dict) and profile.get("test") is True,
    )


def package_name(identity: str) -> str:
    """The name in a package id; a path's last part, where Cargo leaves the name out.

    >>> package_name("path+file:///home/me/app#0.1.0"), package_name("path+file:///home/me/app#tool@0.1.0")
    ('app', 'tool')
    """
    place, _, version = identity.partition("#")
    name, at, _ = version.partition("@")
    return name if at else place.rpartition("/")[2]
