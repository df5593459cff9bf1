"""Projects for the tests of `cargo pyrometer`."""

from pathlib import Path

import pytest

from cargo_projects import Make, manifest


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make({"src/main.rs": "…"})``: a package, with a Cargo.toml if none is given."""

    def write(files: dict[str, str], folder: str = "app", extra: str = "") -> Path:
        root = tmp_path / folder
        for name, content in ({"Cargo.toml": manifest(extra=extra)} | files).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return root

    return write
