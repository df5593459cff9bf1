"""The profile's shares are the program's own: it prints what each function has really spent."""

from pathlib import Path

import pytest

import programs
from answers import Answer, binomial_interval, read_answer
from installed import Run
from recordings import Recorded

#: High, so that four seconds give even the smallest share a thousand samples.
RATE = 4_999

BUILDS = ["plain", "abort", "fat", "c"]

#: How many recordings are looked at before one is taken as it comes, and the share of the time that may be without
#: samples in these. A virtual machine that stands still for 20 ms takes a hundred samples out of one function, while
#: the clock by which the program measures goes on; else less than half of this is missing, on a busy machine too.
ATTEMPTS = 3
STANDSTILL = 0.01

pytestmark = pytest.mark.alone


@pytest.fixture(params=BUILDS, scope="module")
def known(
    request: pytest.FixtureRequest, run_pyrometer: Run, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Recorded, Answer]:
    """The recording of ``known_shares`` in one build, and what the program itself says.

    It is made again when the machine stood still; the last one counts whatever is missing in it.
    """
    program = programs.c("known_shares") if request.param == "c" else programs.rust("known_shares", request.param)
    recordings = (_recording_of(program, run_pyrometer, tmp_path_factory) for _ in range(ATTEMPTS))
    return next(filter(_is_whole, recordings), None) or _recording_of(program, run_pyrometer, tmp_path_factory)


def _recording_of(program: Path, run: Run, folders: pytest.TempPathFactory) -> tuple[Recorded, Answer]:
    path = folders.mktemp("recording") / f"{program.name}.pyro"
    done = run("record", "--rate", RATE, "-o", path, "--", program, "4")
    return Recorded(path, done.returncode, done.stdout, done.stderr), read_answer(done.stdout)


def _is_whole(known: tuple[Recorded, Answer]) -> bool:
    recording, answer = known
    return recording.count() >= (1 - STANDSTILL) * answer.whole_ns * RATE / 1e9


def assert_share(seen: int, of: int, share: float, what: str) -> None:
    """``seen`` of ``of`` samples lie inside the 99 % binomial interval of the true ``share``."""
    low, high = binomial_interval(share, of)
    assert low <= seen <= high, f"{what}: {seen} of {of} samples, expected {low:.0f} to {high:.0f}"


def test_self_shares(known: tuple[Recorded, Answer]):
    recording, answer = known
    counts = recording.self_counts()
    named = sum(counts[name] for name in answer.self_ns)
    for name in answer.self_ns:
        assert_share(counts[name], named, answer.self_share(name), name)


def test_total_shares(known: tuple[Recorded, Answer]):
    recording, answer = known
    counts = recording.total_counts()
    # No function of `self_ns` is called by another one, so their totals do not overlap.
    named = sum(counts[name] for name in answer.self_ns)
    for name in answer.total_ns:
        assert_share(counts[name], named, answer.total_share(name), name)


def test_nearly_all_samples_are_in_the_named_functions(known: tuple[Recorded, Answer]):
    recording, answer = known
    counts = recording.total_counts()
    assert sum(counts[name] for name in answer.self_ns) >= 0.98 * recording.count()


def test_the_time_of_all_samples_is_the_time_that_was_spent(known: tuple[Recorded, Answer]):
    recording, answer = known
    sampled_ns = sum(seen.value for seen in recording.observations)
    assert sampled_ns == pytest.approx(answer.whole_ns, rel=0.03)


def test_the_inlined_function_stands_in_both_callers(known: tuple[Recorded, Answer]):
    recording, answer = known
    below: dict[str, int] = {}
    for seen in recording.observations:
        for caller, callee in zip(seen.stack, seen.stack[1:], strict=False):
            if callee.short_name == "inlined_kernel":
                assert callee.inlined
                assert not caller.inlined
                below[caller.short_name] = below.get(caller.short_name, 0) + seen.count
    assert set(below) == {"caller_one", "caller_two"}
    share = answer.total_ns["caller_one"] / answer.total_ns["inlined_kernel"]
    assert_share(below["caller_one"], sum(below.values()), share, "caller_one of inlined_kernel")


def test_recursion_is_seen_at_every_level(known: tuple[Recorded, Answer]):
    recording, _ = known
    levels = {
        sum(frame.short_name == "recurse" for frame in seen.stack)
        for seen in recording.observations
        if seen.stack[-1].short_name == "recurse"
    }
    assert levels == set(range(1, 21))


def test_threads_have_their_names_and_shares(known: tuple[Recorded, Answer]):
    recording, answer = known
    left = recording.count(lambda seen: (seen.thread, seen.stack[-1].short_name) == ("left", "left_work"))
    right = recording.count(lambda seen: (seen.thread, seen.stack[-1].short_name) == ("right", "right_work"))
    share = answer.thread_ns["left"] / (answer.thread_ns["left"] + answer.thread_ns["right"])
    assert_share(left, left + right, share, "left")


def test_the_child_is_a_process_of_its_own(known: tuple[Recorded, Answer]):
    recording, _ = known
    pids = {
        function: {seen.pid for seen in recording.observations if seen.stack[-1].short_name == function}
        for function in ("alpha", "child_work")
    }
    assert len(pids["alpha"]) == len(pids["child_work"]) == 1
    assert pids["alpha"] != pids["child_work"]


def test_the_views_say_what_the_tables_say(known: tuple[Recorded, Answer]):
    recording, answer = known
    top = recording.profile.top(n=1000)
    counts = recording.self_counts()
    for name in answer.self_ns:
        rows = [row for row in top.rows if row.place.name.rsplit("::", maxsplit=1)[-1] == name]
        assert sum(row.self.count for row in rows) == counts[name]
