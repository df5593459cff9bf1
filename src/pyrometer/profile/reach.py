"""What this user can reach: what lies in folders that are closed to them is not there, which is no error.

A home may belong to somebody else (``sudo -u``, containers with a user of their own), or there may be none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

# pathlib's methods raise where a folder above may not be searched.


def is_folder(path: Path) -> bool:
    """Whether it is a folder that can be reached."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    """Whether it is a file that can be reached."""
    return os.path.isfile(path)  # noqa: PTH113


def is_there(path: Path) -> bool:
    """Whether it is anything that can be reached."""
    return os.path.exists(path)  # noqa: PTH110


def folders_in(path: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing if it cannot be read."""
    try:
        return sorted(path.iterdir())
    except OSError:
        return []


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's folder; where there is none, one that is nowhere."""
    try:
        return Path(environment.get("HOME") or Path.home())
    except RuntimeError:
        return Path("/nonexistent")


def cache_folder() -> Path:
    """Where the system keeps what this user's programs can make again."""
    try:
        return Path(platformdirs.user_cache_dir("pyrometer", appauthor=False))
    except RuntimeError:
        return home() / ".cache/pyrometer"


def settings_folder() -> Path:
    """Where the system keeps settings of this user's."""
    try:
        return Path(platformdirs.user_config_dir("pyrometer", appauthor=False))
    except RuntimeError:
        return home() / ".config/pyrometer"
