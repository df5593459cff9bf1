"""Profiles of Go's runtime: functions have the numbers of ``go tool pprof``."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import pyrometer

GO = shutil.which("go")
pytestmark = pytest.mark.skipif(GO is None, reason="go is missing: https://go.dev/dl")

PROGRAM = """
package main

import (
	"os"
	"runtime/pprof"
	"time"
)

var kept [][]byte

//go:noinline
func spin(until time.Time) (turns int) {
	for time.Now().Before(until) {
		turns++
	}
	return
}

//go:noinline
func keep(blocks int) {
	for ; blocks > 0; blocks-- {
		kept = append(kept, make([]byte, 4096))
	}
}

func main() {
	cpu, _ := os.Create("cpu")
	pprof.StartCPUProfile(cpu)
	spin(time.Now().Add(300 * time.Millisecond))
	pprof.StopCPUProfile()
	cpu.Close()
	keep(5000)
	heap, _ := os.Create("heap")
	pprof.Lookup("heap").WriteTo(heap, 0)
	heap.Close()
}
"""
#: Own value, its share and their sum, value with what was called, its share, name.
LINE = re.compile(r" *(\d+)(?:ns|B)? +[\d.]+% +[\d.]+% +(\d+)(?:ns|B)? +[\d.]+%  (\S.*?)(?: \(inline\))?")


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the program wrote."""
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(PROGRAM)
    assert GO is not None
    subprocess.run([GO, "run", "main.go"], cwd=folder, check=True, timeout=300, capture_output=True)
    return folder


def functions_by_go(profile: Path, unit: str) -> dict[str, tuple[int, int]]:
    assert GO is not None
    command = [GO, "tool", "pprof", "-top", f"-unit={unit}", "-nodefraction=0", profile]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = (LINE.fullmatch(line) for line in done.stdout.splitlines())
    return {match[3]: (int(match[1]), int(match[2])) for match in found if match}


@pytest.mark.parametrize(("name", "metric", "unit"), [("cpu", "cpu-time", "ns"), ("heap", "inuse-bytes", "B")])
def test_functions_have_the_numbers_of_go_tool_pprof(profiles: Path, name: str, metric: str, unit: str):
    profile = pyrometer.load(profiles / name)
    assert profile.meta.source == "pprof"
    top = profile.top(n=1000, by="total")
    assert top.basis.metric.name == metric, "what go tool pprof shows first"
    ours = {row.place.name: (row.self.value, row.total.value) for row in top.rows}
    expected = functions_by_go(profiles / name, unit)
    assert {"main.main", "main.spin" if name == "cpu" else "main.keep"} <= expected.keys()
    assert {found: ours[found] for found in expected} == expected
