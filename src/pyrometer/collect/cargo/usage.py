"""What the user got wrong, before anything is built."""

from __future__ import annotations


class WrongUsageError(ValueError):
    """The text says what is wrong, and what would be right."""
