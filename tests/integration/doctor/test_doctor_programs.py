"""`pyrometer doctor` on real programs, each made so that it has one cause, and one that has none."""

import os
import subprocess
from pathlib import Path

import pytest

from doctor_programs import MANY_FUNCTIONS, OWN_ALLOCATOR, RUST, C, Doctor, run_tool
from installed import Run

#: What every Rust program has with std as it is shipped, depending on what this machine has installed.
USUAL_OF_RUST = {"std-limited", "rust-src"}


def test_a_program_with_everything_is_silent(c, rust, doctor: Doctor):
    assert doctor(c("-Wl,--build-id")) == {}
    assert doctor(rust(name="rusty")).keys() <= USUAL_OF_RUST


def test_no_line_info_in_c(c, doctor: Doctor):
    seen = doctor(c("-g0"))
    assert list(seen) == ["no-line-info"]
    assert seen["no-line-info"]["severity"] == "limits"
    assert "-g" in seen["no-line-info"]["cure"]


def test_line_info_of_rusts_library_alone_is_none_of_the_program(rust, doctor: Doctor):
    seen = doctor(rust("-Cdebuginfo=0"))
    assert "only Rust's library" in seen["no-line-info"]["what"]
    assert "cargo pyrometer record" in seen["no-line-info"]["cure"]
    assert "no debug info" in doctor(rust("-Cdebuginfo=0", "-Cstrip=debuginfo", name="other"))["no-line-info"]["what"]


def test_stripped(c, rust, doctor: Doctor):
    seen = doctor(c("-s"))
    assert list(seen) == ["stripped"]
    assert "do not strip" in seen["stripped"]["cure"]
    assert "CARGO_PROFILE_RELEASE_STRIP=none" in doctor(rust("-Cstrip=symbols", name="rusty"))["stripped"]["cure"]


