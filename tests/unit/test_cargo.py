"""Cargo's messages and options, without Cargo."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrometer.collect.cargo.cfg import holds, known_of
from pyrometer.collect.cargo.configuration import Configuration, runner
from pyrometer.collect.cargo.manifest import SECTION, with_profile
from pyrometer.collect.cargo.messages import Executable, executable_of, parse
from pyrometer.collect.cargo.options import OPTIONS, as_cargo_takes_it, split
from pyrometer.collect.cargo.request import understand
from pyrometer.collect.cargo.settings import settings
from pyrometer.collect.cargo.usage import WrongUsageError
from pyrometer.errors import FileAccessError

ARTIFACT = {
    "reason": "compiler-artifact",
    "package_id": "path+file:///home/me/app#0.1.0",
    "target": {"kind": ["bin"], "name": "app"},
    "profile": {"test": False},
    "executable": "/home/me/app/target/release/app",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
COMMAND = {"--rate": True, "--event": True, "-e": True, "--inverted": False, "-o": True}


# messages


def test_a_program_is_what_a_message_says():
    message = parse(json.dumps(ARTIFACT).encode() + b"\n")
    assert message is not None
    found = executable_of(message)
    assert found == Executable("/home/me/app/target/release/app", "app", "bin", "path+file:///home/me/app#0.1.0", False)


@pytest.mark.parametrize(
    "changed",
    [
        {"executable": None},
        {"executable": 7},
        {"executable": ""},
        {"executable": "/a\0b"},
        {"target": "app"},
        {"target": {}},
        {"target": {"name": 3, "kind": ["bin"]}},
        {"target": {"name": "app", "kind": "bin"}},
        {"reason": "compiler-message"},
        {"reason": "build-script-executed"},
    ],
)
def test_what_reports_no_program_gives_none(changed):
    assert executable_of(ARTIFACT | changed) is None


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"[" * 100_000, b"{" * 10, b"\xff\xfe", b"null", b'{"reason": 1}', b"9" * 9999]
)
def test_lines_that_are_no_message(line):
    assert parse(line) is None


@given(st.binary())
def test_any_line_is_a_message_or_not(line):
    message = parse(line)
    assert message is None or executable_of(message) is None


@given(st.sampled_from(sorted(ARTIFACT)), JSON)
def test_hostile_fields_never_raise_and_never_give_a_program_without_a_path(field, value):
    message = parse(json.dumps(ARTIFACT | {field: value}).encode())
    found = executable_of(message) if message is not None else None
    if found is not None:
        assert found.path
        assert isinstance(found.name + found.kind + found.package, str)


# splitting


VALUE = st.text("abc-=*./ ", min_size=1, max_size=6).filter(lambda text: not text.startswith("-"))


def cargo_words() -> st.SearchStrategy[tuple[list[str], tuple[str, str | None]]]:
    """An option of Cargo as it may be written, and what it means."""

    def written(option, value, joined):
        if not option.value:
            return [option.name], (option.name, None)
        if joined and option.name != "-Z":
            return [f"{option.name}={value}"], (option.name, value)
        return [option.name, value], (option.name, value)

    return st.builds(written, st.sampled_from(OPTIONS), VALUE, st.booleans())


def command_words() -> st.SearchStrategy[list[str]]:
    """An option of the command; its value may look like one of Cargo's options."""
    value = st.sampled_from(["--bin", "-p", "7", "-v", "--profile=x"])
    return st.one_of(
        st.just(["--inverted"]),
        st.builds(lambda name, word: [name, word], st.sampled_from(["--rate", "-e", "-o"]), value),
        st.builds(lambda word: [f"--event={word}"], value),
    )


@given(st.lists(st.one_of(cargo_words(), command_words())), st.lists(st.text(max_size=5)))
def test_options_are_told_apart_in_any_order(parts, program):
    words, cargo, command = [], [], []
    for part in parts:
        if isinstance(part, tuple):
            words += part[0]
            cargo.append(part[1])
        else:
            words += part
            command += part
    # An optional value is taken wherever one stands, so nothing that is none may follow.
    found = split([*words, "--", *program], COMMAND)
    assert list(found.cargo) == cargo
    assert list(found.command) == command
    assert list(found.program) == program


