"""Recording as a user without any capability: what most people are.

The tests run as root where they can, so capabilities are dropped for the command; a user who has none records as is.
"""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

import programs
from installed import PYROMETER
from recordings import Recorded, reaches_the_start

# The kernel lends a user so much locked memory, whatever runs.
pytestmark = pytest.mark.alone


def record(path: Path, *program: str | Path, locked_kib: int | None = None) -> Recorded:
    """Records without capabilities and with a limit of locked memory."""

    def limit() -> None:
        if locked_kib is not None:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (locked_kib << 10, locked_kib << 10))

    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    assert not drop or shutil.which("setpriv"), "setpriv is part of util-linux"
    command = [*drop, str(PYROMETER), "record", "-o", str(path), "--", *map(str, program)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False, timeout=60)
    return Recorded(path, done.returncode, done.stdout, done.stderr)


def test_user_code_is_recorded_whole_and_the_missing_kernel_is_said(paranoid: None, tmp_path: Path):
    recording = record(tmp_path / "a.pyro", programs.c("known_shares"))
    assert recording.status == 0, recording.errors
    assert recording.count(reaches_the_start) >= 0.995 * recording.count()
    assert recording.count(lambda seen: seen.in_kernel) == 0
    notes = " ".join(recording.profile.meta.notes)
    assert "user code only" in notes
    assert "sysctl kernel.perf_event_paranoid=1" in notes


@pytest.mark.parametrize("locked_kib", [0, 64])
def test_rings_shrink_to_the_default_limit_of_locked_memory(locked_kib: int, paranoid: None, tmp_path: Path):
    recording = record(tmp_path / "a.pyro", programs.c("known_shares"), locked_kib=locked_kib)
    assert recording.status == 0, recording.errors
    meta = recording.profile.meta
    cpus = len(os.sched_getaffinity(0))
    assert meta.recorder.ring_bytes <= cpus * 512 << 10
    assert any("ring buffers of" in note for note in meta.notes)
    assert meta.quality.lost == 0
    assert recording.count(reaches_the_start) >= 0.995 * recording.count()
