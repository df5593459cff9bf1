"""Programs that are known to be hard: recursion, plugins, generated code, signal handlers, forks, late threads."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import programs
import pyrometer
from answers import read_answer
from installed import PYROMETER, Record, Run
from recordings import Observation, Recorded, reaches_the_start, rows

# What lies behind the copy of a stack is read soon after the sample, or later than it should where all is busy.
pytestmark = pytest.mark.alone


def names(recording: Recorded, leaf: str) -> list[tuple[str, ...]]:
    """The user stacks whose leaf is ``leaf``, as short names from root to leaf."""
    stacks = [seen.user_stack for seen in recording.observations if seen.user_stack]
    return [tuple(frame.short_name for frame in stack) for stack in stacks if stack[-1].short_name == leaf]


def assert_has_nearly_all(recording: Recorded, leaf: str, *callers: str) -> None:
    """At least 99 % of the samples in ``leaf`` have all ``callers`` on their stack, in this order from the root."""
    seen = [each for each in recording.observations if each.user_stack and each.user_stack[-1].short_name == leaf]
    total = sum(each.count for each in seen)
    good = sum(each.count for each in seen if _in_order(short_names(each), callers))
    assert total > 100
    assert good >= 0.99 * total, f"{good} of {total}; for instance {names(recording, leaf)[0]}"


def _in_order(stack: list[str], wanted: tuple[str, ...]) -> bool:
    rest = iter(stack)
    return all(name in rest for name in wanted)


#: Bytes of stack that one level of ``deep_recursion`` takes.
FRAME = {"small": 130, "large": 4_200}


@pytest.mark.parametrize(
    ("depth", "size"), [(100, "small"), (900, "small"), (5, "large"), (14, "large"), (200, "large")]
)
def test_a_recursion_is_whole_if_the_stack_fits_into_the_copy_and_else_marked(depth: int, size: str, recorded: Record):
    recording = recorded(programs.rust("deep_recursion"), str(depth), size, "1")
    meta = recording.profile.meta
    whole = recording.count(reaches_the_start)
    assert whole + meta.quality.truncated >= 0.99 * recording.count()
    if depth * FRAME[size] + 4_096 < meta.recorder.stack_copy:
        assert whole >= 0.99 * recording.count()
        assert_has_nearly_all(recording, "burn_at_the_bottom", *["descend"] * depth)


def test_a_recursion_that_is_too_deep_keeps_root_and_leaf_and_says_what_is_left_out(recorded: Record):
    recording = recorded(programs.rust("deep_recursion"), "20000", "small", "1")
    at_the_bottom = [seen for seen in recording.observations if "burn_at_the_bottom" in short_names(seen)]
    samples = sum(seen.count for seen in at_the_bottom)
    assert samples >= 0.95 * recording.count()
    assert sum(seen.count for seen in at_the_bottom if reaches_the_start(seen)) >= 0.95 * samples
    assert min(len(seen.user_stack) for seen in at_the_bottom if reaches_the_start(seen)) >= 1_024
    quality = recording.profile.meta.quality
    assert quality.elided >= 0.95 * samples
    assert quality.elided_frames >= 0.95 * samples * 15_000


def test_a_thread_that_ends_takes_its_stack_with_it_but_no_callers(recorded: Record):
    recording = recorded(programs.rust("deep_recursion"), "20000", "small", "0.3", "0.3")
    at_the_bottom = [seen for seen in recording.observations if "burn_at_the_bottom" in short_names(seen)]
    samples = sum(seen.count for seen in at_the_bottom)
    assert samples >= 0.9 * recording.count()
    assert sum(seen.count for seen in at_the_bottom if reaches_the_start(seen)) >= 0.97 * samples


def short_names(seen: Observation) -> list[str]:
    """The functions of a user stack, from the root to the leaf."""
    return [frame.short_name for frame in seen.user_stack]


#: A program without a C library; see ``examples/c/bare.c``.
BARE = ("-O2", "-g", "-nostdlib", "-static", "-fno-toplevel-reorder")


def test_code_right_behind_the_entry_has_its_callers(recorded: Record):
    recording = recorded(programs.c("bare", BARE))
    assert_has_nearly_all(recording, "hot", "_start", "outer", "inner")
    assert recording.profile.meta.quality.truncated == 0


def test_a_chain_of_frame_pointers_ends_where_the_frame_pointer_is_zero(recorded: Record):
    bare = (*BARE, "-DPADDING=100", "-fno-asynchronous-unwind-tables", "-fno-omit-frame-pointer")
    recording = recorded(programs.c("bare", bare))
    assert_has_nearly_all(recording, "hot", "_start", "outer", "inner")
    assert recording.profile.meta.quality.truncated <= 0.02 * recording.count(), "prologues have no frame yet"


def test_a_library_that_is_loaded_later(recorded: Record):
    recording = recorded(programs.c("dlopen_plugin"), str(programs.plugin()), "1")
    assert_has_nearly_all(recording, "plugin_work", "main")
    assert_has_nearly_all(recording, "host_work", "main")


def test_a_library_that_is_deleted_while_it_runs(run_pyrometer: Run, tmp_path: Path):
    plugin, path = tmp_path / "plugin.so", tmp_path / "a.pyro"
    shutil.copy(programs.plugin(), plugin)
    done = run_pyrometer("record", "-o", path, "--", programs.c("dlopen_plugin"), plugin, "1", "--delete")
    assert not plugin.exists()
    assert_has_nearly_all(Recorded(path, done.returncode, done.stdout, done.stderr), "plugin_work", "main")


#: Executes a program that is in no file, as runc does.
FROM_MEMORY = """import os, sys
memory = os.memfd_create("program")
with open(sys.argv[1], "rb") as file:
    os.write(memory, file.read())