@given(st.lists(st.text(alphabet="-=abcFpqvZj", max_size=6)))
def test_any_words_are_split_or_refused(words):
    try:
        found = split(words, COMMAND)
    except WrongUsageError:
        return
    list(as_cargo_takes_it(found.cargo))


@pytest.mark.parametrize(
    ("words", "cargo"),
    [
        (["-qv"], [("--quiet", None), ("--verbose", None)]),
        (["-rq"], [("--release", None), ("--quiet", None)]),
        (["-vv"], [("--verbose", None), ("--verbose", None)]),
        (["-papp"], [("--package", "app")]),
        (["-p=app", "-F", "a,b"], [("--package", "app"), ("--features", "a,b")]),
        (["-qj", "4"], [("--quiet", None), ("--jobs", "4")]),
        (["-Zbuild-std=std"], [("-Z", "build-std=std")]),
        (["--test", "--rate", "9"], [("--test", None)]),
        (["--test", "--", "x"], [("--test", None)]),
        (["--bench", "parse"], [("--bench", "parse")]),
    ],
)
def test_ways_to_write_cargos_options(words, cargo):
    assert list(split(words, COMMAND).cargo) == cargo


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["app"], "unexpected argument 'app'"),
        (["-"], "unexpected argument '-'"),
        (["--bin"], "--bin needs a value"),
        (["--bin", "--"], "--bin needs a value"),
        (["--release=yes"], "--release takes no value"),
        (["-qx"], "no such option: -x"),
        (["--pid", "3"], "no such option: --pid"),
        (["-x"], "no such option: -x"),
        (["--rate"], "--rate needs a value"),
        (["-o", "--", "app"], "-o needs a value"),
    ],
)
def test_words_that_are_refused(words, said):
    with pytest.raises(WrongUsageError, match=said):
        split(words, COMMAND)


# requests


@pytest.mark.parametrize(
    ("words", "mode", "profile", "targets"),
    [
        ([], "run", "release", []),
        (["--example", "a"], "run", "release", ["--example=a"]),
        (["--dev"], "run", "dev", []),
        (["--profile", "x"], "run", "x", []),
        (["--test"], "test", "release", ["--test=*"]),
        (["--lib"], "test", "release", ["--lib"]),
        (["--tests", "--dev"], "test", "dev", ["--tests"]),
        (["--bench", "b"], "bench", "bench", ["--bench=b"]),
        (["--bench", "b", "--release"], "bench", "release", ["--bench=b"]),
        (["--lib", "--benches"], "bench", "bench", ["--lib", "--benches"]),
        (["--write-profile"], "run", "profiling", []),
        (["--write-profile", "--profile=x"], "run", "x", []),
    ],
)
def test_what_is_asked(words, mode, profile, targets):
    request = understand(split(words, {}).cargo)
    assert (request.mode, request.profile) == (mode, profile)
    assert request.words() == [*targets, f"--profile={profile}"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bin", "a", "--test"], "--bin and --test are run by different commands"),
        (["--test", "--bench"], "--test and --bench"),
        (["--lib", "--bin", "a"], "a library is not run"),
        (["--release", "--dev"], "choose one profile"),
        (["--all"], "--all has a meaning for tests"),
    ],
)
def test_what_contradicts_itself(words, said):
    with pytest.raises(WrongUsageError, match=said):
        understand(split(words, {}).cargo)


# settings


def added(manifest: str = "", config: str = "", profile: str = "release", frame_pointers: bool = False, **environment):
    configuration = Configuration(tomllib.loads(config), environment, "x86_64-unknown-linux-gnu")
    return settings(profile, tomllib.loads(manifest), configuration, frame_pointers)


