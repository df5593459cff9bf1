"""`pyrometer doctor` on real programs and processes, each made so that it has one cause, and one that has none."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import programs
import pyrometer
from conftest import PYROMETER, Run

C = """\
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) int work(int n) { char *p = malloc(n); int r = printf("%p", p); free(p); return r; }
__attribute__((noinline)) int more(int n) { int s = 0; for (int i = 0; i < n; i++) s += work(i); return s; }
int main(int argc, char **argv) { (void)argv; return more(argc) < 0; }
"""
RUST = 'fn main() { println!("{}", std::env::args().map(|word| word.len()).sum::<usize>()); }\n'
OWN_ALLOCATOR = """\
use std::alloc::{GlobalAlloc, Layout, System};
struct Own;
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 { unsafe { System.alloc(layout) } }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) { unsafe { System.dealloc(at, layout) } }
}
#[global_allocator]
static OWN: Own = Own;
"""
#: Enough functions that those of the C library's start-up do not matter.
MANY_FUNCTIONS = "".join(f"__attribute__((noinline)) int f{n}(int x) {{ return work(x) + {n}; }}\n" for n in range(80))
TWO_SECONDS = 2.0

Doctor = Callable[..., dict[str, dict]]


@pytest.fixture(scope="session")
def doctor(run_pyrometer: Run) -> Doctor:
    """``doctor(target)``: the findings about the target itself by id; the machine's are its own affair."""

    def ask(target: str | Path | int, **options) -> dict[str, dict]:
        done = run_pyrometer("doctor", target, "--format", "json", **options)
        assert done.stderr == ""
        view = json.loads(done.stdout)
        assert done.returncode == view["exit_code"]
        return {one["id"]: one for one in view["findings"] if one["subject"] != "machine"}

    return ask


@pytest.fixture
def c(tmp_path: Path) -> Callable[..., Path]:
    """``c(*flags)``: a program in C with debug info, unless the flags say otherwise."""

    def build(*flags: str, name: str = "program", source: str = C) -> Path:
        file = tmp_path / f"{name}.c"
        file.write_text(source)
        command = ["gcc", "-O2", "-g", "-fno-omit-frame-pointer", "-o", name, file.name, *flags]
        subprocess.run(command, cwd=tmp_path, check=True)
        return tmp_path / name

    return build


@pytest.fixture
def rust(tmp_path: Path) -> Callable[..., Path]:
    """``rust(*flags)``: a program in Rust with line info."""

    def build(*flags: str, source: str = RUST, name: str = "program") -> Path:
        file = tmp_path / f"{name}.rs"
        file.write_text(source)
        command = ["rustc", "-O", "-Cdebuginfo=1", "-Cforce-frame-pointers=yes", "-o", name, file.name, *flags]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        return tmp_path / name

    return build


def run_tool(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


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


def drop() -> list[str]:
    """A prefix that takes all capabilities away."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def findings(*arguments: str | Path) -> dict[str, dict]:
    """The findings of a user without capabilities."""
    command = [*drop(), str(PYROMETER), "doctor", "--format", "json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return {one["id"]: one for one in json.loads(done.stdout)["findings"]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a program that is another user's")
def test_setuid_stands_in_the_way_of_who_is_not_privileged(c, doctor: Doctor):
    program = c()
    program.chmod(0o4755)
    assert "setuid" not in findings(program), "it is ours already"
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    assert "setuid" in findings(program)["setuid"]["what"]
    assert "sudo pyrometer record" in findings(program)["setuid"]["cure"]
    assert "setuid" not in doctor(program), "root may"
    program.chmod(0o2755)
    assert "setgid" in findings(program)["setuid"]["what"]
    program.chmod(0o0755)
    assert "setuid" not in findings(program)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file capabilities")
def test_capabilities_of_a_file(c, doctor: Doctor):
    program = c()
    # Version 2, effective, CAP_NET_RAW, as linux/capability.h lays it out.
    os.setxattr(program, "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    assert "capabilities" in findings(program)["setuid"]["what"]
    assert "setuid" not in doctor(program), "root may"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sets perf_event_paranoid")
@pytest.mark.parametrize(("level", "expected"), [("1", None), ("2", "limits")])
def test_paranoia_of_the_kernel_that_runs(level: str, expected: str | None):
    setting = Path("/proc/sys/kernel/perf_event_paranoid")
    before = setting.read_text()
    try:
        setting.write_text(level)
        # Without capabilities, but still as root: the cure is the capability.
        seen = findings().get("missing-capability")
        assert (seen["severity"] if seen else None) == expected
    finally:
        setting.write_text(before)


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
def test_a_sandbox_that_refuses_perf_events(error: str):
    sandbox = programs.c("no_perf_events")
    command = [str(sandbox), error, str(PYROMETER), "doctor", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    seen = {one["id"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 2
    assert seen["seccomp"]["severity"] == "blocks"
    assert f"({error})" in seen["seccomp"]["what"]


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


# ----------------------------------------------------------------- processes


@contextmanager
def running(*command: str | Path, ready: bool = True, folder: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process that runs until the end of the block."""
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, cwd=folder) as program:
        try:
            if ready:
                assert program.stdout is not None
                program.stdout.readline()
            yield program
        finally:
            program.kill()


def test_a_process_has_the_findings_of_its_program(doctor: Doctor, tmp_path: Path):
    program = tmp_path / "program"
    shutil.copy(programs.c("exits"), program)
    with running(program, "hang") as process:
        assert not {"stripped", "no-line-info", "binary-replaced", "jit-without-map"} & doctor(process.pid).keys()
    run_tool("strip", program)
    with running(program, "hang") as process:
        assert doctor(process.pid)["stripped"]["where"] == str(program)


