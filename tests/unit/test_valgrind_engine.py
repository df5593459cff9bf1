"""What the engine says where it fails by itself: in a stand-in for Valgrind, which writes such a log."""

import re

import pytest

from pyrometer import EngineError
from pyrometer.collect.engines import Request, engine

STACK = """
host stacktrace:
==7==    at 0x58020C4A: ??? (in /usr/libexec/valgrind/callgrind-amd64-linux)

Thread 1: status = VgTs_Runnable (lwpid 7)
==7==    at 0x480D9A: runtime.rtsigprocmask.abi0 (sys_linux_amd64.s:307)
"""
OF_CALLGRIND = "Callgrind: threads.c:247 (vgCallgrind_post_signal): Assertion 'sigNum == current.sig' failed.\n"
OF_VALGRIND = "valgrind: m_mallocfree.c:303 (get_bszB_as_is): Assertion 'bszB_lo == bszB_hi' failed.\n"
IMPOSSIBLE = "valgrind: the 'impossible' happened:\n   Killed by fatal signal\n"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (OF_CALLGRIND, r"Callgrind itself failed \(threads.c:247: sigNum == current.sig\).* Without --calls"),
        (OF_VALGRIND, r"Valgrind itself failed \(valgrind: m_mallocfree.c:303 \(get_bszB_as_is\): Assertion"),
        (IMPOSSIBLE, r"Valgrind itself failed \(valgrind: the 'impossible' happened\)"),
    ],
)
def test_a_fault_of_the_engine_is_told_as_one(said, why, tmp_path, monkeypatch):
    script = f"""#!/bin/sh
for word; do case $word in --log-file=*) log=${{word#--log-file=}};; esac; done
[ "$log" ] || exit 0
cat > "${{log%\\%p}}7" << 'END'
==7== Command: ./program
{said}{STACK}END
exit 1
"""
    (tmp_path / "valgrind").write_text(script)
    (tmp_path / "valgrind").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(EngineError) as caught:
        engine().run(["./program"], Request("instructions", calls=True), folder)
    assert re.search(why, str(caught.value.why))
