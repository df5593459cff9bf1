"""Which binary an address of DHAT belongs to, and which processes are forks, out of Valgrind's logs."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from pyrometer.collect.engines.logs import add_modules, forked, modules

PARENT = """==7== DHAT, a dynamic heap analysis tool
==7== Parent PID: 1
--7-- Valgrind options:
--7--    -v
--7-- Scheduler: using generic scheduler lock implementation.
--7-- Reading syms from /opt/my program
--7--    svma 0x0000001090, avma 0x0000109090
--7-- Reading syms from /lib/a.so
--7--    svma 0x0000001060, avma 0x0004001060
--7--   Considering /usr/lib/debug/a.debug ..
==7== Discarding syms at 0x4001060-0x4002000 in /lib/a.so due to munmap()
--7-- Reading syms from /lib/b.so
--7--    svma 0x0000001060, avma 0x0004001060
--7-- Reading syms from /lib/c.so
--7--    svma 0x0000001060, avma 0x0005001060
==7== Discarding syms at 0x5001060-0x5002000 in /lib/c.so due to munmap()
"""
FORKED = """==8== DHAT, a dynamic heap analysis tool
==8== Parent PID: 7
--8-- Valgrind options:
--8--    -v
--8-- Reading syms from /lib/d.so
--8--    svma 0x0000001060, avma 0x0006001060
"""


def test_binaries_are_where_they_were_at_the_end(tmp_path):
    (tmp_path / "log.7").write_text(PARENT)
    assert modules("7", tmp_path) == {0x109090: (0x108000, "/opt/my program"), 0x4001060: (0x4000000, "/lib/b.so")}


def test_a_forked_process_begins_with_those_of_its_parent(tmp_path):
    (tmp_path / "log.7").write_text(PARENT)
    (tmp_path / "log.8").write_text(FORKED)
    assert modules("8", tmp_path) == {**modules("7", tmp_path), 0x6001060: (0x6000000, "/lib/d.so")}
    # One that executed another program has its own.
    (tmp_path / "log.8").write_text(FORKED.replace("PID: 7\n", "PID: 7\n--8-- Scheduler: using one\n"))
    assert modules("8", tmp_path) == {0x6001060: (0x6000000, "/lib/d.so")}
    assert modules("9", tmp_path) == {}


def test_processes_that_executed_a_program_are_no_forks(tmp_path):
    (tmp_path / "log.7").write_text(PARENT)
    (tmp_path / "log.8").write_text(FORKED)
    (tmp_path / "log.9").write_text(PARENT.replace("Parent PID: 1", "Parent PID: 7"))
    assert forked(tmp_path) == {"8": "7"}


def test_they_are_told_in_the_order_of_addresses_and_the_rest_stays(tmp_path):
    (tmp_path / "log.7").write_text(PARENT)
    file = tmp_path / "out.7"
    file.write_text('{"pps":\n[{"fs":[1]}]\n,"ftbl":["}"]\n}\n')
    add_modules(file, "7")
    expected = [[0x109090, 0x108000, "/opt/my program"], [0x4001060, 0x4000000, "/lib/b.so"]]
    assert json.loads(file.read_text()) == {"pps": [{"fs": [1]}], "ftbl": ["}"], "modules": expected}


# Lines as Valgrind writes them, cut and in any order.
LINES = (
    st.sampled_from([*PARENT.splitlines(True), *FORKED.splitlines(True), "==8== Parent PID: 8\n", "--7-- "]) | st.text()
)
LOGS = st.lists(LINES, max_size=12).map("".join)


@given(LOGS, LOGS)
def test_any_logs_tell_of_binaries_or_not(first, second):
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "log.7").write_bytes(first.encode(errors="surrogatepass"))
        (folder / "log.8").write_bytes(second.encode(errors="surrogatepass"))
        assert set(forked(folder)) <= {"7", "8"}
        for pid in ["7", "8"]:
            assert all(path for _, path in modules(pid, folder).values())
