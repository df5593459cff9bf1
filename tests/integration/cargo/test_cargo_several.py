"""`cargo pyrometer` with several test binaries: it asks which, or takes all."""

import signal
from pathlib import Path

import pexpect
import pytest

import pyrometer
from cargo_projects import BURN, CARGO_FAILED, MAIN, Make, ask, call, profiles


@pytest.fixture
def testing(make: Make) -> Path:
    """A library with unit tests and two integration tests, of which the second always fails."""
    works = "#[test] fn works() { assert!(app::burn(30_000_000) % 2 < 2); }"
    fails = "#[test] fn fails() { assert!(app::burn(30_000_000) % 2 > 2); }"
    return make(
        {
            "src/lib.rs": BURN + "#[test] fn unit() { assert!(burn(30_000_000) % 2 < 2); }",
            "tests/first.rs": works,
            "tests/second.rs": fails,
        }
    )


def test_without_a_terminal_all_tests_run_and_the_first_failure_counts(testing: Path):
    done = call(testing, "record", "--tests", "--no-summary")
    assert done.returncode == CARGO_FAILED, "the harness's own status"
    assert done.stdout.count("running 1 test") == 3
    assert profiles(testing) == ["app.pyro", "first.pyro", "second.pyro"]
    for path in testing.glob("*.pyro"):
        assert "burn" in {row.place.name.rsplit("::")[-1] for row in pyrometer.load(path).top().rows}


def test_one_of_several_tests_by_name_by_pattern_and_the_librarys(testing: Path):
    assert call(testing, "record", "--test", "first", "--no-summary", "-o", "own.pyro").returncode == 0
    assert call(testing, "record", "--test", "f*", "--no-summary").returncode == 0
    assert call(testing, "record", "--lib", "--no-summary", "--", "unit").returncode == 0
    assert profiles(testing) == ["app.pyro", "first.pyro", "own.pyro"]


def test_one_output_for_several_programs_is_refused(testing: Path):
    done = call(testing, "record", "--test", "-o", "one.pyro")
    assert done.returncode == 2
    assert "-o names one file" in done.stderr
    assert profiles(testing) == []


def test_each_of_several_has_its_own_flame_graph(testing: Path):
    call(testing, "flamegraph", "--test")
    assert sorted(path.name for path in testing.glob("*.svg")) == ["first.svg", "second.svg"]


def test_nothing_to_test(make: Make):
    root = make({"src/main.rs": MAIN}, extra='[[bin]]\nname = "app"\npath = "src/main.rs"\ntest = false\n')
    done = call(root, "record", "--tests")
    assert done.returncode == 111
    assert "nothing was built to test" in done.stderr
    assert call(root, "record", "--test", "none").returncode == CARGO_FAILED


@pytest.mark.parametrize(("answer", "recorded"), [("2", 1), ("0", 3)])
def test_on_a_terminal_one_is_asked_which(answer: str, recorded: int, testing: Path):
    child = ask(testing, "record", "--tests", "--no-summary")
    child.expect("unit tests of library app")
    child.expect("test (first|second)")
    child.expect("Which one")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert len(profiles(testing)) == recorded


def test_all_asks_nobody(testing: Path):
    child = ask(testing, "record", "--tests", "--all", "--no-summary")
    assert child.expect(["Which one", pexpect.EOF]) == 1
    child.close()
    assert len(profiles(testing)) == 3


def test_ctrl_c_ends_the_one_that_runs_and_the_rest(make: Make):
    hang = '#[test] fn hangs() { eprintln!("hanging"); loop { std::hint::spin_loop() } }'
    root = make({"src/lib.rs": "", "tests/a.rs": hang, "tests/b.rs": hang})
    child = ask(root, "record", "--test", "--all", "--no-summary", "--", "--nocapture")
    child.expect("hanging")
    child.sendintr()
    assert child.expect(["hanging", pexpect.EOF]) == 1
    child.close()
    assert child.signalstatus == signal.SIGINT or child.exitstatus == 128 + signal.SIGINT
    [only] = root.glob("*.pyro")
    assert pyrometer.load(only).meta.complete
