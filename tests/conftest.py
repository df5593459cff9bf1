"""Fixtures: running the installed command, and recordings that are made once and shared by all tests."""

import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

import programs
from installed import PYROMETER, Record, Run
from recordings import Recorded

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
NO_SKIPS = "PYROMETER_NO_SKIPS"
"""Set where everything is there that a test may need: what is skipped then is a failure."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped where none may be has failed, with the reason of the skip."""
    report = yield
    if report.skipped and os.environ.get(NO_SKIPS) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """The symbols of earlier runs must not help: every session starts with an empty cache folder."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    yield folder
    os.environ.pop("XDG_CACHE_HOME")
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def run_pyrometer() -> Run:
    """``run_pyrometer("show", path)``: runs the installed command and returns what it did; never raises."""

    def run(*arguments: str | Path | int, **options) -> subprocess.CompletedProcess[str]:
        command = [str(PYROMETER), *map(str, arguments)]
        options = {"capture_output": True, "text": True, "timeout": 120} | options
        return subprocess.run(command, check=False, **options)

    return run


@pytest.fixture(scope="session")
def recorded(run_pyrometer: Run, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """``recorded(program, *arguments, rate=999)``: the recording of a program, made at the first call."""
    made: dict[tuple[str | int, ...], Recorded] = {}

    def record(program: Path, *arguments: str, rate: int = 999) -> Recorded:
        key = (str(program), *arguments, rate)
        if key not in made:
            path = tmp_path_factory.mktemp("recording") / f"{program.name}.pyro"
            done = run_pyrometer("record", "--rate", rate, "-o", path, "--", program, *arguments)
            made[key] = Recorded(path, done.returncode, done.stdout, done.stderr)
        return made[key]

    return record


@pytest.fixture
def build() -> Callable[[Callable[..., Path], str, str], Path]:
    """Builds a program, or skips the test with the reason why it cannot be built here."""

    def build_or_skip(language: Callable[..., Path], *arguments: str) -> Path:
        try:
            return language(*arguments)
        except programs.CannotBuildError as error:
            if "is not installed" not in str(error):
                raise
            pytest.skip(str(error))

    return build_or_skip


@pytest.fixture
def paranoid() -> Iterator[None]:
    """``perf_event_paranoid`` is 2, as the kernel has it by default."""
    before = PARANOID.read_text()
    if before.strip() != "2":
        if os.geteuid() != 0:
            pytest.skip(f"perf_event_paranoid is {before.strip()}, and only root may set it to 2")
        PARANOID.write_text("2")
    yield
    if before.strip() != "2":
        PARANOID.write_text(before)