os.execve(memory, ["program", *sys.argv[2:]], os.environ)"""


def test_a_program_that_was_never_on_a_disk(run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "a.pyro"
    command = [sys.executable, "-c", FROM_MEMORY, programs.c("dlopen_plugin"), programs.plugin(), "1"]
    done = run_pyrometer("record", "-o", path, "--", *command)
    recording = Recorded(path, done.returncode, done.stdout, done.stderr)
    assert_has_nearly_all(recording, "host_work", "main")
    assert "/memfd:program" in {row["path"] for row in rows(recording.profile.binaries)}


def test_a_program_that_another_one_is_written_over(run_pyrometer: Run, tmp_path: Path):
    path, program = tmp_path / "a.pyro", tmp_path / "program"
    first, second = programs.c("signals"), programs.c("forks")
    script = 'cp "$1" "$3" && "$3" handler 0.5 && cp "$2" "$3" && "$3" fork 0.5'
    done = run_pyrometer("record", "-o", path, "--", "sh", "-c", script, "sh", first, second, program)
    recording = Recorded(path, done.returncode, done.stdout, done.stderr)
    assert_has_nearly_all(recording, "parent_work", "main")
    builds = [row for row in rows(recording.profile.binaries) if row["path"] == str(program)]
    assert len({row["build_id"] for row in builds}) == 2
    assert sum("was rebuilt or replaced" in (row["missing"] or "") for row in builds) == 1
    unnamed = recording.count(lambda seen: seen.stack[-1].name.startswith("program+0x"))
    assert unnamed > 300, "the samples of the first one are there, and have no names of the second"


def test_a_child_that_is_gone_before_it_can_be_asked_has_not_its_parents_arguments(recorded: Record):
    recording = recorded(Path("/bin/sh"), "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do true; /bin/true $i; done")
    children = [row for row in rows(recording.profile.processes) if row["name"] == "true"]
    assert len(children) == 10
    assert {row["command_line"].split(" ")[0] for row in children} <= {"", "/bin/true"}


def test_the_same_process_twice_is_recorded_once(tmp_path: Path):
    path = tmp_path / "a.pyro"
    with subprocess.Popen([programs.c("exits"), "hang"], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            with attached(program, path, "-p", str(program.pid), "--duration", "1") as recorder:
                recorder.communicate(timeout=30)
        finally:
            program.kill()
    meta = pyrometer.load(path).meta
    assert meta.attached == [program.pid]
    assert meta.quality.samples <= 1_100


def test_the_cpu_time_of_an_attached_process_is_that_of_its_children_too(tmp_path: Path):
    path = tmp_path / "a.pyro"
    busy = [str(programs.c("exits")), "code", "0"]
    script = f"while :; do {' '.join(busy)}; done"
    with subprocess.Popen(["sh", "-c", script], text=True) as program:
        try:
            with attached(program, path, "--duration", "2") as recorder:
                recorder.communicate(timeout=30)
        finally:
            program.kill()
    profile = pyrometer.load(path)
    sampled = sum(seen.value for seen in Recorded(path, 0, "", "").observations)
    assert profile.meta.cpu_time is not None
    assert sampled == pytest.approx(profile.meta.cpu_time, rel=0.2)
    [metric] = rows(profile.metrics)
    assert metric["time_running"] <= metric["time_enabled"]


@pytest.mark.parametrize("announced_by", ["map", "dump"])
def test_generated_code(announced_by: str, run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "a.pyro"
    done = run_pyrometer("record", "-o", path, "--", programs.c("jit"), announced_by, "1", cwd=tmp_path)
    recording = Recorded(path, done.returncode, done.stdout, done.stderr)
    pid = recording.observations[0].pid
    Path(f"/tmp/perf-{pid}.map").unlink(missing_ok=True)
    assert_has_nearly_all(recording, "jitted_loop", "main", "call_jitted")
    kinds = {seen.stack[-1].kind for seen in recording.observations if seen.stack[-1].short_name == "jitted_loop"}
    assert kinds == {"jit"}


@pytest.mark.parametrize("way", ["handler", "altstack"])
def test_a_signal_handler_stands_on_what_it_interrupted(way: str, recorded: Record):
    assert_has_nearly_all(
        recorded(programs.c("signals"), way, "1"), "handler_work", "main", "interrupted_work", "on_signal"
    )


def test_a_child_of_vfork(recorded: Record):
    assert_has_nearly_all(recorded(programs.c("signals"), "vfork", "0.5"), "vfork_work", "main")


def test_a_child_of_posix_spawn(recorded: Record):
    assert_has_nearly_all(recorded(programs.c("signals"), "spawn", "0.5"), "spawned_work", "main")


@pytest.mark.parametrize(("way", "child"), [("fork", "forked_work"), ("exec", "executed_work")])
def test_a_forked_child_has_its_own_stacks(way: str, child: str, recorded: Record):
    recording = recorded(programs.c("forks"), way, "0.5")
    assert_has_nearly_all(recording, "parent_work", "main")
    assert_has_nearly_all(recording, child, "main")
    pids = {
        leaf: {seen.pid for seen in recording.observations if seen.stack[-1].short_name == leaf}
        for leaf in ("parent_work", child)
    }
    assert pids["parent_work"].isdisjoint(pids[child])


def test_many_short_lived_children_and_threads(recorded: Record):
    recording = recorded(programs.c("forks"), "many", "100", rate=4_999)
    for leaf in ("brief_process_work", "brief_thread_work"):
        seen = [each for each in recording.observations if each.stack[-1].short_name == leaf]
        assert len({each.pid for each in seen}) >= 95
    assert recording.count(reaches_the_start) >= 0.99 * recording.count()


@contextlib.contextmanager
def attached(program: subprocess.Popen[str], path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A recorder attached to a running program."""
    command = [str(PYROMETER), "record", "-p", str(program.pid), "-o", str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as recorder:
        _wait_for(path.with_name(path.name + ".recording"))
        yield recorder


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} does not appear"
        time.sleep(0.02)
    time.sleep(0.3)