def test_a_separate_debug_file_is_looked_for_where_debuggers_do(c, doctor: Doctor, tmp_path: Path):
    program, debug = c(), tmp_path / "program.debug"
    run_tool("objcopy", "--only-keep-debug", program, debug)
    named = tmp_path / "named"
    run_tool("objcopy", "--strip-debug", f"--add-gnu-debuglink={debug}", program, named)
    run_tool("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program)
    assert doctor(program) == {}
    (tmp_path / ".debug").mkdir()
    debug.rename(tmp_path / ".debug/program.debug")
    assert doctor(program) == {}
    (tmp_path / ".debug/program.debug").unlink()
    seen = doctor(program)
    assert list(seen) == ["debug-file-missing"]
    assert "program.debug" in seen["debug-file-missing"]["what"]
    assert "names" in seen["debug-file-missing"]["why"]
    assert "names" not in doctor(named)["debug-file-missing"]["why"], "it has a symbol table"


def test_a_debug_file_of_another_build_is_none(c, doctor: Doctor, tmp_path: Path):
    program, debug = c(), tmp_path / "program.debug"
    run_tool("objcopy", "--only-keep-debug", c("-O1", name="stranger"), debug)
    run_tool("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program)
    assert "it belongs to another build" in doctor(program)["debug-file-missing"]["what"]


def test_debug_info_that_was_downloaded_before(c, doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = c("-Wl,--build-id")
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "downloads"))
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    folder = tmp_path / "downloads" / notes.split("Build ID:")[1].split()[0]
    folder.mkdir(parents=True)
    run_tool("objcopy", "--only-keep-debug", program, folder / "debuginfo")
    run_tool("strip", program)
    assert doctor(program) == {}
    (folder / "debuginfo").unlink()
    assert list(doctor(program)) == ["stripped"]


def test_debug_info_that_is_shared_with_an_absent_file(c, doctor: Doctor, tmp_path: Path):
    program, other, shared = c(), c("-O1", name="other"), tmp_path / "shared.debug"
    run_tool("dwz", "-m", shared, "-M", "shared.debug", program, other)
    assert doctor(program) == {}
    shared.rename(tmp_path / "elsewhere")
    assert "shared.debug" in doctor(program)["debug-file-missing"]["what"]


def test_split_debug_info(c, doctor: Doctor, tmp_path: Path):
    program = c("-gsplit-dwarf")
    assert doctor(program) == {}
    [split] = tmp_path.glob("*.dwo")
    split.rename(tmp_path / "elsewhere")
    seen = doctor(program)
    assert list(seen) == ["split-debug-info-missing"]
    assert split.name in seen["split-debug-info-missing"]["what"]
    (tmp_path / "elsewhere").rename(tmp_path / "program.dwp")
    assert doctor(program) == {}, "a package beside the program has them all"


def test_no_unwind_tables(c, doctor: Doctor, tmp_path: Path):
    flags = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-nostdlib", "-static")
    source = (
        "int work(int n) { volatile int x = n; return x; }\nint more(int n) { return work(n) + work(n + 1) + 7; }\n"
    )
    bare = source + "void _start(void) { more(3); for (;;) ; }\n"
    seen = doctor(c(*flags, "-g0", "-O0", "-fomit-frame-pointer", source=bare))
    assert seen["no-unwind-tables"]["severity"] == "limits"
    assert "-fasynchronous-unwind-tables" in seen["no-unwind-tables"]["cure"]
    program = c(name="whole")
    run_tool("objcopy", "--remove-section=.eh_frame", "--remove-section=.eh_frame_hdr", program, tmp_path / "cut")
    seen = doctor(tmp_path / "cut")
    assert list(seen) == ["no-unwind-tables"]


def test_frame_pointers_that_are_absent_are_fine(c, rust, doctor: Doctor):
    source = C.replace("int main", MANY_FUNCTIONS + "int main")
    assert doctor(c(source=source, name="with")) == {}
    seen = doctor(c("-fomit-frame-pointer", source=source))
    assert list(seen) == ["no-frame-pointers"]
    assert seen["no-frame-pointers"]["severity"] == "note"
    assert "That is fine" in seen["no-frame-pointers"]["why"]
    assert "-fno-omit-frame-pointer" in seen["no-frame-pointers"]["cure"]


def test_static_linking(c, doctor: Doctor):
    for name, flags in (("static", ["-static"]), ("pie", ["-static-pie"])):
        seen = doctor(c(*flags, name=name))
        assert seen["static"]["severity"] == "note", name
        assert "own-allocator" not in seen, "that is the C library's"


def test_allocators(c, rust, doctor: Doctor):
    seen = doctor(rust(source=OWN_ALLOCATOR + RUST))
    assert "#[global_allocator]" in seen["own-allocator"]["what"]
    jemalloc = C.replace("int main", "void *mallocx(int n) { return malloc(n); }\nint main")
    assert "jemalloc" in doctor(c("-rdynamic", source=jemalloc))["own-allocator"]["what"]
    own = "void *malloc(unsigned long n) { static char pool[1 << 20], *at = pool; at += n; return at - n; }\n"
    assert (
        "malloc of its own"
        in doctor(c(source=own + "int main(void) { return !malloc(3); }\n"))["own-allocator"]["what"]
    )


def test_no_build_id(c, doctor: Doctor):
    assert list(doctor(c("-Wl,--build-id=none"))) == ["no-build-id"]


def test_32_bit_and_foreign_programs(c, doctor: Doctor, tmp_path: Path):
    program = bytearray(c().read_bytes())
    program[18:20] = (183).to_bytes(2, "little")
    foreign = tmp_path / "foreign"
    foreign.write_bytes(program)
    foreign.chmod(0o755)
    seen = doctor(foreign)
    assert seen["foreign-architecture"]["severity"] == "blocks"
    assert "Aarch64" in seen["foreign-architecture"]["what"]
    narrow = tmp_path / "narrow.o"
    (tmp_path / "narrow.s").write_text(".globl _start\n_start: nop\n")
    run_tool("as", "--32", "-o", narrow, tmp_path / "narrow.s")
    run_tool("ld", "-m", "elf_i386", "--build-id", "-o", tmp_path / "narrow", narrow)
    assert "32-bit" in doctor(tmp_path / "narrow")["32-bit"]["what"]


def test_a_std_without_debug_info_is_told_from_one_with_it(rust, doctor: Doctor, tmp_path: Path):
    sysroot = sysroot_without_debug_info(tmp_path / "sysroot")
    seen = doctor(rust(f"--sysroot={sysroot}"))
    assert seen["std-no-lines"]["severity"] == "limits"
    assert "-Zbuild-std" in seen["std-no-lines"]["cure"]
    assert "std-limited" not in seen
    usual = doctor(rust(name="usual"))
    assert "std-no-lines" not in usual
    assert usual["std-limited"]["severity"] == "note"


def sysroot_without_debug_info(folder: Path) -> Path:
    """The toolchain, with a library that was built without debug info, as far as anybody can tell."""
    real = Path(
        subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    )
    target = Path("lib/rustlib/x86_64-unknown-linux-gnu")
    (folder / target / "lib").mkdir(parents=True)
    for file in (real / target).iterdir():
        if file.name != "lib":
            (folder / target / file.name).symlink_to(file)
    for file in (real / target / "lib").iterdir():
        copy = folder / target / "lib" / file.name
        if file.suffix == ".rlib":
            run_tool("objcopy", "--strip-debug", file, copy)
        else:
            copy.symlink_to(file)
    return folder


def test_the_sources_of_the_library_by_the_toolchain_that_built_the_program(rust, doctor: Doctor, tmp_path: Path):
    program = rust()
    empty = os.environ | {"RUSTUP_HOME": str(tmp_path / "empty")}
    seen = doctor(program, env=empty)
    assert seen["rust-src"]["severity"] == "note"
    assert seen["rust-src"]["cure"].startswith("rustup component add rust-src")
    commit = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    commit = commit.partition("commit-hash: ")[2].split()[0]
    toolchain = tmp_path / "home/toolchains/mine"
    source = toolchain / "lib/rustlib/src/rust/library/std/src/lib.rs"
    source.parent.mkdir(parents=True)
    source.write_text("")
    manifest = toolchain / "lib/rustlib/multirust-channel-manifest.toml"
    manifest.write_text(f'[pkg.cargo]\n\n[pkg.rustc]\nversion = "1.0.0 ({commit[:9]} 2026-01-01)"\n')
    assert "rust-src" not in doctor(program, env=os.environ | {"RUSTUP_HOME": str(tmp_path / "home")})


# --------------------------------------------------------------------- Cargo


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Cargo project that was just begun."""
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "src/main.rs").write_text(RUST)
    (folder / "Cargo.toml").write_text('[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n')
    return folder


def cargo_build(folder: Path, **environment: str) -> Path:
    inherited = {name: value for name, value in os.environ.items() if name not in ("CARGO_TARGET_DIR", "RUSTFLAGS")}
    command = ["cargo", "build", "--release", "--quiet", "--offline"]
    subprocess.run(command, cwd=folder, env=inherited | environment, check=True)
    return folder / "target/release/app"


def test_a_cargo_project_and_the_program_that_it_built(project: Path, doctor: Doctor):
    seen = doctor(project)
    assert list(seen) == ["cargo-debug"]
    line = f"{project}/Cargo.toml: [profile.release] debug = 1"
    assert line in seen["cargo-debug"]["cure"]
    program = cargo_build(project)
    seen = doctor(program)
    assert {"no-line-info", "cargo-debug"} <= seen.keys()
    assert "cargo pyrometer record" in seen["cargo-debug"]["cure"]
    with (project / "Cargo.toml").open("a") as manifest:
        manifest.write("[profile.release]\ndebug = 1\n")
    assert "cargo-debug" not in doctor(cargo_build(project))
    assert doctor(project) == {}


def test_a_program_that_has_lines_nevertheless_says_nothing_of_its_project(project: Path, doctor: Doctor):
    program = cargo_build(project, CARGO_PROFILE_RELEASE_DEBUG="1")
    assert not {"no-line-info", "cargo-debug"} & doctor(program).keys()


def test_the_project_in_this_folder(project: Path, run_pyrometer: Run):
    done = run_pyrometer("doctor", cwd=project)
    assert "limits  cargo-debug  project" in done.stdout
    assert "cargo-debug" not in run_pyrometer("doctor", cwd=project.parent).stdout


# ------------------------------------------------------------------- scripts


def test_a_script_is_followed_to_its_interpreter(doctor: Doctor, tmp_path: Path):
    for name, first in (("direct", "#!/bin/sh -e"), ("by-env", "#!/usr/bin/env -S FOO=1 sh")):
        script = tmp_path / name
        script.write_text(f"{first}\ntrue\n")
        script.chmod(0o755)
        seen = doctor(script)
        assert str(script) in seen["script"]["what"]
        assert seen["script"]["where"].endswith("/sh")
    outer = tmp_path / "outer"
    outer.write_text(f"#!{tmp_path}/direct\n")
    outer.chmod(0o755)
    assert doctor(outer)["script"]["where"].endswith("/sh")


def test_a_program_is_looked_up_as_record_does(c, doctor: Doctor, run_pyrometer: Run):
    program = c(name="unlikely-name")
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    assert doctor("unlikely-name", env=environment) == {}
    done = run_pyrometer("doctor", "unlikely-nam", env=environment)
    assert done.returncode == 127
    assert "did you mean unlikely-name" in done.stderr
    plain = program.parent / "plain"
    plain.write_text("text")
    assert run_pyrometer("doctor", plain).returncode == 126
