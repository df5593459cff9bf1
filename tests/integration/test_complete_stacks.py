"""Stacks reach the program's or the thread's start, however the program was built and linked."""

import pytest

import programs
from installed import Record
from recordings import Recorded, reaches_the_start

#: Of all samples.
COMPLETE = 0.995


def assert_complete(recording: Recorded) -> None:
    whole = recording.count(reaches_the_start)
    total = recording.count()
    broken = [seen for seen in recording.observations if not reaches_the_start(seen)]
    example = [f"{frame.name} ({frame.binary})" for frame in broken[0].stack] if broken else []
    assert total > 1_000
    assert whole >= COMPLETE * total, f"{whole} of {total} stacks are complete; one that is not: {example}"


@pytest.mark.parametrize("how", programs.RUST_BUILDS)
def test_a_rust_program(how: str, recorded: Record, build):
    program = build(programs.rust, "known_shares", how)
    rate = 4_999 if how in {"plain", "abort", "fat"} else 999
    assert_complete(recorded(program, "4", rate=rate))


def test_a_c_program_without_frame_pointers(recorded: Record):
    assert_complete(recorded(programs.c("known_shares"), "4", rate=4_999))


def test_a_program_that_allocates_much(recorded: Record):
    assert_complete(recorded(programs.rust("allocator"), "120"))


def test_ripgrep(ripgrep_recording: Recorded):
    assert_complete(ripgrep_recording)


@pytest.fixture(scope="module")
def ripgrep_recording(recorded: Record) -> Recorded:
    """Ripgrep counting words in the crates that cargo has downloaded."""
    recording = recorded(programs.ripgrep(), "-uuu", "--count-matches", r"\w+", str(programs.crate_sources()))
    assert recording.status == 0
    return recording


def test_ripgrep_is_symbolized_with_inlined_functions(ripgrep_recording: Recorded):
    user = [seen for seen in ripgrep_recording.observations if seen.user_stack]
    named = sum(seen.count for seen in user if "+0x" not in seen.user_stack[-1].name)
    inlined = sum(seen.count for seen in user if any(frame.inlined for frame in seen.stack))
    total = sum(seen.count for seen in user)
    assert named >= 0.98 * total
    assert inlined >= 0.5 * total
