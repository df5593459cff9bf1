"""Comparison with a committed file; ``PYROMETER_UPDATE_GOLDEN=1`` writes it anew, to be reviewed like code."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """Assert that ``text`` is what the file ``golden/NAME`` holds."""
    path = FOLDER / name
    if os.environ.get("PYROMETER_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} does not exist: run once with PYROMETER_UPDATE_GOLDEN=1 and review it"
    assert text == path.read_text(encoding="utf-8")