@pytest.mark.parametrize(
    ("manifest", "config", "profile", "environment", "expected"),
    [
        ("", "", "release", {}, ["profile.release.debug=1"]),
        ("", "", "bench", {}, ["profile.bench.debug=1"]),
        ("", "", "dev", {}, []),
        ("", "", "test", {}, []),
        ("profile.dev.debug = 0", "", "test", {}, ["profile.test.debug=1"]),
        ("profile.release.debug = true", "", "release", {}, []),
        ("profile.release.debug = 'full'", "", "bench", {}, []),
        ("profile.release.debug = 1", "", "release", {}, []),
        ("profile.release.debug = 'line-tables-only'", "", "release", {}, ["profile.release.debug=1"]),
        ("profile.release = {debug = 2, strip = true}", "", "release", {}, ['profile.release.strip="none"']),
        ("profile.release = {debug = 2, strip = 'none'}", "", "release", {}, []),
        ("profile.release.debug = 2", "profile.release.debug = 0", "release", {}, ["profile.release.debug=1"]),
        ("", "profile.release.debug = 0", "release", {"CARGO_PROFILE_RELEASE_DEBUG": "2"}, []),
        ("", "", "my-own", {"CARGO_PROFILE_MY_OWN_DEBUG": "true"}, []),
        (
            "profile.slim = {inherits = 'thin', strip = 'symbols'}\nprofile.thin = {inherits = 'release', debug = 1}",
            "",
            "slim",
            {},
            ['profile.slim.strip="none"'],
        ),
        ("profile.a.inherits = 'b'\nprofile.b.inherits = 'a'", "", "a", {}, ["profile.a.debug=1"]),
        (
            "[profile.release]\ndebug = 1\n[profile.release.package]\n"
            "'*' = {debug = 0}\n'd@1.0.0' = {debug = 'none'}\ne = {opt-level = 1}",
            "",
            "bench",
            {},
            ['profile.bench.package."*".debug=1', 'profile.bench.package."d@1.0.0".debug=1'],
        ),
        ("profile = 3", "profile.release = 'x'", "release", {}, ["profile.release.debug=1"]),
    ],
)
def test_only_what_is_missing_is_added(manifest, config, profile, environment, expected):
    assert list(added(manifest, config, profile, **environment).config) == expected


def test_to_a_profile_that_does_not_exist_nothing_is_added():
    assert added("profile.release.debug = 0", profile="nope").config == ()
    assert list(added("profile.mine.inherits = 'release'", profile="mine").config) == ["profile.mine.debug=1"]


ALL = "target.'cfg(all())'.rustflags"
FLAGS = '["-C", "force-frame-pointers=yes"]'


@pytest.mark.parametrize(
    ("config", "environment", "expected", "variables"),
    [
        ("", {}, f"build.rustflags={FLAGS}", {}),
        ("build.rustflags = ['-Cx']", {}, f"build.rustflags={FLAGS}", {}),
        ("build.rustflags = '-Cx'", {}, 'build.rustflags="-Cx -C force-frame-pointers=yes"', {}),
        (
            "[target.'cfg(all())']\nrustflags = '-Cx'",
            {},
            "target.'cfg(all())'.rustflags=\"-Cx -C force-frame-pointers=yes\"",
            {},
        ),
        ("[target.x86_64-unknown-linux-gnu]\nrustflags = '-Cx'", {}, f"{ALL}={FLAGS}", {}),
        ("[target.x86_64-unknown-linux-gnu]\nrustflags = []", {}, f"build.rustflags={FLAGS}", {}),
        ("", {"CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS": "-Cx"}, f"{ALL}={FLAGS}", {}),
        ("", {"RUSTFLAGS": "-Cx"}, None, {"RUSTFLAGS": "-Cx -C force-frame-pointers=yes"}),
        ("", {"RUSTFLAGS": ""}, None, {"RUSTFLAGS": "-C force-frame-pointers=yes"}),
        (
            "",
            {"RUSTFLAGS": "-Cx", "CARGO_ENCODED_RUSTFLAGS": "-C\x1fy z"},
            None,
            {"CARGO_ENCODED_RUSTFLAGS": "-C\x1fy z\x1f-C\x1fforce-frame-pointers=yes"},
        ),
    ],
)
def test_frame_pointers_stand_where_the_flags_in_force_are(config, environment, expected, variables):
    found = added("profile.release.debug = 1", config, frame_pointers=True, **environment)
    assert list(found.config) == ([expected] if expected else [])
    assert found.environment == variables
    assert found.said() == "-C force-frame-pointers=yes"


# configuration


def test_the_triple_that_is_built_for():
    assert Configuration({"build": {"target": ["a", "b"]}}, {}).target == "a"
    assert Configuration({"build": {"target": "a"}}, {"CARGO_BUILD_TARGET": "b"}).target == "b"
    assert Configuration({}, {"CARGO_BUILD_TARGET": "b"}, "folder/board.json").target == "board"


