"""The programs of ``examples/``, built on demand in every way that a test asks for.

Rust programs are built by cargo, which caches by content; C programs are kept under a hash of their source and flags.

Example:
    >>> program = rust("known_shares", "lld")
    >>> program.name
    'known_shares'
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
BUILT = ROOT / "build" / "examples"

#: Optimised, with line tables, and without a frame pointer to walk: what a release build of a C program looks like.
C_FLAGS = ("-O2", "-g", "-fomit-frame-pointer")


@dataclass(frozen=True)
class RustBuild:
    """A profile of ``examples/Cargo.toml``, and a linker and a mangling other than rustc's own."""

    profile: str = "release"
    linker: str | None = None
    mangling: str | None = None


#: rustc links with its bundled lld unless told otherwise, so every other linker is named.
RUST_BUILDS = {
    "plain": RustBuild(),
    "bfd": RustBuild(linker="bfd"),
    "lld": RustBuild(linker="lld"),
    "mold": RustBuild(linker="mold"),
    "abort": RustBuild("abort"),
    "fat": RustBuild("fat"),
    "stripped": RustBuild("stripped"),
    "legacy": RustBuild(mangling="legacy"),
    "v0": RustBuild(mangling="v0"),
}


class CannotBuildError(Exception):
    """A program cannot be built on this machine; says what is missing."""


@cache
def rust(name: str, build: str = "plain") -> Path:
    """The program ``examples/src/bin/NAME.rs``, built as ``RUST_BUILDS[build]`` says."""
    how = RUST_BUILDS[build]
    folder = BUILT / "-".join(["rust", *filter(None, [how.linker, how.mangling])])
    command = ["cargo", "build", "--quiet", "--locked", "--manifest-path", str(EXAMPLES / "Cargo.toml")]
    command += ["--profile", how.profile, "--bin", name, "--target-dir", str(folder)]
    _run(command, env=os.environ | _environment(how))
    return folder / how.profile / name


@cache
def c(name: str, flags: Sequence[str] = C_FLAGS) -> Path:
    """The program ``examples/c/NAME.c``, built by gcc with ``flags``."""
    return _compile(name, name, (*flags, "-pthread", "-ldl"))


@cache
def plugin() -> Path:
    """The library that ``dlopen_plugin`` loads."""
    return _compile("plugin", "plugin.so", (*C_FLAGS, "-shared", "-fPIC"))


@cache
def ripgrep() -> Path:
    """A real Rust program: ripgrep, which ``make ripgrep`` builds from the crate registry."""
    _run(["make", "-C", str(ROOT), "ripgrep"], env=dict(os.environ))
    return ROOT / "build" / "ripgrep" / "bin" / "rg"


def crate_sources() -> Path:
    """A large real tree to search: the sources of every crate that cargo has downloaded."""
    home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    return Path(home) / "registry" / "src"


def _environment(how: RustBuild) -> dict[str, str]:
    if how.mangling is None:
        return {"RUSTFLAGS": _linker_flags(how.linker)}
    # Which of the two is the default, and whether the other may be asked for, changes from release to release.
    return {"RUSTFLAGS": f"-Zunstable-options -Csymbol-mangling-version={how.mangling}", "RUSTC_BOOTSTRAP": "1"}


def _linker_flags(linker: str | None) -> str:
    if linker is None:
        return ""
    if shutil.which(f"ld.{linker}") is None:
        raise CannotBuildError(f"the linker ld.{linker} is not installed: apt-get install {_package(linker)}")
    # Turning the bundled lld off is what makes the choice of another linker count.
    return f"-Clinker-features=-lld -Clink-arg=-fuse-ld={linker}"


def _package(linker: str) -> str:
    return "binutils" if linker == "bfd" else linker


def _compile(source: str, output: str, flags: Sequence[str]) -> Path:
    path = EXAMPLES / "c" / f"{source}.c"
    content = path.read_bytes() + (EXAMPLES / "c" / "burn.h").read_bytes() + " ".join(flags).encode()
    built = BUILT / "c" / hashlib.sha256(content).hexdigest()[:12] / output
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        # Another process of the tests may build it as well: it is whole when it has its name.
        unfinished = built.with_name(f"{output}.{os.getpid()}")
        _run(["gcc", "-Wall", "-Wextra", "-Werror", "-o", str(unfinished), str(path), *flags], env=dict(os.environ))
        unfinished.replace(built)
    return built


def _run(command: Sequence[str], env: dict[str, str]) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotBuildError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")


def counts() -> Path:
    """The program ``counts``, which ``make counts`` builds from the crate registry."""
    _run(["make", "-C", str(ROOT), "counts"], env=dict(os.environ))
    return ROOT / "build" / "counts" / "bin" / "counts"
