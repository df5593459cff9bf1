"""Checks as pure functions: each cause on a machine or process that is laid out as files, and silence without it."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import known
import pytest
from hypothesis import given
from hypothesis import strategies as st

import machines
import pyrometer
from machines import ALL_CAPABILITIES, CLOCK, CPU, HEALTHY, OPEN, SYSCTL, lay_out, status
from pyrometer.cli import run
from pyrometer.diagnosis import early as early_module
from pyrometer.diagnosis.checks import CHECKS
from pyrometer.diagnosis.diagnose import diagnose
from pyrometer.diagnosis.finding import Diagnosis, Finding, Found, Run, exit_code, findings_of, most_harmful_first
from pyrometer.diagnosis.machine import Machine, read_machine
from pyrometer.diagnosis.process import read_process
from pyrometer.diagnosis.recording import read_recorded
from pyrometer.errors import ProcessNotFoundError, ProgramNotExecutableError, ProgramNotFoundError
from pyrometer.profile import Quality
from pyrometer.show import json as as_json
from pyrometer.show.diagnosis import early_line, heading, show_diagnosis
from pyrometer.show.markdown import render as as_markdown
from pyrometer.show.text import console

DOCS = Path(__file__).parents[2] / "docs"
REFUSED = dict.fromkeys(OPEN, errno.EACCES)
USER_ONLY = OPEN | {"cpu-clock": errno.EACCES, "cycles": errno.EACCES}


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Valgrind is installed, whatever this machine has."""
    monkeypatch.setattr("pyrometer.diagnosis.machine.which", lambda name: f"/usr/bin/{name}")


def found(machine: Machine) -> dict[str, Finding]:
    """The findings of a machine, by id."""
    return {finding.id: finding for finding in findings_of("machine", machine, "", CHECKS)}


def of_machine(root: Path, changes: Mapping[str, str | None] | None = None, events=OPEN) -> dict[str, Finding]:
    return found(read_machine(lay_out(root, changes), events))


def test_a_healthy_machine_is_silent(tmp_path):
    assert of_machine(tmp_path) == {}


