"""The caches of a machine, as a simulation takes them."""

from pathlib import Path

from pyrometer.collect.engines.caches import COMMON, Cache, machine_caches
from pyrometer.collect.engines.engine import Request
from pyrometer.collect.engines.valgrind import Valgrind


def describe(root: Path, *caches: tuple[str, str, str, str, str]) -> None:
    """Files as Linux has them: level, type, size, ways, line."""
    for index, values in enumerate(caches):
        folder = root / f"sys/devices/system/cpu/cpu0/cache/index{index}"
        folder.mkdir(parents=True)
        names = ("level", "type", "size", "ways_of_associativity", "coherency_line_size")
        for name, value in zip(names, values, strict=True):
            (folder / name).write_text(value + "\n")


def test_the_caches_of_a_machine_are_read(tmp_path):
    describe(
        tmp_path,
        ("1", "Data", "48K", "12", "64"),
        ("1", "Instruction", "32K", "8", "64"),
        ("2", "Unified", "1M", "8", "64"),
        ("3", "Unified", "32768K", "16", "64"),
    )
    found = machine_caches(tmp_path)
    assert found.known
    assert (str(found.data), str(found.instructions)) == ("49152,12,64", "32768,8,64")
    assert str(found.last) == "33554432,16,64"


def test_sets_are_powers_of_two_and_the_size_stays():
    odd = Cache(size=36 << 20, ways=12, line=64)
    assert odd.sets == 49152
    even = odd.with_sets_of_two()
    assert even.sets == 32768
    assert even.size == odd.size


def test_a_machine_that_does_not_say_has_common_caches(tmp_path):
    assert machine_caches(tmp_path) == COMMON
    describe(tmp_path, ("1", "Data", "x", "0", "64"), ("1", "Instruction", "32K", "0", "64"))
    assert not machine_caches(tmp_path).known


def test_the_tool_follows_from_what_is_asked_for():
    tools = {
        "cachegrind": Request("instructions", cache=True, branches=True),
        "callgrind": Request("instructions", calls=True),
        "dhat": Request("copies"),
    }
    assert {name: Valgrind.tool(request) for name, request in tools.items()} == {name: name for name in tools}
    assert Valgrind.tool(Request("instructions", inside=("f",))) == "callgrind"