def test_threads_born_after_the_attachment_are_seen(tmp_path: Path):
    path = tmp_path / "a.pyro"
    command = [programs.rust("spawn_threads"), "6", "0.2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        with attached(program, path) as recorder:
            output, _ = program.communicate("go\n", timeout=30)
            _, errors = recorder.communicate(timeout=30)
    recording = Recorded(path, recorder.returncode, output, errors)
    answer = read_answer(output)
    assert {seen.thread for seen in recording.observations if seen.stack[-1].short_name == "late_work"} == {
        f"late-{number}" for number in range(6)
    }
    sampled_ns = sum(seen.value for seen in recording.observations)
    assert sampled_ns == pytest.approx(answer.whole_ns, rel=0.1)


def test_an_attached_program_is_never_stopped_and_outlives_the_recording(tmp_path: Path):
    path = tmp_path / "a.pyro"
    with subprocess.Popen([programs.c("exits"), "hang"], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            with attached(program, path, "--duration", "1") as recorder:
                state = Path(f"/proc/{program.pid}/status").read_text()
                assert "T (stopped)" not in state
                recorder.communicate(timeout=30)
            assert program.poll() is None
        finally:
            program.kill()
    recording = Recorded(path, recorder.returncode, "", "")
    assert recording.status == 0
    # How much CPU the program got in that second is the machine's affair.
    assert 1e9 <= recording.profile.meta.duration < 2e9
    assert 100 < recording.count() <= 1_100
    assert_has_nearly_all(recording, "moment", "main")


@pytest.mark.parametrize(("way", "leaves"), [("plt", {"plt_work", "labs", "labs@plt"}), ("vdso", {"clock_gettime"})])
def test_the_code_between_a_program_and_its_libraries(way: str, leaves: set[str], recorded: Record):
    recording = recorded(programs.c("calls", (*programs.C_FLAGS, "-fno-builtin")), way, "1")
    user = recording.count(lambda seen: not seen.in_kernel)
    assert recording.count(lambda seen: seen.stack[-1].short_name in leaves) >= 0.9 * user
    for leaf in leaves & set(recording.self_counts()):
        work = "main" if leaf == f"{way}_work" else f"{way}_work"
        assert {work} <= set.intersection(*map(set, names(recording, leaf)))
    assert recording.count(reaches_the_start) >= 0.995 * recording.count()
