"""The environment variables of elfutils' client, under the same names and with the same meaning."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pyrometer.frozen import frozen
from pyrometer.profile import downloads_folder

DEFAULT_TIMEOUT = 90.0
"""Seconds in which at least :data:`LEAST_BYTES` must come."""
LEAST_BYTES = 100 * 1024
DEFAULT_MISS = 600.0
"""Seconds for which it is remembered that no server has a file."""


@frozen
class Settings:
    """Servers, limits (0: none), and the cache's folder."""

    servers: tuple[str, ...]
    cache: Path
    timeout: float = DEFAULT_TIMEOUT
    """Seconds."""
    max_time: float = 0
    """Seconds for one file."""
    max_size: int = 0
    """Bytes of one file."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment makes; a number that is none counts as not set, as in elfutils."""
    words = environment.get("DEBUGINFOD_URLS", "").split()
    return Settings(
        # `ima:` words say how signatures are checked from there on; they are no servers.
        servers=tuple(word.rstrip("/") for word in words if not word.startswith("ima:")),
        cache=downloads_folder(environment),
        timeout=_number(environment.get("DEBUGINFOD_TIMEOUT"), DEFAULT_TIMEOUT),
        max_time=_number(environment.get("DEBUGINFOD_MAXTIME"), 0),
        max_size=int(_number(environment.get("DEBUGINFOD_MAXSIZE"), 0)),
    )


def miss_seconds(cache: Path) -> float:
    """How long a miss is remembered: the cache's file ``cache_miss_s``."""
    try:
        return _number((cache / "cache_miss_s").read_text("ascii", "replace"), DEFAULT_MISS)
    except OSError:
        return DEFAULT_MISS


def _number(text: str | None, default: float) -> float:
    """A whole number from 0, as these variables and files have it."""
    digits = (text or "").strip()
    return float(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else default
