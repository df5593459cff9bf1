"""Cargo projects that tests make, and `cargo pyrometer` in them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect

from installed import PYROMETER
from recordings import Recorded

CARGO_PYROMETER = PYROMETER.with_name("cargo-pyrometer")
CARGO_FAILED = 101

BURN = """
#[inline(never)]
pub fn burn(rounds: u64) -> u64 {
    let mut x = 1u64;
    for i in 0..rounds { x = std::hint::black_box(x.wrapping_mul(31) ^ (x >> 7) ^ i); }
    x
}
"""
MAIN = """
fn main() {
    println!("{} {}", std::env::args().skip(1).collect::<Vec<_>>().join(","), burn(60_000_000) % 2 < 2);
    std::process::exit(7);
}
"""
Make = Callable[..., Path]


def manifest(name: str = "app", extra: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n\n{extra}'


def call(folder: Path, *arguments: str | Path, environment: dict[str, str] | None = None):
    """Runs ``cargo pyrometer``."""
    return cargo(folder, "pyrometer", *arguments, environment=environment)


def cargo(folder: Path, *arguments: str | Path, environment: dict[str, str] | None = None):
    """Runs Cargo with our installation on PATH, and no flags of the user's."""
    path = f"{CARGO_PYROMETER.parent}:{os.environ['PATH']}"
    own = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO_TARGET", "RUSTFLAGS"))}
    command = ["cargo", *map(str, arguments)]
    environment = own | {"PATH": path} | (environment or {})
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def profiles(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.pyro*"))


def assert_lines_of_burn(path: Path) -> None:
    """Samples of ``burn`` are there, and each has one of its lines."""
    seen = Recorded(path, 0, "", "").observations
    lines = {frame.line for each in seen for frame in each.stack if frame.short_name == "burn"}
    assert lines, "no sample of burn"
    assert lines <= {3, 4, 5, 6}


def ask(folder: Path, *arguments: str) -> pexpect.spawn:
    """``cargo pyrometer`` on a terminal."""
    return pexpect.spawn(str(CARGO_PYROMETER), list(arguments), cwd=str(folder), timeout=60)
