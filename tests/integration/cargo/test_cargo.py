"""`cargo pyrometer` on Cargo projects that the tests make: it builds, finds, runs and ends as Cargo would."""

import json
import re
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

import pyrometer
from cargo_projects import (
    BURN,
    CARGO_FAILED,
    CARGO_PYROMETER,
    MAIN,
    Make,
    assert_lines_of_burn,
    call,
    cargo,
    manifest,
    profiles,
)

TRIPLE = "x86_64-unknown-linux-gnu"
PRINT_ENVIRONMENT = """
fn main() {
    println!("cwd={}", std::env::current_dir().unwrap().display());
    println!("args={:?}", std::env::args().skip(1).collect::<Vec<_>>());
    for (name, value) in std::env::vars() { println!("{name}={value:?}"); }
}
"""


# the program


def test_it_builds_with_lines_runs_and_ends_as_the_program(make: Make):
    root = make({"src/main.rs": BURN + MAIN})
    before = (root / "Cargo.toml").read_bytes()
    done = call(root, "record", "--", "a", "--bin", "b")
    assert done.returncode == 7, done.stderr
    assert done.stdout == "a,--bin,b true\n"
    assert "building with profile.release.debug=1: another build than yours" in done.stderr
    assert "Compiling app" in done.stderr, "Cargo's progress passes through"
    assert profiles(root) == ["app.pyro"]
    profile = pyrometer.load(root / "app.pyro")
    assert profile.meta.exit_status == 7
    assert profile.meta.command == ["target/release/app", "a", "--bin", "b"]
    assert_lines_of_burn(root / "app.pyro")
    assert (root / "Cargo.toml").read_bytes() == before
    assert sorted(path.name for path in root.iterdir()) == ["Cargo.lock", "Cargo.toml", "app.pyro", "src", "target"]


def test_it_can_be_called_without_cargo(make: Make):
    root = make({"src/main.rs": BURN + MAIN})
    command = [CARGO_PYROMETER, "record", "--no-summary"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, profiles(root)) == (7, ["app.pyro"])


def test_nothing_is_built_twice_and_the_own_build_stays(make: Make):
    root = make({"src/main.rs": BURN + MAIN})
    assert cargo(root, "build", "--release").returncode == 0
    assert "Compiling" in call(root, "record", "--no-summary").stderr
    for arguments in (["build", "--release"], ["pyrometer", "record", "--no-summary"], ["build", "--release"]):
        assert "Compiling" not in cargo(root, *arguments).stderr
    done = call(root, "record", "--no-summary", "--config", "profile.release.debug=2")
    assert "building with" not in done.stderr, "there is enough already"


def test_a_death_by_signal_is_passed_on(make: Make):
    root = make({"src/main.rs": "fn main() { std::process::abort() }"})
    done = call(root, "record", "--no-summary")
    assert done.returncode in {-signal.SIGABRT, 128 + signal.SIGABRT}
    assert pyrometer.load(root / "app.pyro").meta.exit_status == -signal.SIGABRT


def test_a_flame_graph(make: Make):
    root = make({"examples/demo.rs": BURN + MAIN, "src/lib.rs": ""})
    done = call(root, "flamegraph", "--example", "demo", "-o", "demo.svg", "--title", "--bin")
    assert done.returncode == 7, done.stderr
    assert "burn" in (root / "demo.svg").read_text()
    assert "--bin" in (root / "demo.svg").read_text()
    assert profiles(root) == ["demo.pyro"]


# what Cargo says


def test_counting(make: Make):
    root = make({"src/main.rs": BURN + MAIN})
    done = call(root, "stat", "--repeat", "2", "--discard", "-o", "app.pyro", "--", "a")
    assert done.returncode == 7, done.stderr
    assert done.stdout == ""
    [command] = pyrometer.load(root / "app.pyro").stat().commands
    assert (command.command, command.runs, command.failed) == ("target/release/app a", 2, 2)


def test_a_project_that_does_not_build(make: Make):
    root = make({"src/main.rs": "fn main() { nonsense }"})
    done = call(root, "record")
    own = cargo(root, "build", "--release")
    assert done.returncode == own.returncode == CARGO_FAILED
    assert "cannot find value `nonsense`" in done.stderr
    assert done.stderr.split("\n", 1)[1] == own.stderr, "after the line about settings it is Cargo's alone"
    assert profiles(root) == []


