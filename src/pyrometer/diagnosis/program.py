"""What of a program's binary stands in the way of names, lines and whole stacks."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from pyrometer.diagnosis.binary import Binary, command_of
from pyrometer.diagnosis.finding import Check, Found, Run

COVERED = 0.9
"""Less of the code than this in unwind tables is worth saying: hand-written assembly often has none."""
START_UP = 3
"""Functions that start every C program, and were compiled by others."""
MUCH_CODE = 4096
"""Bytes: the little that starts every program has no tables either."""
KEPT = 0.9
"""From this share of functions on, frame pointers lead through code without tables."""


def _foreign(binary: Binary) -> Iterator[Found]:
    architecture = binary.text("architecture")
    if architecture not in ("X86_64", "X86_64_X32", "I386"):
        what = f"it is built for {architecture}, not for x86-64"
        yield Found(what, Run("cargo build --release --target x86_64-unknown-linux-gnu", "build it for x86-64:"))


def _narrow(binary: Binary) -> Iterator[Found]:
    if binary.text("architecture") in ("I386", "X86_64_X32"):
        rust = binary.text("language") == "rust"
        cure = Run("cargo build --release --target x86_64-unknown-linux-gnu") if rust else "build it with -m64"
        yield Found("it is a 32-bit program", cure)


def _special(binary: Binary) -> Iterator[Found]:
    if binary.special and not binary.privileged:
        name = shlex.quote(binary.path)
        copy = shlex.quote(f"./{Path(binary.path).name}-copy")
        what = f"it runs with more rights than yours ({binary.special})"
        yield Found(what, Run(f"sudo pyrometer record -- {name}", f"record a copy (cp {name} {copy}), or:"))


def _no_unwind_tables(binary: Binary) -> Iterator[Found]:
    covered = binary.unwound
    if covered is None or covered >= COVERED or binary.text("architecture") != "X86_64":
        return
    if covered and binary.bytes_without_tables < MUCH_CODE:
        return
    amount = "none of its code has" if not covered else f"only {100 * covered:.0f} % of its code has"
    kept = (binary.frame_pointers or 0.0) >= KEPT
    rust = binary.text("language") == "rust"
    flags = 'RUSTFLAGS="-C force-unwind-tables=yes" cargo build --release' if rust else "-fasynchronous-unwind-tables"
    yield Found(
        f"{amount} unwind tables (.eh_frame)",
        Run(flags) if rust else f"compile with {flags}, and do not strip .eh_frame",
        "Its functions keep frame pointers, which are followed instead." if kept else "",
        "note" if kept else None,
    )


def _stripped(binary: Binary) -> Iterator[Found]:
    if binary.named or binary.own_lines or binary.text("debug_link"):
        return
    if binary.debug and binary.library_lines:
        return
    nothing = binary.text("symbols") == "none"
    kept = "all its names are" if nothing else "all names but those it exports are"
    yield Found(f"it is stripped: {kept} gone", _rebuild(binary, stripped=True))


def _debug_file_missing(binary: Binary) -> Iterator[Found]:
    link = binary.text("debug_link")
    if binary.refused and not binary.own_lines:
        cure = _symbols(binary) if binary.is_system else "put the file of this very build there, or build again"
        yield Found(binary.refused[0], cure)
    elif link and not binary.own_lines:
        what = f"its debug info is in a file of its own, {link}, which is not here"
        why = "Source lines and inlined calls are missing." if binary.named else ""
        yield Found(what, _symbols(binary) if binary.is_system else f"put {link} beside the program", why)
    elif binary.missing_shared and not binary.debug_file:
        what = f"its debug info refers to {binary.missing_shared}, which is not here"
        why = "Names and files of many of its functions are missing."
        yield Found(what, _symbols(binary) if binary.is_system else f"put the file back: {binary.missing_shared}", why)


def _no_line_info(binary: Binary) -> Iterator[Found]:
    if binary.own_lines or binary.text("debug_link") or not binary.named or binary.missing_split:
        return
    if binary.library_lines:
        what = "only Rust's library has line info: the program's own code was built with debug = 0"
    elif binary.debug:
        what = "its debug info has no lines that can be read"
    else:
        what = "it has no debug info"
    yield Found(what, _rebuild(binary, stripped=False))


def _symbols(binary: Binary) -> str | Run:
    """How to get the debug symbols of a program from its package."""
    if binary.debug_symbols:
        return Run(binary.debug_symbols, "install its debug symbols:")
    return "install the debug symbols of its package (Debian: -dbgsym, Fedora: dnf debuginfo-install)"


def _rebuild(binary: Binary, stripped: bool) -> str | Run:
    """How to build a program again so that it has lines (and names, if it was stripped)."""
    name = Path(binary.path).name
    match binary.text("language"):
        case _ if binary.is_system:
            return _symbols(binary)
        case "rust":
            keep = "CARGO_PROFILE_RELEASE_STRIP=none " if stripped else ""
            command = f"{keep}CARGO_PROFILE_RELEASE_DEBUG=1 cargo build --release"
            return Run(command, "cargo pyrometer record, or:")
        case "go":
            return "build it without -ldflags='-s -w'"
        case _:
            return f"compile with -g{f', link without -s, and do not strip {name}' if stripped else ''}"


def _split(binary: Binary) -> Iterator[Found]:
    if binary.missing_split:
        missing = len(binary.missing_split)
        what = (
            f"the debug info of {binary.split_units} units is in other files, and {missing} of these are not here "
            f"({binary.missing_split[0]})"
        )
        cure: str | Run = "build it again where it is recorded, or in one file: -gno-split-dwarf"
        if binary.text("language") == "rust":
            cure = Run("CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO=off cargo build --release")
        yield Found(what, cure)


def _has_library(binary: Binary) -> bool:
    """Whether a Rust program has its library inside, and says about itself that it has lines."""
    libraries = binary.facts["libraries"]
    dynamic = isinstance(libraries, list) and any(name.startswith("libstd-") for name in libraries)
    return binary.text("language") == "rust" and bool(binary.facts["rustc"]) and not dynamic


def _std_without_lines(binary: Binary) -> Iterator[Found]:
    if binary.whole and binary.own_lines and _has_library(binary) and not binary.library_lines:
        command = "cargo +nightly build --release -Zbuild-std --target x86_64-unknown-linux-gnu"
        yield Found("Rust's library in it was built without debug info", Run(command, "see docs/debug-info.md, then:"))


def _std_limited(binary: Binary) -> Iterator[Found]:
    if binary.library_level in ("lines", "line_tables", "limited"):
        says = {"lines": "lines only", "line_tables": "lines and inlined calls"}
        level = says.get(binary.library_level, "lines, functions and inlined calls, but no types and variables")
        what = f"Rust's library in it has {level}"
        command = "CARGO_PROFILE_RELEASE_DEBUG=2 cargo +nightly build --release -Zbuild-std"
        command += " --target x86_64-unknown-linux-gnu"
        yield Found(what, Run(command, "none needed; for full debug info:"))


def _rust_src(binary: Binary) -> Iterator[Found]:
    if binary.missing_sources and binary.library_lines:
        what = "the sources of the Rust library it was built with are not here"
        yield Found(what, Run(command_of(binary.missing_sources)))


def _allocator(binary: Binary) -> Iterator[Found]:
    found = binary.facts["allocators"]
    if isinstance(found, list) and found:
        yield Found(f"it has an allocator of its own: {', '.join(found)}", "none needed to record CPU time")


def _static(binary: Binary) -> Iterator[Found]:
    if binary.text("kind") == "executable" and not binary.text("interpreter") and binary.text("language") != "go":
        rust = binary.text("language") == "rust"
        cure = "--target x86_64-unknown-linux-gnu" if rust else "link without -static"
        yield Found("it is linked statically", f"none needed to record CPU time; else {cure}")


def _script(binary: Binary) -> Iterator[Found]:
    if binary.scripts:
        what = f"{binary.scripts[0]} is a script: its interpreter is what was looked at"
        yield Found(what, "none needed", where=binary.path)


def _frame_pointers(binary: Binary) -> Iterator[Found]:
    kept = binary.frame_pointers
    if kept is None or kept >= KEPT or binary.functions_without_pointer <= START_UP or not binary.unwound:
        return
    share = f"{100 * kept:.0f} % of its functions keep" if kept >= 0.005 else "its functions do not keep"
    flag = "-C force-frame-pointers=yes" if binary.text("language") == "rust" else "-fno-omit-frame-pointer"
    yield Found(f"{share} frame pointers", f"none needed; tools that follow them need {flag}")


def _no_build_id(binary: Binary) -> Iterator[Found]:
    if not binary.text("build_id") and binary.text("kind") != "other":
        rust = binary.text("language") == "rust"
        command = 'RUSTFLAGS="-C link-arg=-Wl,--build-id" cargo build --release'
        yield Found("it has no build id", Run(command) if rust else "link with -Wl,--build-id")


CHECKS = (
    Check(
        "foreign-architecture",
        "program",
        "blocks",
        "a program for another processor",
        "It does not run here, or in an emulator whose code would be sampled instead.",
        "build it for x86-64",
        _foreign,
    ),
    Check(
        "setuid",
        "program",
        "limits",
        "setuid, setgid, or capabilities of the file",
        "The kernel ends the recording when such a program starts, unless root records it.",
        "`sudo pyrometer record -- PROGRAM`, or a copy",
        _special,
        early=True,
    ),
    Check(
        "32-bit",
        "program",
        "limits",
        "a 32-bit program",
        "Its stacks are not unwound: samples have their leaf only.",
        "build it for 64 bits",
        _narrow,
        early=True,
    ),
    Check(
        "no-unwind-tables",
        "program",
        "limits",
        "`.eh_frame` absent, or of less than 90 % of the code",
        "Stacks end at such functions, marked [truncated stack].",
        "`-fasynchronous-unwind-tables`, `-C force-unwind-tables=yes`",
        _no_unwind_tables,
        early=True,
    ),
    Check(
        "stripped",
        "program",
        "limits",
        "no symbol table and no debug info",
        "Its functions are shown as addresses; lines and inlined calls are missing.",
        '`strip = "none"`, no `-s`; `-dbgsym` packages',
        _stripped,
    ),
    Check(
        "debug-file-missing",
        "program",
        "limits",
        "`.gnu_debuglink` or `.gnu_debugaltlink` names a file that is absent",
        "Source lines, inlined calls and most names are missing.",
        "install the package's debug symbols",
        _debug_file_missing,
    ),
    Check(
        "split-debug-info-missing",
        "program",
        "limits",
        "split debug info whose `.dwo` or `.dwp` is absent",
        "Inlined calls of these units are missing.",
        '`split-debuginfo = "off"`, no `-gsplit-dwarf`',
        _split,
    ),
    Check(
        "no-line-info",
        "program",
        "limits",
        "no debug info, or for Rust's library only",
        "Source lines and inlined calls are missing: what was inlined counts as its caller's time.",
        "`debug = 1`, `-g`",
        _no_line_info,
    ),
    Check(
        "std-no-lines",
        "program",
        "limits",
        "Rust's library was built without debug info",
        "Its inlined calls and lines are missing, and count as the line that called them.",
        "`-Zbuild-std`; `debuginfo-level-std = 1` for those who build rustc",
        _std_without_lines,
    ),
    Check(
        "no-build-id",
        "program",
        "note",
        "no build id",
        "A hash of the code stands in: debug files and debuginfod cannot be found by it.",
        "`-Wl,--build-id`",
        _no_build_id,
    ),
    Check(
        "rust-src",
        "program",
        "note",
        "the `rust-src` of the toolchain that built the program is not installed",
        "Lines inside the library have a number, but no text.",
        "`rustup component add rust-src --toolchain NAME`",
        _rust_src,
    ),
    Check(
        "std-limited",
        "program",
        "note",
        "Rust's library has no full debug info",
        "That is how it is shipped, and all that a profile needs.",
        "`-Zbuild-std` with `debug = 2`",
        _std_limited,
    ),
    Check(
        "own-allocator",
        "program",
        "note",
        "jemalloc, mimalloc, tcmalloc, snmalloc, `#[global_allocator]`, or a `malloc` of its own",
        "Memory tracers that replace the C library's malloc see little or nothing of it.",
        "none needed to record CPU time",
        _allocator,
    ),
    Check(
        "static",
        "program",
        "note",
        "a statically linked program",
        "Tools that load a library into the program (LD_PRELOAD) see nothing of it.",
        "none needed to record CPU time",
        _static,
    ),
    Check(
        "no-frame-pointers",
        "program",
        "note",
        "functions that keep no frame pointer",
        "That is fine: stacks are unwound by tables, which cost the program nothing.",
        "none needed",
        _frame_pointers,
    ),
    Check(
        "script",
        "program",
        "note",
        "a script",
        "The interpreter's functions are sampled, not those of the script.",
        "none needed",
        _script,
    ),
)
"""Checks of a program's binary, the most harmful first."""
