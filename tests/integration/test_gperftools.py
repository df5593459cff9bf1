"""CPU profiles of gperftools' own profiler: every number of a function is that of google-pprof."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import programs
import pyrometer

PPROF = shutil.which("google-pprof")
pytestmark = pytest.mark.skipif(PPROF is None, reason="google-pprof is missing: apt-get install google-perftools")

#: Own samples, samples with those below, name.
LINE = re.compile(r" *(\d+) +[\d.]+% +[\d.]+% +(\d+) +[\d.]+% (.*?)(?: \(inline\))?")


def functions_by_google_pprof(program: Path, profile: Path) -> dict[str, tuple[int, int]]:
    assert PPROF is not None
    done = subprocess.run([PPROF, "--text", program, profile], capture_output=True, text=True, check=True, timeout=120)
    found = (LINE.fullmatch(line) for line in done.stdout.splitlines())
    return {match[3]: (int(match[1]), int(match[2])) for match in found if match}


@pytest.mark.parametrize("linked", [(), ("-no-pie",), ("-fuse-ld=lld",)])
def test_functions_have_the_numbers_of_google_pprof(tmp_path: Path, linked: tuple[str, ...]):
    # A program that starts no other: the profiler's timer outlives exec, and its signal ends a program that has not
    # come to load the profiler.
    program = programs.c("perf_data", ("-O2", "-g", "-fno-omit-frame-pointer", *linked))
    profiler = {"LD_PRELOAD": "libprofiler.so.0", "CPUPROFILE": str(tmp_path / "cpu"), "CPUPROFILE_FREQUENCY": "500"}
    subprocess.run([program, "200", "1"], env=os.environ | profiler, check=True, timeout=60, capture_output=True)
    profile = pyrometer.load(tmp_path / "cpu")
    assert (profile.meta.source, profile.meta.rate) == ("gperftools", 500)
    named = profile.symbolize(tmp_path / "named.pyro", offline=True)
    rows = [row for row in named.top(n=1000, by="total").rows if row.place.binary == str(program)]
    ours = {row.place.name: (row.self.count, row.total.count) for row in rows}
    theirs = functions_by_google_pprof(program, tmp_path / "cpu")
    assert {"alpha", "beta", "mix", "recurse", "work"} <= ours.keys()
    assert ours == {name: theirs[name] for name in ours}
    assert sum(own for own, _ in theirs.values()) == named.top().basis.samples