@pytest.mark.parametrize("broken", ["[package", '[package]\nname = "?"\n', None])
def test_no_project_or_a_broken_one(broken: str | None, make: Make):
    root = make({"Cargo.toml": broken or "", "src/main.rs": MAIN})
    if broken is None:
        (root / "Cargo.toml").unlink()
    done = call(root, "record")
    assert done.returncode == CARGO_FAILED
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_several_binaries(make: Make):
    files = {"src/bin/one.rs": BURN + MAIN, "src/bin/two.rs": BURN + MAIN}
    root = make(files)
    done = call(root, "record")
    assert done.returncode == cargo(root, "run").returncode == CARGO_FAILED
    assert "could not determine which binary to run" in done.stderr
    assert call(root, "record", "--no-summary", "--bin", "two").returncode == 7
    assert call(root, "record", "--no-summary", "--bin", "none").returncode == CARGO_FAILED
    make(files | {"Cargo.toml": manifest().replace("edition", 'default-run = "one"\nedition')})
    assert call(root, "record", "--no-summary").returncode == 7
    assert profiles(root) == ["one.pyro", "two.pyro"]


def test_what_a_macro_prints_is_no_message_of_cargos(make: Make):
    lie = json.dumps(
        {"reason": "compiler-artifact", "executable": "/bin/false", "target": {"name": "app", "kind": ["bin"]}}
    )
    macro = f"""
        extern crate proc_macro;
        #[proc_macro]
        pub fn noisy(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{
            println!("hello from a macro");
            println!("{{}}", {json.dumps(lie)});
            proc_macro::TokenStream::new()
        }}
    """
    make({"Cargo.toml": manifest("noisy", "[lib]\nproc-macro = true\n"), "src/lib.rs": macro}, folder="noisy")
    root = make(
        {"src/main.rs": BURN + MAIN + "noisy::noisy!{}"}, extra='[dependencies]\nnoisy = { path = "../noisy" }\n'
    )
    done = call(root, "record", "--no-summary")
    assert done.returncode == 7, done.stderr
    assert "hello from a macro\n" in done.stderr
    assert profiles(root) == ["app.pyro"]


def test_features_targets_and_cargos_other_options(make: Make):
    source = BURN + MAIN + '#[cfg(not(feature = "fast"))] compile_error!("slow");'
    root = make({"src/main.rs": source}, extra="[features]\nfast = []\nother = []\n")
    words = ["-F", "fast,other", "--target", TRIPLE, "--target-dir", "out", "-j1", "--offline", "-q"]
    done = call(root, "record", "--no-summary", *words)
    assert done.returncode == 7, done.stderr
    assert "Compiling" not in done.stderr
    assert (root / "out" / TRIPLE / "release" / "app").exists()
    assert not (root / "target").exists()
    assert call(root, "record", "--no-summary").returncode == CARGO_FAILED


def test_a_workspace_from_elsewhere_with_its_own_target_folder(make: Make, tmp_path: Path):
    root = make(
        {
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n\n[profile.release]\nstrip = true\n',
            "a/Cargo.toml": manifest("a"),
            "a/src/main.rs": BURN + MAIN,
            "b/Cargo.toml": manifest("b"),
            "b/src/main.rs": BURN + MAIN,
        }
    )
    here = tmp_path / "here"
    here.mkdir()
    words = ["--manifest-path", root / "Cargo.toml", "-p", "b"]
    done = call(here, "record", *words, environment={"CARGO_TARGET_DIR": str(tmp_path / "built")})
    assert done.returncode == 7, done.stderr
    assert 'profile.release.strip="none"' in done.stderr
    assert profiles(here) == ["b.pyro"]
    assert_lines_of_burn(here / "b.pyro")
    assert (tmp_path / "built" / "release" / "b").exists()
    assert not (root / "target").exists()


# settings


def test_profiles_that_inherit_and_strip_and_packages_without_debug_info(make: Make):
    make({"Cargo.toml": manifest("dep"), "src/lib.rs": BURN}, folder="dep")
    sections = """
        [dependencies]
        dep = { path = "../dep" }
        [profile.release.package.dep]
        debug = 0
        [profile.slim]
        inherits = "release"
        strip = "symbols"
        lto = "off"
    """
    root = make({"src/main.rs": "use dep::burn;" + MAIN}, extra=sections)
    done = call(root, "record", "--no-summary", "--profile", "slim")
    assert done.returncode == 7, done.stderr
    for added in ("profile.slim.debug=1", 'profile.slim.strip="none"', "profile.slim.package.dep.debug=1"):
        assert added in done.stderr
    assert (root / "target" / "slim" / "app").exists()
    assert_lines_of_burn(root / "app.pyro")