def test_a_program_that_is_replaced_while_it_runs(doctor: Doctor, tmp_path: Path):
    program = tmp_path / "program"
    shutil.copy(programs.c("exits"), program)
    with running(program, "hang") as process:
        program.unlink()
        seen = doctor(process.pid)
        assert str(program) in seen["binary-replaced"]["what"]
        assert "stripped" not in seen, "the one that runs is still read"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_generated_code_of_node_with_and_without_a_map(doctor: Doctor, tmp_path: Path):
    script = (
        "let x = 0; for (let i = 0; i < 3e7; i++) x += Math.sqrt(i); console.log('ready'); setInterval(() => {}, 1000);"
    )
    with running("node", "-e", script) as process:
        seen = doctor(process.pid)
        assert "node --perf-basic-prof" in seen["jit-without-map"]["cure"]
    with running("node", "--perf-basic-prof", "-e", script, folder=tmp_path) as process:
        assert "jit-without-map" not in doctor(process.pid)
    Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a process of another user")
def test_another_users_process():
    with running("sleep", "30", ready=False) as process:
        time.sleep(0.1)
        own = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
        if subprocess.run([*own, str(PYROMETER), "--version"], capture_output=True, check=False).returncode != 0:
            pytest.skip("other users may not read this folder")
        command = [*own, str(PYROMETER), "doctor", str(process.pid), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert "other-user" in {one["id"] for one in json.loads(done.stdout)["findings"]}


# ------------------------------------------------------------------ profiles


def test_a_profile_of_a_stripped_program(
    run_pyrometer: Run, doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The names of the same build from before it was stripped would do.
    monkeypatch.setenv("PYROMETER_CACHE", str(tmp_path / "cache"))
    program, path = tmp_path / "program", tmp_path / "a.pyro"
    shutil.copy(programs.c("exits"), program)
    run_tool("strip", program)
    run_pyrometer("record", "-o", path, "--", program, "code", "0")
    lacking = {one.where: one for one in pyrometer.doctor(path).findings if one.id == "binary-lacks-info"}
    seen = lacking[str(program)]
    assert seen.severity == "limits"
    assert "is stripped" in seen.what
    assert f"pyrometer symbolize {path} --debug-path DIR" in seen.cure
    assert "binary-lacks-info" in doctor(path)


# ------------------------------------------------- speed, and before a recording


def test_hundreds_of_megabytes_of_debug_info_take_less_than_two_seconds(tmp_path: Path, run_pyrometer: Run, c):
    """A program with 500 MB of debug info: units whose bytes nobody needs to read."""
    source = tmp_path / "large.s"
    unit = '.long 2f-1f\n1: .short 4\n.long 0\n.byte 8\n.uleb128 1\n.long 0\n.asciz "unit.c"\n.zero 500000\n2:\n'
    source.write_text(
        '.section .debug_abbrev,"",@progbits\n.uleb128 1\n.uleb128 0x11\n.byte 0\n.uleb128 0x10\n.uleb128 0x17\n'
        ".uleb128 0x03\n.uleb128 0x08\n.byte 0,0,0\n"
        f'.section .debug_info,"",@progbits\n.rept 1000\n{unit}.endr\n'
    )
    run_tool("as", "-o", tmp_path / "large.o", source)
    program = c("-g0", str(tmp_path / "large.o"))
    assert program.stat().st_size > 480_000_000
    views = [json.loads(run_pyrometer("doctor", program, "--format", "json").stdout) for _ in range(3)]
    assert "no-line-info" not in {one["id"] for one in views[0]["findings"]}
    assert min(view["seconds"] for view in views) < TWO_SECONDS


def test_a_recording_says_before_it_starts_what_no_note_says_at_its_end(c, run_pyrometer: Run, tmp_path: Path):
    program = c("-fomit-frame-pointer", name="whole")
    cut = tmp_path / "cut"
    run_tool("objcopy", "--remove-section=.eh_frame", "--remove-section=.eh_frame_hdr", program, cut)
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", cut)
    first, *rest = done.stderr.splitlines()
    assert first.startswith("note: none of its code has unwind tables")
    assert len(first) <= 80
    assert not any("unwind tables" in line for line in rest)
    pointers = c(name="pointers", source=C.replace("int main", MANY_FUNCTIONS + "int main"))
    run_tool("objcopy", "--remove-section=.eh_frame", "--remove-section=.eh_frame_hdr", pointers, cut)
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", cut)
    assert not done.stderr.startswith("note"), "its frame pointers lead through its code"
    quiet = run_pyrometer("record", "--no-summary", "-o", tmp_path / "b.pyro", "--", cut)
    assert quiet.stderr == ""


def test_a_recording_with_nothing_in_the_way_says_nothing_first(run_pyrometer: Run, tmp_path: Path):
    program = programs.c("exits")
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", program, "code", "0")
    assert done.stderr.splitlines()[0].startswith(f"{program} code 0 · ")
    view = run_pyrometer("record", "--format", "json", "-o", tmp_path / "a.pyro", "--", program, "code", "0")
    assert json.loads(view.stderr)["view"] == "summary"


def test_the_checks_before_a_recording_take_milliseconds():
    script = (
        "import time; from pyrometer.diagnosis.early import early\n"
        f"def once(s=time.process_time): t = s(); early([{str(programs.ripgrep())!r}], []); return s() - t\n"
        "print(min(once() for _ in range(5)))"
    )
    python = PYROMETER.with_name("python")
    shown = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout
    assert float(shown) < 0.02
