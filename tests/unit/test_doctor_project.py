"""What a Cargo project says about the debug info of its builds."""

from pathlib import Path

import pytest

from pyrometer.diagnosis.checks import CHECKS
from pyrometer.diagnosis.finding import Finding, findings_of
from pyrometer.diagnosis.project import project_of_program, read_project

PACKAGE = '[package]\nname = "app"\nversion = "0.1.0"\n'


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which nobody configured Cargo."""
    return {"CARGO_HOME": str(tmp_path_factory.mktemp("cargo-home"))}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(folder: Path, environment: dict[str, str], profile: str = "release") -> dict[str, Finding]:
    project = read_project(folder, profile, environment)
    return {one.id: one for one in findings_of("project", project, str(folder), CHECKS)}


def test_cargos_default_is_no_debug_info(tmp_path, home):
    manifest = write(tmp_path / "Cargo.toml", PACKAGE)
    seen = found(tmp_path, home)
    assert list(seen) == ["cargo-debug"]
    assert "Cargo's default" in seen["cargo-debug"].what
    assert "cargo pyrometer record" in seen["cargo-debug"].cure
    assert f"{manifest}: [profile.release] debug = 1" in seen["cargo-debug"].cure
    assert found(tmp_path, home, "debug") == {}, "the development profile has it"


@pytest.mark.parametrize("value", ["1", "2", "true", '"limited"', '"line-tables-only"', '"full"'])
def test_any_level_with_lines_is_silent(tmp_path, home, value):
    write(tmp_path / "Cargo.toml", f"{PACKAGE}[profile.release]\ndebug = {value}\n")
    assert found(tmp_path, home) == {}


@pytest.mark.parametrize("value", ["0", "false", '"none"', '"line-directives-only"'])
def test_any_level_without_lines_is_found(tmp_path, home, value):
    write(tmp_path / "Cargo.toml", f"{PACKAGE}[profile.release]\ndebug = {value}\n")
    assert str(tmp_path / "Cargo.toml") in found(tmp_path, home)["cargo-debug"].what


@pytest.mark.parametrize(("value", "harms"), [('"symbols"', True), ("true", True), ('"none"', False), ("false", False)])
def test_strip(tmp_path, home, value, harms):
    write(tmp_path / "Cargo.toml", f"{PACKAGE}[profile.release]\ndebug = 1\nstrip = {value}\n")
    seen = found(tmp_path, home)
    assert list(seen) == (["cargo-strip"] if harms else [])
    assert all(one.what.startswith(f"the profile release has strip = {value} ") for one in seen.values())


def test_the_workspace_decides_and_not_its_member(tmp_path, home):
    write(tmp_path / "Cargo.toml", '[workspace]\nmembers = ["member"]\n')
    write(tmp_path / "member/Cargo.toml", f"{PACKAGE}[profile.release]\ndebug = 1\n")
    seen = found(tmp_path / "member", home)
    assert f"{tmp_path / 'Cargo.toml'}: [profile.release]" in seen["cargo-debug"].cure
    write(tmp_path / "Cargo.toml", '[workspace]\nmembers = ["member"]\n[profile.release]\ndebug = 1\n')
    assert found(tmp_path / "member", home) == {}


def test_a_package_may_name_its_workspace(tmp_path, home):
    write(tmp_path / "root/Cargo.toml", '[workspace]\nmembers = ["../far"]\n[profile.release]\ndebug = 1\n')
    write(tmp_path / "far/Cargo.toml", f'{PACKAGE}workspace = "../root"\n')
    assert found(tmp_path / "far", home) == {}


def test_a_profile_inherits(tmp_path, home):
    profiles = '[profile.release]\ndebug = 1\n[profile.dist]\ninherits = "release"\nlto = "fat"\n'
    write(tmp_path / "Cargo.toml", PACKAGE + profiles)
    assert found(tmp_path, home, "dist") == {}
    assert found(tmp_path, home, "bench") == {}, "as bench does from release"
    write(tmp_path / "Cargo.toml", PACKAGE + profiles.replace("debug = 1", ""))
    seen = found(tmp_path, home, "dist")["cargo-debug"]
    assert "cargo pyrometer record --profile dist" in seen.cure
    assert "[profile.dist] debug = 1" in seen.cure
    write(tmp_path / "Cargo.toml", f'{PACKAGE}[profile.fast]\ninherits = "dev"\nopt-level = 3\n')
    assert found(tmp_path, home, "fast") == {}, "dev has debug info by default"


def test_profiles_that_inherit_in_a_circle_come_to_an_end(tmp_path, home):
    write(tmp_path / "Cargo.toml", f'{PACKAGE}[profile.a]\ninherits = "b"\n[profile.b]\ninherits = "a"\n')
    assert list(found(tmp_path, home, "a")) == ["cargo-debug"]


def test_cargos_configuration_comes_before_the_manifest_and_the_environment_before_both(tmp_path, home):
    write(tmp_path / "Cargo.toml", f"{PACKAGE}[profile.release]\ndebug = 1\n")
    write(tmp_path / ".cargo/config.toml", "[profile.release]\ndebug = 0\n")
    assert "config.toml" in found(tmp_path, home)["cargo-debug"].what
    assert found(tmp_path, home | {"CARGO_PROFILE_RELEASE_DEBUG": "1"}) == {}
    assert found(tmp_path, home | {"CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only"}) == {}
    write(Path(home["CARGO_HOME"]) / "config.toml", "[profile.release]\ndebug = 2\n")
    assert list(found(tmp_path, home)) == ["cargo-debug"], "the nearer file wins"


def test_a_manifest_that_cannot_be_read_is_said(tmp_path, home):
    write(tmp_path / "Cargo.toml", "[package\n")
    seen = found(tmp_path, home)
    assert list(seen) == ["cargo-manifest"]
    assert str(tmp_path / "Cargo.toml") in seen["cargo-manifest"].what
    write(tmp_path / "Cargo.toml", "profile = 3\n")
    assert list(found(tmp_path, home)) == ["cargo-manifest"]
    write(tmp_path / "Cargo.toml", "[profile]\nrelease = 3\n")
    assert list(found(tmp_path, home)) == ["cargo-manifest"]


@pytest.mark.parametrize(
    ("program", "profile"),
    [
        ("target/release/app", "release"),
        ("target/debug/app", "debug"),
        ("target/x86_64-unknown-linux-gnu/dist/app", "dist"),
        ("target/release/examples/demo", "release"),
        ("target/release/deps/app-0123", "release"),
    ],
)
def test_the_project_and_profile_of_a_program(tmp_path, program, profile):
    write(tmp_path / "Cargo.toml", PACKAGE)
    assert project_of_program(tmp_path / program) == (tmp_path, profile)
    assert project_of_program(tmp_path / "bin/app") is None