def test_the_dev_profile_has_enough(make: Make):
    root = make({"src/main.rs": BURN + MAIN.replace("60_000_000", "3_000_000")})
    done = call(root, "record", "--no-summary", "--dev")
    assert done.returncode == 7
    assert "building with" not in done.stderr
    assert (root / "target" / "debug" / "app").exists()


OWN = "fn main() { std::process::exit(if cfg!(own) { 5 } else { 6 }) }"


@pytest.mark.parametrize(
    ("configuration", "environment"),
    [
        ('build.rustflags = ["--cfg", "own"]', {}),
        (f'target.{TRIPLE}.rustflags = "--cfg own"', {}),
        ("[target.'cfg(target_os = \"linux\")']\nrustflags = '--cfg own'", {}),
        ("build.rustflags = '--cfg own'\n[target.'cfg(windows)']\nrustflags = '--cfg other'", {}),
        ("build.rustflags = '--cfg other'\n[target.'cfg(unix)']\nrustflags = '--cfg own'", {}),
        ("", {"RUSTFLAGS": "--cfg own"}),
        ("", {"CARGO_ENCODED_RUSTFLAGS": "--cfg\x1fown"}),
        ("", {"CARGO_BUILD_RUSTFLAGS": "--cfg own"}),
        ("", {"CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS": "--cfg own"}),
    ],
)
def test_frame_pointers_beside_the_projects_own_flags(configuration: str, environment: dict[str, str], make: Make):
    lint = '[lints.rust]\nunexpected_cfgs = "allow"\n'
    root = make({"src/main.rs": OWN, ".cargo/config.toml": configuration}, extra=lint)
    done = call(root, "record", "--no-summary", "--frame-pointers", "-v", environment=environment)
    assert done.returncode == 5, done.stderr
    [rustc] = [line for line in done.stderr.splitlines() if "Running" in line and "--crate-name app" in line]
    assert "force-frame-pointers=yes" in rustc
    assert "--cfg own" in rustc
    assert "--cfg other" not in rustc


# --write-profile


def test_the_profile_is_written_once_and_used(make: Make):
    text = '# mine\n[package] # here\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]   # none\n'
    root = make({"Cargo.toml": text, "src/main.rs": BURN + MAIN})
    (root / "Cargo.toml").rename(root / "real.toml")
    (root / "real.toml").chmod(0o640)
    (root / "Cargo.toml").symlink_to("real.toml")
    done = call(root, "record", "--no-summary", "--write-profile")
    assert done.returncode == 7, done.stderr
    assert f"added [profile.profiling] to {root / 'Cargo.toml'}" in done.stderr
    assert "building with" not in done.stderr
    assert (root / "target" / "profiling" / "app").exists()
    changed = (root / "Cargo.toml").read_text()
    assert changed.startswith(text)
    assert tomllib.loads(changed)["profile"]["profiling"] == {"inherits": "release", "debug": 1, "strip": False}
    assert (root / "Cargo.toml").is_symlink()
    assert (root / "real.toml").stat().st_mode & 0o777 == 0o640
    again = call(root, "--write-profile")
    assert again.returncode == 0
    assert "has a [profile.profiling]: left as it is" in again.stderr
    assert (root / "Cargo.toml").read_text() == changed
    assert not [path for path in root.iterdir() if path.name.startswith(".Cargo")]


def test_the_profile_is_written_to_the_workspaces_root(make: Make):
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a"]\nresolver = "2"\n',
        "a/Cargo.toml": manifest("a"),
        "a/src/main.rs": MAIN,
    }
    root = make(files)
    assert call(root / "a", "--write-profile").returncode == 0
    assert "profiling" in (root / "Cargo.toml").read_text()
    assert (root / "a" / "Cargo.toml").read_text() == files["a/Cargo.toml"]


# the environment


def environment_of(output: str) -> dict[str, str]:
    lines = [line.partition("=") for line in output.splitlines() if "=" in line]
    # Cargo gives them to its own subcommands too, so they differ by how deep we are in it.
    return {name: value for name, _, value in lines if name not in ("RUST_RECURSION_COUNT", "_", "SHLVL")}