VALGRIND = "engine"
CAUSES = [
    ("perf-event-paranoid", {f"{SYSCTL}/perf_event_paranoid": "2\n"}, USER_ONLY, "limits", "paranoid=1"),
    ("perf-event-paranoid", {f"{SYSCTL}/perf_event_paranoid": "4\n"}, REFUSED, "blocks", "paranoid=1"),
    ("no-perf-events", {f"{SYSCTL}/perf_event_paranoid": None}, OPEN, "blocks", "CONFIG_PERF_EVENTS"),
    ("seccomp", status(seccomp=2), dict.fromkeys(OPEN, errno.EPERM), "blocks", "seccomp=unconfined"),
    ("seccomp", status(0, ALL_CAPABILITIES, 2), REFUSED, "blocks", "seccomp=unconfined"),
    ("seccomp", status(seccomp=2), dict.fromkeys(OPEN, errno.ENOSYS), "blocks", "seccomp=unconfined"),
    (
        "missing-capability",
        status(uid=0) | {f"{SYSCTL}/perf_event_paranoid": "2\n"},
        USER_ONLY,
        "limits",
        "sysctl kernel.perf_event_paranoid=1",
    ),
    (
        "missing-capability",
        {".dockerenv": "", f"{SYSCTL}/perf_event_paranoid": "3\n"},
        REFUSED,
        "blocks",
        "--cap-add PERFMON",
    ),
    ("missing-capability", {}, REFUSED, "blocks", "setcap"),
    ("sample-rate", {f"{SYSCTL}/perf_event_max_sample_rate": "500\n"}, OPEN, "limits", "max_sample_rate="),
    ("cpu-time-limit", {f"{SYSCTL}/perf_cpu_time_max_percent": "2\n"}, OPEN, "limits", "max_percent=25"),
    (
        "kernel-addresses",
        {f"{SYSCTL}/kptr_restrict": "1\n", "proc/kallsyms": "0000000000000000 T _text\n"},
        OPEN,
        "limits",
        "kptr_restrict=0",
    ),
    ("locked-memory", {f"{SYSCTL}/perf_event_mlock_kb": "516\n"}, OPEN, "limits", "mlock_kb=16388"),
    ("no-pmu", {}, OPEN | {"cycles:u": errno.ENOENT, "cycles": errno.ENOENT}, "limits", "PMU"),
    ("ptrace-scope", {f"{SYSCTL}/yama/ptrace_scope": "2\n"}, OPEN, "limits", "ptrace_scope=1"),
    ("ptrace-scope", {f"{SYSCTL}/yama/ptrace_scope": "3\n"}, OPEN, "limits", "restart"),
    ("clock-source", {f"{CLOCK}/current_clocksource": "hpet\n"}, OPEN, "limits", "echo tsc"),
    (
        "clock-source",
        {f"{CLOCK}/current_clocksource": "acpi_pm\n", f"{CLOCK}/available_clocksource": "acpi_pm\n"},
        OPEN,
        "limits",
        "tsc=reliable",
    ),
    ("load", {"proc/loadavg": "7.25 3.00 1.00 9/100 4711\n"}, OPEN, "note", "uptime"),
    ("frequency-scaling", {f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n"}, OPEN, "note", "-g performance"),
    ("turbo", {f"{CPU}/intel_pstate/no_turbo": "0\n"}, OPEN, "note", "no_turbo"),
    ("turbo", {f"{CPU}/intel_pstate/no_turbo": None, f"{CPU}/cpufreq/boost": "1\n"}, OPEN, "note", "boost"),
    (
        "swap",
        {"proc/meminfo": "MemAvailable: 100000 kB\nSwapTotal: 900000 kB\nSwapFree: 100000 kB\n"},
        OPEN,
        "note",
        "ps aux",
    ),
]


@pytest.mark.parametrize(("cause", "changes", "events", "severity", "cure"), CAUSES)
def test_each_setting_is_found_alone_with_its_cure(  # noqa: PLR0917
    tmp_path, cause, changes, events, severity, cure
):
    seen = of_machine(tmp_path, changes, events)
    assert list(seen) == [cause]
    assert seen[cause].severity == severity
    assert cure in seen[cause].cure


def test_no_setting_stands_in_the_way_of_who_has_every_capability(tmp_path):
    changes = status(0, ALL_CAPABILITIES) | {
        f"{SYSCTL}/perf_event_paranoid": "4\n",
        f"{SYSCTL}/perf_event_mlock_kb": "0\n",
        f"{SYSCTL}/yama/ptrace_scope": "2\n",
        "proc/self/limits": "Max locked memory         0         0         bytes\n",
    }
    assert of_machine(tmp_path, changes) == {}


@pytest.mark.parametrize("level", [-1, 0, 1])
def test_low_levels_of_paranoia_are_no_finding(tmp_path, level):
    assert of_machine(tmp_path, {f"{SYSCTL}/perf_event_paranoid": f"{level}\n"}) == {}


def test_hidden_kernel_addresses_do_not_matter_to_who_sees_user_code_only(tmp_path):
    changes = {f"{SYSCTL}/perf_event_paranoid": "2\n", "proc/kallsyms": "0000000000000000 T _text\n"}
    assert list(of_machine(tmp_path, changes, USER_ONLY)) == ["perf-event-paranoid"]


def test_a_virtual_machine_is_told_from_a_cpu_that_is_not_known(tmp_path):
    events = OPEN | {"cycles:u": errno.ENOENT}
    virtual = of_machine(tmp_path, {"proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu hypervisor tsc\n"}, events)
    assert "virtual machine" in virtual["no-pmu"].what
    assert "knows no performance counters" in found(Machine(events=events, paranoid=1))["no-pmu"].what


def test_missing_engines_name_the_instrument_that_needs_them(tmp_path, monkeypatch):
    monkeypatch.setattr("pyrometer.diagnosis.machine.which", lambda name: None)
    seen = of_machine(tmp_path)
    assert list(seen) == ["engine"]
    assert "instruction counts" in seen["engine"].what
    assert seen["engine"].severity == "note"


def test_a_machine_without_a_recorder_is_blocked():
    seen = found(Machine(recorder=False, system="Darwin arm64", paranoid=None))
    assert list(seen) == ["no-recorder"]
    assert "Darwin arm64" in seen["no-recorder"].what
    assert exit_code(seen.values()) == 2


def test_a_folder_without_anything_gives_facts_too(tmp_path):
    assert list(of_machine(tmp_path / "nothing", dict.fromkeys(HEALTHY))) == ["no-perf-events"]


@given(st.dictionaries(st.sampled_from(sorted(HEALTHY)), st.text(max_size=60), max_size=6))
def test_whatever_the_files_say_there_is_no_error(tmp_path_factory, texts):
    root = lay_out(tmp_path_factory.mktemp("machine"), dict(texts))
    for finding in found(read_machine(root, OPEN)).values():
        assert finding.what
        assert finding.cure


# ------------------------------------------------------------------ processes

CODE = "00400000-00500000 r-xp 00000000 08:01 11 {}\n"
JIT = "7f0000000000-7f0000100000 rwxp 00000000 00:00 0 \n"


def of_process(root: Path, pid: int = 42, **changes) -> dict[str, Finding]:
    machine = read_machine(lay_out(root, changes.pop("machine", None)), OPEN)
    exe = changes.pop("exe", "/home/me/app")
    maps = changes.pop("maps", CODE.format(exe))
    perf_map = changes.pop("perf_map", None)
    machines.add_process(root, pid, exe, maps, **changes)
    if perf_map:
        (root / f"proc/{pid}/root/tmp/{perf_map}").touch()
    process = read_process(pid, machine, root)
    return {finding.id: finding for finding in findings_of("process", process, str(pid), CHECKS)}


def test_an_ordinary_process_is_silent(tmp_path):
    assert of_process(tmp_path) == {}


@pytest.mark.parametrize(
    ("runtime", "cure"),
    [
        ("node", "--perf-basic-prof"),
        ("java", "jcmd 42 Compiler.perfmap"),
        ("python3.12", "-X perf"),
        ("other", "perf map"),
    ],
)
def test_generated_code_without_a_map_gets_the_runtimes_own_cure(tmp_path, runtime, cure):
    seen = of_process(tmp_path, maps=CODE.format("/x") + JIT, name=runtime, exe=f"/usr/bin/{runtime}")
    assert list(seen) == ["jit-without-map"]
    assert cure in seen["jit-without-map"].cure


def test_generated_code_with_a_map_is_silent_and_the_map_is_that_of_the_inner_pid(tmp_path):
    maps = CODE.format("/x") + JIT
    seen = of_process(tmp_path / "a", maps=maps, ids="42 7", perf_map="perf-7.map")
    assert list(seen) == ["pid-namespace"]
    assert of_process(tmp_path / "b", maps=maps + CODE.format("/tmp/jit-42.dump")) == {}
    assert "jit-without-map" in of_process(tmp_path / "c", maps=maps, ids="42 7", perf_map="perf-42.map")


def test_a_trampoline_is_no_jit(tmp_path):
    assert of_process(tmp_path, maps="7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n") == {}


def test_a_replaced_program_and_a_replaced_library(tmp_path):
    seen = of_process(tmp_path / "a", exe="/home/me/app (deleted)")
    assert "/home/me/app was deleted or replaced" in seen["binary-replaced"].what
    seen = of_process(tmp_path / "b", maps=CODE.format("/home/me/app") + CODE.format("/home/me/lib.so (deleted)"))
    assert "/home/me/lib.so was deleted" in seen["binary-replaced"].what
    seen = of_process(tmp_path / "c", maps=CODE.format("/memfd:jit (deleted)"))
    assert seen.keys() == {"jit-without-map"}, "that is memory, not a file"


def test_children_that_run_already_are_not_recorded(tmp_path):
    (tmp_path / "proc/42/task/44").mkdir(parents=True)
    (tmp_path / "proc/42/task/44/children").write_text(f"51 50 52 {os.getpid()} ")
    (tmp_path / "proc/52").mkdir()
    (tmp_path / "proc/52/status").write_text("Name:\tapp\nState:\tZ (zombie)\n")
    (finding,) = of_process(tmp_path).values()
    assert (finding.id, finding.severity) == ("children-before", "limits")
    assert finding.what == "2 running children are not recorded"
    assert finding.command == "pyrometer record -p 42 -p $(pgrep -P 42 -d ' -p ')"


def test_children_that_are_attached_to_as_well_are_not_missing():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        missing = [finding.id for finding in early_module.early([], [os.getpid()])]
        assert "children-before" in missing
        attached = early_module.early([], [os.getpid(), *read_process(os.getpid(), Machine()).children])
        assert "children-before" not in [finding.id for finding in attached]
    finally:
        child.communicate()


def test_another_users_process_is_blocked_unless_we_may(tmp_path):
    seen = of_process(tmp_path / "a", uid=33)
    assert seen["other-user"].severity == "blocks"
    assert "sudo pyrometer record -p 42" in seen["other-user"].cure
    perfmon = f"{1 << 38:016x}"
    assert of_process(tmp_path / "b", uid=33, machine=status(capabilities=perfmon)) == {}


def test_attaching_under_yama(tmp_path):
    changes: dict[str, str | None] = {f"{SYSCTL}/yama/ptrace_scope": "1\n"}
    seen = of_process(tmp_path, machine=changes)
    assert list(seen) == ["ptrace-scope-attach"]


def test_a_kernel_thread_runs_no_program(tmp_path):
    seen = of_process(tmp_path, exe="", maps="", name="kworker", uid=0, machine=status(0, ALL_CAPABILITIES))
    assert list(seen) == ["no-program"]


def test_a_process_whose_program_is_kept_from_root_is_no_kernel_thread(tmp_path):
    root = lay_out(tmp_path, status(0, ALL_CAPABILITIES))
    machines.add_process(root, 42, "", "", name="init", uid=0)
    file = root / "proc/42/status"
    file.write_text(f"{file.read_text()}VmSize:\t    9000 kB\n")
    process = read_process(42, read_machine(root, OPEN), root)
    (seen,) = findings_of("process", process, "42", CHECKS)
    assert (seen.id, seen.severity) == ("no-program", "limits")
    assert "/proc/42/exe is refused" in seen.what


def test_a_capability_reaches_the_root_of_a_container_only(tmp_path):
    container: dict[str, str | None] = {".dockerenv": "", f"{SYSCTL}/perf_event_paranoid": "2\n"}
    seen = of_machine(tmp_path / "user", container | status(uid=1000), USER_ONLY)
    assert seen["missing-capability"].cure == "docker run --user root --cap-add PERFMON IMAGE"
    seen = of_machine(tmp_path / "root", container | status(uid=0), USER_ONLY)
    assert seen["missing-capability"].cure == "docker run --cap-add PERFMON IMAGE"


def test_no_process_and_a_thread_are_the_usual_error(tmp_path):
    with pytest.raises(ProcessNotFoundError):
        read_process(4711, Machine(), lay_out(tmp_path))
    machines.add_process(tmp_path, 43, "/app", "")
    (tmp_path / "proc/43/status").write_text("Name:\tapp\nTgid:\t42\nPid:\t43\n")
    with pytest.raises(ProcessNotFoundError, match="43 is a thread of process 42"):
        read_process(43, Machine(), tmp_path)


# ------------------------------------------------------------------- profiles


def of_profile(**meta) -> dict[str, Finding]:
    binaries = meta.pop("binaries", known.TABLES["binaries"])
    profile = pyrometer.build(
        replace(known.META, **({"notes": []} | meta)),
        samples=known.samples(),
        **(known.TABLES | {"binaries": binaries}),
    )
    return {one.id: one for one in findings_of("profile", read_recorded(profile), "a.pyro", CHECKS)}


def test_a_good_profile_is_silent():
    assert of_profile(quality=Quality(samples=28)) == {}


@pytest.mark.parametrize(
    ("quality", "cause", "severity", "cure"),
    [
        (Quality(samples=90, lost=10), "samples-lost", "limits", "--rate 249"),
        (Quality(samples=99_999, lost=1), "samples-lost", "note", "--rate 249"),
        (Quality(samples=90, throttled=3, throttled_time=5_000_000), "throttled", "limits", "max_percent=0"),
        (Quality(samples=90, truncated=9), "stacks-truncated", "limits", "pyrometer doctor ./program"),
        (Quality(samples=90, unsymbolized=9), "names-missing", "limits", "pyrometer symbolize FILE --debug-path DIR"),
        (Quality(samples=0), "no-samples", "limits", "--rate 9999"),
    ],
)
def test_what_a_profile_says_of_its_quality(quality, cause, severity, cure):
    seen = of_profile(quality=quality, instrument="record")
    assert list(seen) == [cause]
    assert seen[cause].severity == severity
    assert cure in seen[cause].cure


def test_binaries_that_lack_something_come_by_their_share():
    lines = "has no debug info, so its source lines and inlined calls are missing: build it with `debug = 1`"
    binaries = [{"path": "/bin/program"}, {"path": "/lib/libc.so.6", "missing": f"/lib/libc.so.6 {lines}"}]
    seen = of_profile(quality=Quality(samples=28), binaries=binaries)["binary-lacks-info"]
    assert seen.severity == "limits"
    assert seen.where == "/lib/libc.so.6"
    assert seen.what == "it has no debug info (28.6 % of the samples)"
    assert "build it with `debug = 1`; or: pyrometer symbolize FILE --debug-path DIR" in seen.cure


def test_a_rebuilt_binary_is_recorded_again():
    text = "/bin/program was rebuilt or replaced since the recording, so its names are left out: record again"
    seen = of_profile(quality=Quality(samples=28), binaries=[{"path": "/bin/program", "missing": text}, {"path": "/b"}])
    assert seen["binary-lacks-info"].cure == "record again"


def test_interruption_and_notes_are_notes():
    note = "user code only: kernel.perf_event_paranoid is 2. To see it: sudo sysctl kernel.perf_event_paranoid=1"
    seen = of_profile(quality=Quality(samples=28), complete=False, notes=[note])
    assert {one.severity for one in seen.values()} == {"note"}
    assert seen["recorder-note"].cure == "sudo sysctl kernel.perf_event_paranoid=1"
    assert "interrupted" in seen["interrupted"].what


# -------------------------------------------------------------- command, views

COMMAND = "docker run " + "x" * 90
SOME = (
    Finding("turbo", "note", "machine", "", "turbo frequencies are on", "Speed varies.", "switch it off"),
    Finding("stripped", "limits", "program", "./a|b", "it is stripped", "No names.", "build it again"),
    Finding("seccomp", "blocks", "machine", "", "a filter refuses", "Nothing is recorded.", COMMAND, COMMAND),
)


def test_the_most_harmful_comes_first_and_decides_the_exit_code():
    ordered = most_harmful_first(SOME, CHECKS)
    assert [one.id for one in ordered] == ["seccomp", "stripped", "turbo"]
    assert [exit_code(ordered[at:]) for at in range(4)] == [2, 1, 0, 0]


def test_text_fits_80_columns_but_never_cuts_a_command(capsys):
    view = Diagnosis("./a", most_harmful_first(SOME, CHECKS), 2, 0.1)
    assert heading(view) == "./a: 1 thing blocks recording, 1 thing limits what a profile says, 1 note"
    show_diagnosis(view, console(width=80))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == [COMMAND]
    assert "\x1b" not in "".join(lines)
    assert lines[2] == "blocks  seccomp  machine"


@pytest.mark.parametrize(
    ("cure", "lines"),
    [
        ("rebuild", ["        cure: rebuild"]),
        (Run("make clean", "rebuild:"), ["        cure: rebuild: make clean"]),
        (Run("x " * 36 + "x"), ["        cure:", " " * 7 + "x " * 36 + "x"]),
        (Run("x y" * 25, "or:"), ["        cure: or:", " " * 5 + "x y" * 25]),
        (Run(f"A=1 {'B=2 ' * 20}cargo", "record it, or:"), ["        cure: record it, or:", f"A=1 {'B=2 ' * 20}cargo"]),
    ],
)
def test_a_command_to_copy_stands_in_one_line(cure, lines, capsys):
    check = next(check for check in CHECKS if check.id == "stripped")
    finding = Finding.of(check, Found("it is stripped", cure), "./a")
    assert finding.cure == f"{finding.prose} {finding.command}".strip()
    show_diagnosis(Diagnosis("./a", (finding,), 1, 0.1), console(width=80))
    assert capsys.readouterr().out.splitlines()[-len(lines) :] == lines


def test_json_and_markdown_have_every_field():
    view = Diagnosis("./a", SOME, 2, 0.1)
    plain = json.loads(as_json.render(view))
    assert plain["view"] == "diagnosis"
    assert plain["exit_code"] == 2
    assert plain["findings"][1] == {
        "id": "stripped",
        "severity": "limits",
        "subject": "program",
        "where": "./a|b",
        "what": "it is stripped",
        "why": "No names.",
        "cure": "build it again",
        "command": "",
    }
    assert "| limits | stripped | program ./a\\|b | It is stripped. | No names. | build it again |" in as_markdown(view)


def test_a_long_finding_points_to_doctor_before_a_recording():
    short = Finding("32-bit", "limits", "program", "a", "it is 32-bit", "", "-m64")
    assert early_line(short, 80) == "note: it is 32-bit: -m64"
    long = replace(short, what="word " * 40)
    assert early_line(long, 80).endswith("… (see: pyrometer doctor a)")
    assert early_line(replace(long, where="/my app"), 80).endswith("… (see: pyrometer doctor '/my app')")
    assert early_line(replace(long, where="/a" * 40), 80).endswith("… (see: pyrometer doctor PROGRAM)")
    assert early_line(replace(long, where=""), 80).endswith("… (see: pyrometer doctor)")
    assert len(early_line(long, 80)) <= 80


def test_early_checks_are_of_the_list_and_none_is_a_note_or_an_error():
    assert set(early_module.CHECKS) <= set(CHECKS)
    assert len(early_module.CHECKS) >= 5
    assert all(check.severity == "limits" for check in early_module.CHECKS)
    text = (DOCS / "doctor.md").read_text().partition("before\nthe program starts: ")[2].partition(". ")[0]
    assert re.findall(r"`([\w-]+)`", text) == [check.id for check in early_module.CHECKS]


@pytest.mark.parametrize(
    ("target", "error"),
    [("no-such-program-at-all", ProgramNotFoundError), (str(2**31 - 2), ProcessNotFoundError)],
)
def test_what_does_not_exist_is_the_usual_error(target, error):
    with pytest.raises(error):
        diagnose(target)


def test_an_executable_text_is_no_program(tmp_path):
    path = tmp_path / "text"
    path.write_text("no shebang\n")
    path.chmod(0o755)
    with pytest.raises(ProgramNotExecutableError, match="cannot be executed"):
        diagnose(path)


def test_the_command_says_what_it_found_and_usage_errors_are_told_apart(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known.profile().save(tmp_path / "a.pyro")
    assert run(["doctor", "a.pyro"]) == 1
    assert capsys.readouterr().out.startswith("a.pyro: ")
    assert run(["doctor", "a.pyro", "--format", "md"]) == 1
    assert "| samples-lost |" in capsys.readouterr().out
    assert run(["doctor", "--format", "none"]) == 2
    assert "Usage: " in capsys.readouterr().err
    assert run(["doctor", "a", "b"]) == 2
    assert "Usage: " in capsys.readouterr().err


def test_ids_are_unique_and_the_documentation_lists_every_check():
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids) >= 20
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\w+) \| (\w+) \| (.+?) \| (.+?) \| (.+) \|$", (DOCS / "doctor.md").read_text(), re.M
    )
    documented = [(row[0], *row[1:]) for row in rows]
    assert documented == [(c.id, c.subject, c.severity, c.cause, c.why, c.cure) for c in CHECKS]


def test_a_user_without_privileges_reads_their_own_machine():
    machine = read_machine()
    assert machine.cpus == os.cpu_count()
    assert machine.paranoid is not None
