"""An export that is stopped, or fails half-way, leaves what was there before."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from pyrometer.cli import main; main()"]


@pytest.fixture
def stacks(tmp_path) -> Path:
    """A profile that is larger than what a pipe takes, in any format."""
    path = tmp_path / "stacks.folded"
    path.write_text("".join(f"main;function_with_a_long_name_{at:030};leaf {at + 1}\n" for at in range(5000)))
    return path


@pytest.mark.parametrize("target", ["folded", "speedscope", "csv"])
def test_ctrl_c_ends_an_export_that_nobody_reads(stacks, tmp_path, target):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [*COMMAND, "export", stacks, "--to", target, "-o", pipe]
    with (tmp_path / "said").open("w+") as said:
        running = subprocess.Popen(command, stderr=said)
        try:
            with pipe.open("rb", buffering=0) as read:
                # It writes; once the pipe is full it waits for us.
                assert read.read(1)
                while running.poll() is None:
                    running.send_signal(signal.SIGINT)
                    time.sleep(0.2)
        finally:
            running.kill()
            running.wait()
        assert running.returncode == 130
        assert "Traceback" not in Path(said.name).read_text()


def test_what_a_link_leads_to_stays_if_it_cannot_be_written_whole(stacks, tmp_path):
    (tmp_path / "before").write_text("what was there")
    (tmp_path / "link").symlink_to("before")
    limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *COMMAND]
    done = subprocess.run(
        [*limited, "export", stacks, "--to", "csv", "-o", tmp_path / "link"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 98, done.stderr
    assert "File too large" in done.stderr
    assert (tmp_path / "before").read_text() == "what was there"
    assert (tmp_path / "link").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"before", "link", "stacks.folded"}