def test_a_runner_is_found_where_cargo_finds_it(tmp_path, monkeypatch):
    (tmp_path / ".cargo").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run").touch()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    targets = {"t": {"runner": "scripts/run -x"}}
    assert runner(Configuration({"target": targets}, {}, "t")) == [str(tmp_path / "scripts" / "run"), "-x"]
    assert runner(Configuration({"target": targets}, {"CARGO_TARGET_T_RUNNER": "sudo -E"}, "t")) == ["sudo", "-E"]
    assert runner(Configuration({"target": {"u": targets["t"]}}, {}, "t")) == []


KNOWN = known_of('debug_assertions\nunix\ntarget_os="linux"\ntarget_feature="sse"\ntarget_feature="sse2"\n')


@pytest.mark.parametrize(
    ("key", "held"),
    [
        ("cfg(unix)", True),
        ("cfg(windows)", False),
        (' cfg ( all ( unix , target_feature = "sse2", ) ) ', True),
        ('cfg(any(windows, target_os = "macos"))', False),
        ("cfg(not(any(windows)))", True),
        ("cfg(true)", True),
        ("cfg(false)", False),
        ("cfg()", False),
        ("cfg(unix windows)", False),
        ("cfg(not(unix, unix))", False),
        ("cfg(some(unix))", False),
        ("cfg(target_os = linux)", False),
        ("x86_64-unknown-linux-gnu", False),
        ("cfg(" + "not(" * 5000 + ")" * 5001, False),
    ],
)
def test_conditions(key, held):
    assert holds(key, KNOWN) is held


@given(st.text('cfg(anlot,)= "xué', max_size=30))
def test_any_condition_holds_or_not(text):
    assert holds(f"cfg({text})", KNOWN) in (True, False)


# Cargo.toml


MANIFEST = """\
# The app.
[package]
name    = "app"   # aligned
version = "0.1.0"

[dependencies]   # none
"""


@pytest.mark.parametrize(
    "text",
    [
        MANIFEST,
        MANIFEST.replace("\n", "\r\n"),
        "\ufeff" + MANIFEST,
        MANIFEST.rstrip(),
        MANIFEST + "[profile.release]\nlto = true # fast\n\n[features]\na = []\n",
        MANIFEST + "[profile.release]\nlto = true\n\n[features]\na = []\n\n[profile.dev]\ndebug = 1\n\n[badges]\n",
        MANIFEST + "[profile]\nrelease.lto = true\n",
        "profile.release.lto = true\n" + MANIFEST,
        "profile = { release = { lto = true } }\n" + MANIFEST,
        "",
    ],
)
def test_a_profile_is_added_and_nothing_else_is_touched(text):
    changed = with_profile(text)
    assert changed is not None
    before, after = (tomllib.loads(each.removeprefix("\ufeff")) for each in (text, changed))
    assert after["profile"].pop("profiling") == SECTION
    assert {key: value for key, value in after.items() if key != "profile" or value} == before
    assert changed.startswith("\ufeff") == text.startswith("\ufeff")
    assert ("\r\n" in text) == ("\r\n" in changed)
    if "\r\n" in text:
        assert "\n" not in changed.replace("\r\n", "")
    if "profile = {" not in text:
        rest = iter(changed.splitlines())
        assert all(line in rest for line in text.splitlines()), "every line is still there, in the same order"
    assert with_profile(changed) is None


@given(
    st.lists(
        st.sampled_from(
            ["[profile.release]\nlto = true", "[features]\na = []", "# note", "[profile.dev]", "[[bin]]\nname = 'b'"]
        ),
        unique=True,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_order_of_sections_stays(sections, end):
    text = ("\n" + "\n\n".join(sections) + "\n").replace("\n", end)
    changed = with_profile(text)
    assert changed is not None
    rest = iter(changed.split(end))
    assert all(line in rest for line in text.split(end) if line.strip())


def test_a_cargo_toml_that_nothing_can_be_added_to():
    with pytest.raises(FileAccessError) as caught:
        with_profile("profile = 3\n")
    assert "[profile.profiling]" in caught.value.cure
