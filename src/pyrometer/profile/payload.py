"""What an event keeps beside its columns: JSON, in files that anybody may have written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

from pyrometer.errors import CorruptProfileError
from pyrometer.profile.data import ProfileData


def payload(profile: ProfileData, event: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of an event of ``profile``; a :class:`~pyrometer.CorruptProfileError` if it is no object."""
    try:
        found = json.loads(event["payload"])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise corrupt(profile, event, "a JSON object")
    return found


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is one that a profile may have: finite, and of 64 bits. To Python, true is a number too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1 << 63


def is_count(value: object) -> TypeGuard[int]:
    """Whether it is a whole number from 0."""
    return isinstance(value, int) and is_number(value) and value >= 0


def corrupt(profile: ProfileData, event: Mapping[str, Any], expected: str) -> CorruptProfileError:
    """The error for an event whose payload is not as ``expected``."""
    return CorruptProfileError(
        f"{profile.path or 'the profile'} has a damaged event {event['name']!r}",
        f"its payload should be {expected}, and is {event['payload'][:60]!r}",
    )
