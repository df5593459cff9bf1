"""The recorders that are compared: how each is started, and what each says of its recording."""

import contextlib
import gzip
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.process import ROOT, WORK

VENV = ROOT / ".venv" / "bin"
PARANOIA = Path("/proc/sys/kernel/perf_event_paranoid")
PEERS = ROOT / "build" / "peers" / "bin"

#: The recorder that is no peer, but what none can go below.
FLOOR = "the timer alone"


@dataclass(frozen=True)
class Recording:
    """What is in a recording."""

    samples: int
    lost: int | None
    """``None``: the recorder does not say."""
    bytes: int
    own_cpu: float | None = None
    """CPU seconds that the recorder itself says it has used."""


class Recorder(Protocol):
    """A tool that records a program: one class each below, and one entry in :data:`RECORDERS`."""

    name: str

    def missing(self) -> str | None:
        """Why it cannot be used here, or ``None``."""
        ...

    def command(self, program: Sequence[str], rate: int) -> list[str]:
        """The command that records ``program`` at ``rate`` samples a second of CPU time."""
        ...

    def allowed(self) -> AbstractContextManager[None]:
        """What the machine must permit while it records."""
        ...

    def read(self, errors: str) -> Recording:
        """What the last command has recorded; ``errors`` is what it wrote to standard error."""
        ...


class Pyrometer:
    """Ourselves."""

    name = "pyrometer"
    output = WORK / "bench.pyro"

    def missing(self) -> str | None:
        return None if (VENV / "pyrometer").exists() else "not installed: make build"

    def command(self, program: Sequence[str], rate: int) -> list[str]:
        return [str(VENV / "pyrometer"), "record", "--rate", str(rate), "-o", str(self.output), "--", *program]

    def allowed(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()

    def read(self, errors: str) -> Recording:
        return read_pyro(self.output)


def read_pyro(path: Path) -> Recording:
    """What ``meta.json`` of a ``.pyro`` file says, read without Pyrometer."""
    with zipfile.ZipFile(path) as archive:
        meta = json.loads(archive.read("meta.json"))
    quality, recorder = meta["quality"], meta["recorder"]
    return Recording(quality["samples"], quality["lost"], path.stat().st_size, recorder["cpu_time"] / 1e9)


class Perf:
    """``perf record --call-graph dwarf``, with its default stack dump of 8 KiB."""

    name = "perf"
    output = WORK / "perf.data"

    def missing(self) -> str | None:
        return None if shutil.which("perf") else "not installed: apt-get install linux-perf"

    def command(self, program: Sequence[str], rate: int) -> list[str]:
        how = ["-e", "cpu-clock", "-F", str(rate), "--call-graph", "dwarf"]
        return ["perf", "record", *how, "-o", str(self.output), "--", *program]

    def allowed(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()

    def read(self, errors: str) -> Recording:
        script = ["perf", "script", "-i", str(self.output), "--show-lost-events", "-F", "comm,tid"]
        lines = subprocess.run(script, capture_output=True, text=True, check=True).stdout.splitlines()
        records = [line for line in lines if "PERF_RECORD_" in line]
        lost = sum(int(count) for line in records for count in re.findall(r"lost (\d+)", line))
        return Recording(len(lines) - len(records), lost, self.output.stat().st_size)


class Timer(Perf):
    """``perf record`` without stacks: what the timer's interrupts cost by themselves, whoever asks for them."""

    name = FLOOR

    def command(self, program: Sequence[str], rate: int) -> list[str]:
        how = ["-e", "cpu-clock", "-F", str(rate)]
        return ["perf", "record", *how, "-o", str(self.output), "--", *program]


class Samply:
    """``samply record``, which unwinds live."""

    name = "samply"
    output = WORK / "samply.json.gz"

    def missing(self) -> str | None:
        return None if (PEERS / "samply").exists() else "could not be built"

    def command(self, program: Sequence[str], rate: int) -> list[str]:
        how = ["--save-only", "--rate", str(rate), "-o", str(self.output)]
        return [str(PEERS / "samply"), "record", *how, "--", *program]

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """``perf_event_paranoid`` of 1 or less: else it refuses to start, even for root, who alone can change it."""
        before = PARANOIA.read_text().strip()
        change = os.geteuid() == 0 and int(before) > 1
        if change:
            PARANOIA.write_text("1")
        try:
            yield
        finally:
            if change:
                PARANOIA.write_text(before)

    def read(self, errors: str) -> Recording:
        profile = json.loads(gzip.decompress(self.output.read_bytes()))
        samples = sum(thread["samples"]["length"] for thread in profile["threads"])
        lost = [int(count.replace(",", "")) for count in re.findall(r"[Ll]ost ([\d,]+)", errors)]
        return Recording(samples, sum(lost), self.output.stat().st_size)


RECORDERS: list[Recorder] = [Pyrometer(), Perf(), Samply(), Timer()]
