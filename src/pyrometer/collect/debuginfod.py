"""Placeholder until the client is merged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wanted:
    """A file that is wanted."""

    build_id: str
    path: str


def servers() -> list[str]:
    """No server yet."""
    return []


def cache_folder() -> Path | None:
    """No folder yet."""
    return None


def fetch(wanted: list[Wanted]) -> list[str]:
    """Nothing yet."""
    return []
