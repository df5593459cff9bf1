"""What the engine says where it fails by itself: in a stand-in for Valgrind, which writes such a log."""

import re

import pytest

from pyrometer import EngineError
from pyrometer.collect.engines import Request, engine, logs

STACK = """
host stacktrace:
==7==    at 0x58020C4A: ??? (in /usr/libexec/valgrind/callgrind-amd64-linux)

Thread 1: status = VgTs_Runnable (lwpid 7)
==7==    at 0x480D9A: runtime.rtsigprocmask.abi0 (sys_linux_amd64.s:307)
"""
OF_CALLGRIND = "Callgrind: threads.c:247 (vgCallgrind_post_signal): Assertion 'sigNum == current.sig' failed.\n"
OF_VALGRIND = "valgrind: m_mallocfree.c:303 (get_bszB_as_is): Assertion 'bszB_lo == bszB_hi' failed.\n"
IMPOSSIBLE = "valgrind: the 'impossible' happened:\n   Killed by fatal signal\n"


@pytest.fixture
def run_saying(tmp_path, monkeypatch):
    """Counts the calls of a program, whose process 7 leaves this log and these counts, and ends with this status."""

    def run(log, counts="", status=0, **options):
        script = f"""#!/bin/sh
for word; do case $word in --log-file=*) log=${{word#--log-file=}};; esac; done
[ "$log" ] || exit 0
folder=${{log%/*}}
printf '%s' '{counts}' > "$folder/out.7-01"
cat > "$folder/log.7" << 'END'
==7== Command: ./program
==7== Parent PID: 1
--7-- Scheduler: using generic scheduler lock implementation.
{log}END
exit {status}
"""
        (tmp_path / "valgrind").write_text(script)
        (tmp_path / "valgrind").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        folder = tmp_path / "folder"
        folder.mkdir()
        return engine().run(["./program"], Request("instructions", calls=True, **options), folder)

    return run


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (OF_CALLGRIND, r"Callgrind itself failed \(threads.c:247: sigNum == current.sig\).* Without --calls"),
        (OF_VALGRIND, r"Valgrind itself failed \(valgrind: m_mallocfree.c:303 \(get_bszB_as_is\): Assertion"),
        (IMPOSSIBLE, r"Valgrind itself failed \(valgrind: the 'impossible' happened\)"),
    ],
)
def test_a_fault_of_the_engine_is_told_as_one(said, why, run_saying):
    with pytest.raises(EngineError) as caught:
        run_saying(said + STACK, status=1)
    assert re.search(why, str(caught.value.why))


@pytest.mark.parametrize("children", [True, False])
def test_a_process_that_ends_just_behind_the_program_is_counted_as_a_fork_or_not_at_all(
    children, run_saying, monkeypatch
):
    forked = logs.forked

    def ending_meanwhile(folder):
        found = forked(folder)
        (folder / "log.8").write_text("==8== Command: ./program\n==8== Parent PID: 7\n")
        (folder / "out.8-01").write_text("events: Ir")
        return found

    monkeypatch.setattr(logs, "forked", ending_meanwhile)
    finished = run_saying("", "events: Ir", children=children)
    assert [path.name for path in finished.files] == ["out.7-01"]
    assert any("left no counts: 1 (./program)" in note for note in finished.notes) == children
