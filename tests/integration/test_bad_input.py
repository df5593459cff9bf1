"""Whatever is wrong, the user reads a few clear lines and gets an exit code; nothing is lost, nothing is invented."""

import json
import os
import random
import re
import shlex
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import programs
import pyrometer
from installed import PYROMETER, Record, Run
from recordings import Recorded

NOBODY = 65534


def assert_clear(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The command ended with ``code`` and an error in words, without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert 1 <= len(done.stderr.strip().splitlines()) <= 6, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def small(recorded: Record) -> Recorded:
    """A small recording."""
    return recorded(programs.c("exits"), "code", "0")


def test_a_program_that_is_not_there(run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", "no-such-program")
    assert_clear(done, 127, "no-such-program")
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_executable(run_pyrometer: Run, tmp_path: Path):
    text = tmp_path / "text"
    text.write_text("not a program")
    assert_clear(run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", text), 126, str(text), "chmod")


def test_a_file_of_no_executable_format(run_pyrometer: Run, tmp_path: Path):
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELF" + bytes(100))
    garbage.chmod(0o755)
    assert_clear(run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", garbage), 126, str(garbage))


def test_an_interpreter_that_is_not_there(run_pyrometer: Run, tmp_path: Path):
    script = tmp_path / "script"
    script.write_text("#!/nowhere/interpreter\n")
    script.chmod(0o755)
    done = run_pyrometer("record", "-o", tmp_path / "a.pyro", "--", script)
    assert_clear(done, 126, "its interpreter /nowhere/interpreter does not exist")


def test_a_thread_instead_of_its_process(run_pyrometer: Run, tmp_path: Path):
    with subprocess.Popen([programs.rust("spawn_threads"), "1", "20"], stdin=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
            tid = _second_thread(program.pid)
            done = run_pyrometer("record", "-p", tid, "--duration", 1, "-o", tmp_path / "a.pyro")
        finally:
            program.kill()
    assert_clear(done, 90, f"-p {program.pid}", f"--thread {tid}")


def _second_thread(pid: int) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        tids = {int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()} - {pid}
        if tids:
            return tids.pop()
        time.sleep(0.01)
    raise AssertionError("the program starts no thread")


def test_a_process_that_is_gone(run_pyrometer: Run, tmp_path: Path):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert_clear(run_pyrometer("record", "-p", gone.pid, "-o", tmp_path / "a.pyro"), 90, str(gone.pid))


def can_run_as_nobody() -> bool:
    """Whether another user can start the installed command."""
    if os.geteuid() != 0:
        return False
    command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", str(PYROMETER), "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_run_as_nobody(), reason="needs root, and an installation that other users can read")
def test_a_process_of_somebody_else(open_folder: Path):
    assert_clear(run_as_nobody("record", "-p", "1", "-o", str(open_folder / "a.pyro")), 91)


@pytest.mark.skipif(not can_run_as_nobody(), reason="needs root, and an installation that other users can read")
def test_a_folder_that_is_closed_to_us(open_folder: Path):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    assert_clear(run_as_nobody("record", "-o", str(closed / "a.pyro"), "--", "true"), 98, str(closed))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can write to; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def run_as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command as a user without rights."""
    command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", str(PYROMETER), *arguments]
    environment = os.environ | {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(("error", "code"), [("EPERM", 92), ("ENOSYS", 93)])
def test_a_sandbox_without_perf_events(error: str, code: int, tmp_path: Path):
    command = [programs.c("no_perf_events"), error, PYROMETER, "record", "-o", tmp_path / "a.pyro", "--", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert_clear(done, code, "perf_event_open" if error == "EPERM" else "perf")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_event(run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-e", "no-such-event", "-o", tmp_path / "a.pyro", "--", "true")
    assert_clear(done, 94, "no-such-event")


@pytest.mark.parametrize("rate", [0, -1, 10_000_000])
def test_an_impossible_rate(rate: int, run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", f"--rate={rate}", "-o", tmp_path / "a.pyro", "--", "true")
    assert_clear(done, 96)


@pytest.mark.parametrize("option", ["--duration", "--delay"])
@pytest.mark.parametrize("seconds", ["nan", "inf", "-1"])
def test_an_impossible_length_of_time(option: str, seconds: str, run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", f"{option}={seconds}", "-o", tmp_path / "a.pyro", "--", "true")
    assert_clear(done, 2, option)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"command": "true"}, TypeError),
        ({"command": []}, ValueError),
        ({"command": ["true"], "pids": [1]}, ValueError),
        ({"command": ["true"], "duration": float("nan")}, ValueError),
        ({"command": ["true"], "delay": -1.0}, ValueError),
    ],
)
def test_python_says_what_it_cannot_record(arguments: dict, error: type[Exception], tmp_path: Path):
    with pytest.raises(error):
        pyrometer.record(**arguments, output=tmp_path / "a.pyro")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_neither_written_over_nor_waited_for(run_pyrometer: Run, tmp_path: Path):
    pipe = tmp_path / "pipe.pyro"
    os.mkfifo(pipe)
    assert_clear(run_pyrometer("record", "-o", pipe, "--", "true"), 98, "a device or a pipe")
    # Which is a pipe here, by a link that leads nowhere.
    assert_clear(run_pyrometer("stat", "-o", "/dev/stdout", "--", "true"), 98, "a device or a pipe")
    assert pipe.is_fifo()
    assert_clear(run_pyrometer("show", "/dev/null"), 82, "a device or a pipe")


def test_a_recording_that_cannot_be_begun_promises_nothing(run_pyrometer: Run):
    done = run_pyrometer("record", "-o", "/proc/a.pyro", "--", "true")
    assert_clear(done, 85, "/proc/a.pyro.recording")
    assert "until then" not in done.stderr


def test_a_place_that_nothing_can_be_written_to_is_told_before_the_work(run_pyrometer: Run, tmp_path: Path):
    folded = tmp_path / "a.folded"
    folded.write_text("main;work 5\n")
    for place, words in [
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "no" / "a", f"the folder {tmp_path / 'no'} does not exist"),
    ]:
        for command in (
            ["import", folded, "-o", place],
            ["export", folded, "--to", "speedscope", "-o", place],
            ["flamegraph", folded, "-o", place],
            ["report", folded, "-o", place],
            ["counts", "-o", place, folded],
            ["stat", "-o", place, "--", "true"],
            ["record", "-o", place, "--", "true"],
        ):
            assert_clear(run_pyrometer(*command), 98, words)
    assert_clear(run_pyrometer("import", folded, "-o", tmp_path), 98, "is a folder")
    done = run_pyrometer("record", "-o", tmp_path / f"{'x' * 245}.pyro", "--", "true")
    assert_clear(done, 98, "File name too long")
    assert list(tmp_path.iterdir()) == [folded]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
@pytest.mark.parametrize(
    ("mounted", "status", "words"),
    [("size=64k", 86, "No space left on device"), ("size=64k,ro", 98, "its file system is mounted read-only")],
)
def test_every_command_says_why_a_file_system_takes_nothing(
    mounted: str, status: int, words: str, run_pyrometer: Run, tmp_path: Path
):
    stacks = tmp_path / "a.folded"
    stacks.write_text("".join(f"main;f{number * number * 7919 % 100_003};g{number} 1\n" for number in range(9000)))
    profile = tmp_path / "a.pyro"
    run_pyrometer("import", stacks, "-o", profile)
    folder = tmp_path / "small"
    folder.mkdir()
    commands = [
        ["import", stacks, "-o", "a.pyro"],
        ["export", profile, "--to", "speedscope", "-o", "a"],
        ["export", profile, "--to", "parquet", "-o", "folder"],
        ["flamegraph", profile, "-o", "a.svg"],
        ["report", profile, "-o", "a.html"],
        ["counts", "--top", "1", "-o", "c.pyro", stacks],
    ]
    called = "; ".join(f"{shlex.join([str(PYROMETER), *map(str, each)])} 2>&1; echo $?" for each in commands)
    script = f"mount -t tmpfs -o {mounted} tmpfs {folder} && cd {folder} && {called}; ls -A"
    done = subprocess.run(["unshare", "--mount", "bash", "-c", script], capture_output=True, text=True, check=False)
    statuses = [line for line in done.stdout.splitlines() if line.isdigit()]
    assert statuses == [str(status)] * len(commands), done.stdout
    assert done.stdout.count(words) == len(commands), done.stdout
    assert "permissions" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith(("try: ", str(status))), "nothing is left there"


def test_a_folder_that_is_not_there(run_pyrometer: Run, tmp_path: Path):
    done = run_pyrometer("record", "-o", tmp_path / "no" / "a.pyro", "--", "true")
    assert_clear(done, 98, "no")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_keeps_what_was_recorded(tmp_path: Path):
    # In a mount namespace of its own, so that nothing has to be taken down.
    script = (
        f"mount -t tmpfs -o size=256k tmpfs {tmp_path} && cd {tmp_path} && head -c 160k /dev/urandom > full; "
        f"{PYROMETER} record --rate 9999 -o a.pyro -- sh -c '{programs.rust('allocator')} 200 > /dev/null; sleep 1; "
        f"echo the program ends'; echo status $?; "
        f"rm full; {PYROMETER} show a.pyro.recording --format json || {PYROMETER} show a.pyro --format json"
    )
    done = subprocess.run(["unshare", "--mount", "bash", "-c", script], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    ending, status, shown = done.stdout.split("\n", maxsplit=2)
    assert (ending, status) == ("the program ends", "status 86"), "the program is waited for"
    assert json.loads(shown)["basis"]["samples"] > 0


def test_a_profile_that_is_not_there(run_pyrometer: Run, tmp_path: Path):
    assert_clear(run_pyrometer("show", tmp_path / "a.pyro"), 81, "a.pyro")


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"hello\n" * 100, bytes(5_000)], ids=["empty", "elf", "text", "zero"]
)
def test_a_file_that_is_no_profile(content: bytes, run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "a.pyro"
    path.write_bytes(content)
    assert_clear(run_pyrometer("show", path), 82, "a.pyro")


def test_text_in_another_encoding(run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "stacks"
    path.write_text("main;work 3\n", encoding="utf-16")
    assert_clear(run_pyrometer("show", path), 82, "UTF-16", "iconv")
    assert_clear(run_pyrometer("import", "--from", "folded", path, "-o", tmp_path / "a.pyro"), 82, "UTF-16", "iconv")
    path.write_text("main;work 3\n", encoding="utf-8-sig")
    assert pyrometer.load(path).top().rows[0].place.name == "work"


def test_text_that_looks_like_stacks_only_at_first(run_pyrometer: Run, tmp_path: Path):
    # Go's text of goroutines: its first line ends in a number.
    path = tmp_path / "goroutines"
    path.write_text("goroutine profile: total 1\n1 @ 0x442d51 0x47d67d\n#\t0x4c80b0\tmain+0xb0\tmain.go:851\n")
    done = run_pyrometer("show", path)
    assert_clear(done, 82, "--from FORMAT")
    assert "writes this format" not in done.stderr


def test_a_profile_in_which_nothing_was_measured(run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "profile.coz"
    path.write_text("startup\ttime=1795750003674484634\nruntime\ttime=3092383193\n")
    for command in (["show"], ["diff", path], ["show", "--metric", "samples"]):
        assert_clear(run_pyrometer(*command, path), 88, str(path), "coz", "longer")


def test_a_folder_instead_of_a_profile(run_pyrometer: Run, tmp_path: Path):
    assert_clear(run_pyrometer("show", tmp_path), 82, "*.pyro")
    malformed = f"{tmp_path / 'data'}: byte 8", f"--lenient {tmp_path}\n"
    for content, code, words in ((b"other", 82, ["*.pyro"]), (b"PERFILE2", 112, malformed)):
        (tmp_path / "data").write_bytes(content)
        for command in ("show", "import"):
            assert_clear(run_pyrometer(command, tmp_path), code, *words)


def test_a_profile_from_the_future(small: Recorded, run_pyrometer: Run, tmp_path: Path):
    path = tmp_path / "future.pyro"
    with zipfile.ZipFile(small.path) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "meta.json":
                content = json.dumps(json.loads(content) | {"schema_version": 1_000}).encode()
            new.writestr(name, content)
    assert_clear(run_pyrometer("show", path), 84, "1000")


def test_a_profile_that_is_cut_short_at_every_thousandth_byte(small: Recorded, tmp_path: Path):
    whole = small.path.read_bytes()
    path = tmp_path / "cut.pyro"
    for length in range(0, len(whole), 1_000):
        path.write_bytes(whole[:length])
        with pytest.raises((pyrometer.CorruptProfileError, pyrometer.NotAProfileError), match=r"cut\.pyro"):
            pyrometer.load(path).top()


def test_a_flipped_bit_is_an_error_or_changes_nothing(small: Recorded, tmp_path: Path):
    whole = small.path.read_bytes()
    path = tmp_path / "flipped.pyro"
    expected = small.profile.top(n=1_000)
    chance = random.Random(7)
    errors = []
    for _ in range(300):
        at, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        try:
            rows = pyrometer.load(path).top(n=1_000).rows
        except pyrometer.PyrometerError as error:
            errors.append(error)
        else:
            assert rows == expected.rows
    assert len(errors) > 200
    assert all(error.what and error.cure for error in errors)


def test_a_cut_recording_gives_what_was_whole(tmp_path: Path, recorded: Record):
    # A journal is what a killed recorder leaves; here it is cut anywhere on top.
    journal = killed_recording(tmp_path)
    whole = journal.read_bytes()
    counts = []
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        journal.write_bytes(whole[:length])
        counts.append(samples_or_none(journal))
    readable = [count for count in counts if count is not None]
    assert counts[-len(readable) :] == readable, "a longer recording cannot be read where a shorter one can"
    assert readable == sorted(readable)
    assert readable[-1] > 0


def samples_or_none(journal: Path) -> int | None:
    """How many samples a recording holds, or ``None`` if it is too short to be one."""
    try:
        return len(pyrometer.load(journal).samples)
    except pyrometer.PyrometerError:
        return None


def killed_recording(folder: Path) -> Path:
    """The ``.pyro.recording`` of a recorder that was killed."""
    command = [PYROMETER, "record", "-o", folder / "killed.pyro", "--", programs.c("known_shares"), "1.5"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as recorder:
        with pytest.raises(subprocess.TimeoutExpired):
            recorder.wait(timeout=1.2)
        recorder.kill()
    return folder / "killed.pyro.recording"


def sections(program: Path) -> dict[str, tuple[int, int]]:
    """Offset and size of each section, by name."""
    output = subprocess.run(["readelf", "-SW", program], capture_output=True, text=True, check=True).stdout
    pattern = r"\]\s+(\.\S+)\s+(?!NOBITS)\S+\s+[0-9a-f]+\s+([0-9a-f]+)\s+([0-9a-f]+)"
    return {name: (int(offset, 16), int(size, 16)) for name, offset, size in re.findall(pattern, output)}


@pytest.mark.parametrize(
    "section", [".debug_info", ".debug_line", ".debug_abbrev", ".eh_frame", ".eh_frame_hdr", ".symtab", ".strtab"]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_binary_with_corrupt_sections_is_still_recorded(section: str, seed: int, run_pyrometer: Run, tmp_path: Path):
    offset, size = sections(programs.c("exits"))[section]
    content = bytearray(programs.c("exits").read_bytes())
    chance = random.Random(seed)
    for _ in range(max(4, size // 20)):
        content[offset + chance.randrange(size)] = chance.randrange(256)
    program = tmp_path / "corrupt"
    program.write_bytes(content)
    program.chmod(0o755)
    done = run_pyrometer("record", "--rate", 4_999, "-o", tmp_path / "a.pyro", "--", program, "code", "7")
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert len(pyrometer.load(tmp_path / "a.pyro").samples) > 100


def test_a_rebuilt_binary_is_refused(run_pyrometer: Run, tmp_path: Path):
    program, path = tmp_path / "program", tmp_path / "a.pyro"
    shutil.copy(programs.c("exits"), program)
    assert run_pyrometer("record", "-o", path, "--", program, "code", "0").returncode == 0
    assert run_pyrometer("show", path, "--view", "annotate", "--function", "moment").returncode == 0
    program.unlink()
    shutil.copy(programs.c("known_shares"), program)
    assert_clear(run_pyrometer("show", path, "--view", "annotate", "--function", "moment"), 99, "program")