@pytest.fixture
def printing(make: Make) -> Path:
    """A package whose every target prints its environment; it has a library to load, a build script, variables."""
    make(
        {"Cargo.toml": manifest("shared", '[lib]\ncrate-type = ["dylib"]\n'), "src/lib.rs": "pub fn shared() {}"},
        folder="shared",
    )
    source = PRINT_ENVIRONMENT.replace("fn main() {", "fn main() { shared::shared();")
    targets = "".join(f'[[{kind}]]\nname = "{kind}"\nharness = false\n' for kind in ("test", "bench"))
    return make(
        {
            "build.rs": """fn main() {
                println!("cargo::rustc-link-search=native={}", std::env::var("OUT_DIR").unwrap());
                println!("cargo::rustc-env=BUILT=yes");
            }""",
            "src/main.rs": source,
            "examples/example.rs": source,
            "tests/test.rs": source,
            "benches/bench.rs": source,
            ".cargo/config.toml": '[env]\nOWN_VARIABLE = "of the project"\n',
            "below/empty": "",
        },
        extra=f'[dependencies]\nshared = {{ path = "../shared" }}\n{targets}',
    )


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("run --release", ["--bin", "app"]),
        ("run --release", ["--example", "example"]),
        ("test --release", ["--test", "test"]),
        ("bench", ["--bench", "bench"]),
    ],
)
def test_the_environment_is_cargos(command: str, target: list[str], printing: Path):
    here = printing / "below"
    same = {"RUSTFLAGS": "-Cprefer-dynamic"}
    mine = call(here, "record", "--no-summary", "--frame-pointers", *target, "--", "x", "--y", environment=same)
    own = cargo(here, *command.split(), "-q", *target, "--", "x", "--y", environment=same)
    assert mine.returncode == own.returncode == 0, mine.stderr
    found, expected = environment_of(mine.stdout), environment_of(own.stdout)
    # `cargo test -q` tells the harness to be quiet, and the dependencies' folders have the settings' hash.
    expected["args"] = expected["args"].replace(', "--quiet"', "")
    hashes = re.compile(r"/build/app-[0-9a-f]{16}/")
    found, expected = (
        {name: hashes.sub("/build/app-HASH/", value) for name, value in each.items()} for each in (found, expected)
    )
    assert found == expected
    assert "/build/app-HASH/out" in found["LD_LIBRARY_PATH"]
    assert found["OWN_VARIABLE"] == '"of the project"'
    assert found["cwd"] == str(here if command.startswith("run") else printing)
    assert ('"--bench"' in found["args"]) == (command == "bench")
    assert profiles(here) == [f"{target[1]}.pyro"], "where the user is"


def test_the_projects_runner_runs_the_program(make: Make):
    root = make({"src/main.rs": BURN + MAIN, ".cargo/config.toml": f'target.{TRIPLE}.runner = ["./run", "first"]\n'})
    (root / "run").write_text('#!/bin/sh\necho "runner $1"\nshift\nexec "$@"\n')
    (root / "run").chmod(0o755)
    (root / "below").mkdir()
    done = call(root / "below", "record", "--no-summary", "--", "x")
    assert done.returncode == 7, done.stderr
    assert done.stdout == "runner first\nx true\n"
    assert profiles(root / "below") == ["app.pyro"]
    done = call(root, "record", "--no-summary", environment={"CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER": "env -i"})
    assert (done.returncode, done.stdout) == (7, " true\n")


# usage


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["causal"], "No such command 'causal' of cargo pyrometer; there are: record, flamegraph, stat"),
        (["show"], "pyrometer show runs no program"),
        (["record", "--rate", "x"], "'x' is not a valid integer"),
        (["record", "--pid", "1"], "no such option: --pid"),
        (["record", "app"], "the program's arguments stand after --"),
        (["--release"], "stands after a command"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_built(words: list[str], said: str, make: Make):
    root = make({"src/main.rs": MAIN})
    done = call(root, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (root / "target").exists()


def test_help_shows_both_kinds_of_options(tmp_path: Path):
    shown = call(tmp_path, "record", "--help")
    assert shown.returncode == 0
    cargos, ours = shown.stdout.split("Options of pyrometer record:")
    for option in ("--bin NAME", "-p, --package SPEC", "-F, --features FEATURES", "--frame-pointers", "-Z FLAG"):
        assert option in cargos
    assert "--rate HZ" in ours
    assert "-F" not in ours, "that is Cargo's here"
    assert "debuginfod" not in ours, "--offline is Cargo's here, and keeps both off the network"
    assert "--pid" not in ours
    general = call(tmp_path, "--help")
    assert "flamegraph" in general.stdout
    assert call(tmp_path, "--version").stdout.startswith("cargo-pyrometer ")


def test_without_cargo(make: Make):
    root = make({"src/main.rs": MAIN})
    done = subprocess.run(
        [CARGO_PYROMETER, "record"], cwd=root, env={"PATH": "/nonexistent"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 127
    assert "https://rustup.rs" in done.stderr
