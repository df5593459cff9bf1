"""Adding ``[profile.profiling]`` to Cargo.toml: comments, order and line ends stay as they are."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyrometer.collect.cargo.request import WRITTEN_PROFILE
from pyrometer.errors import FileAccessError

SECTION: Mapping[str, Any] = {"inherits": "release", "debug": 1, "strip": False}
"""What profiling needs of a profile, in Cargo's terms."""

_BOM = "\ufeff"
_CURE = 'add it by hand: [profile.profiling] with inherits = "release", debug = 1, strip = false'


def write_profile(manifest: Path) -> bool:
    """Add the section to a Cargo.toml, atomically; False if there is one already, which is left alone.

    A symbolic link stays one; owner and permissions stay. A :class:`~pyrometer.FileAccessError`
    if the file cannot be written.
    """
    path = Path(os.path.realpath(manifest))
    try:
        text = path.read_bytes().decode("utf-8")
        changed = with_profile(text)
        if changed is not None:
            _replace(path, changed.encode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileAccessError(f"{path} cannot be written: {error}") from error
    return changed is not None


def with_profile(text: str) -> str | None:
    """The text of a Cargo.toml with the section; None if it has one."""
    bare = text.removeprefix(_BOM)
    before = tomllib.loads(bare)
    profiles = before.get("profile", {})
    if not isinstance(profiles, dict):
        raise FileAccessError("the profile of Cargo.toml is no table", cure=_CURE)
    if WRITTEN_PROFILE in profiles:
        return None
    wanted = before | {"profile": profiles | {WRITTEN_PROFILE: dict(SECTION)}}
    for changed in _candidates(bare):
        with suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(changed) == wanted:
                return text[: len(text) - len(bare)] + changed
    raise FileAccessError("Cargo.toml cannot be added to", cure=_CURE)


def _candidates(text: str) -> Iterator[str]:
    """Ways to write it, the best first: tomlkit moves tables that stand apart together, and may change such lines."""
    by_tomlkit = _with_line_ends_of(text, _by_tomlkit(text))
    rest = iter(by_tomlkit.splitlines())
    if all(line in rest for line in text.splitlines()):
        yield by_tomlkit
    yield _with_line_ends_of(text, _at_the_end(text))
    yield by_tomlkit


def _by_tomlkit(text: str) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import InlineTable

    try:
        document = tomlkit.parse(text)
        inline = isinstance(document.get("profile"), InlineTable)
        section = tomlkit.inline_table() if inline else tomlkit.table()
        section.update(SECTION)
        if "profile" not in document:
            document["profile"] = tomlkit.table(is_super_table=True)
        document["profile"][WRITTEN_PROFILE] = section  # type: ignore[index]
        return tomlkit.dumps(document)
    except (TOMLKitError, TypeError, ValueError, AttributeError):
        return ""


def _at_the_end(text: str) -> str:
    """Where tomlkit cannot add to tables that stand apart."""
    return f"{text.rstrip()}\n\n{_by_hand()}\n"


def _by_hand() -> str:
    lines = [f"{key} = {_value(value)}" for key, value in SECTION.items()]
    return "\n".join([f"[profile.{WRITTEN_PROFILE}]", *lines])


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _with_line_ends_of(text: str, changed: str) -> str:
    """CRLF in what was added, if the file has no other."""
    only_crlf = "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    return re.sub(r"(?<!\r)\n", "\r\n", changed) if only_crlf else changed


def _replace(path: Path, content: bytes) -> None:
    before = path.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), before.st_mode & 0o7777)
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
