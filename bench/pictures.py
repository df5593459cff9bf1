"""From the program's end to a symbolized flame graph with inlined functions, on disk.

The same program is recorded at the same rate by every chain, so that the number of samples is the same to a few per
cent. A chain that takes longer than a limit is stopped, and its time is then that limit: a lower bound.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.loads import Load
from bench.process import WORK, RunError, program, run, timed
from bench.recorders import PEERS, VENV, Perf, Pyrometer, Samply

RATE = 999


@dataclass(frozen=True)
class Picture:
    """How long one chain took."""

    chain: str
    seconds: float
    stopped: bool = False
    """The limit was reached: the true time is longer."""
    failure: str = ""
    """Why there is no time."""


def pyrometer_record(load: Load, limit: float) -> float:
    """Seconds from the program's end to the end of ``pyrometer record``, and then of ``pyrometer flamegraph``."""
    recorder = Pyrometer()
    recorded = run(recorder.command(timed(load.command), RATE), limit)
    drawn = run([VENV / "pyrometer", "flamegraph", recorder.output, "-o", WORK / "pyrometer.svg"], limit)
    return recorded.end - program().end + drawn.wall


def pyrometer_direct(load: Load, limit: float) -> float:
    """Seconds from the program's end to the end of ``pyrometer flamegraph -- PROGRAM``."""
    command = [VENV / "pyrometer", "flamegraph", "--rate", str(RATE), "-o", WORK / "pyrometer.svg", "--"]
    drawn = run([*command, *timed(load.command)], limit)
    return drawn.end - program().end


def perf_and_inferno(load: Load, limit: float) -> float:
    """Seconds from the program's end through ``perf script`` with inlined functions and inferno."""
    recorder = Perf()
    recorded = run(recorder.command(timed(load.command), RATE), limit)
    collapse, draw = PEERS / "inferno-collapse-perf", PEERS / "inferno-flamegraph"
    script = f"perf script --inline -i {recorder.output} | {collapse} | {draw} > {WORK / 'perf.svg'}"
    ended = program().end
    return recorded.end - ended + run([script], limit, shell=True).wall


def flamegraph(load: Load, limit: float) -> float:
    """Seconds from the program's end to the end of ``flamegraph``, which is what ``cargo flamegraph`` runs."""
    command = [PEERS / "flamegraph", "--freq", str(RATE), "-o", WORK / "flamegraph.svg", "--"]
    drawn = run([*command, *timed(load.command)], limit)
    return drawn.end - program().end


def samply(load: Load, limit: float) -> float:
    """Seconds from the program's end to samply's file with symbols beside it; it draws no picture by itself."""
    output = WORK / "samply-symbols.json.gz"
    command = [PEERS / "samply", "record", "--save-only", "--unstable-presymbolicate", "--rate", str(RATE)]
    with Samply().allowed():
        saved = run([*command, "-o", output, "--", *timed(load.command)], limit)
    return saved.end - program().end


CHAINS: dict[str, Callable[[Load, float], float]] = {
    "pyrometer record, then flamegraph": pyrometer_record,
    "pyrometer flamegraph -- PROGRAM": pyrometer_direct,
    "perf script --inline, inferno": perf_and_inferno,
    "cargo flamegraph's own way": flamegraph,
    "samply with symbols (no picture)": samply,
}


def draw(load: Load, limit: float) -> list[Picture]:
    """Times every chain once; none stops another."""
    return [_draw_one(name, chain, load, limit) for name, chain in CHAINS.items()]


def _draw_one(name: str, chain: Callable[[Load, float], float], load: Load, limit: float) -> Picture:
    _remove_pictures()
    try:
        return Picture(name, chain(load, limit))
    except RunError as error:
        stopped = "stopped after" in str(error)
        return Picture(name, limit, stopped, "" if stopped else str(error))
    except OSError as error:
        return Picture(name, limit, failure=str(error))


def _remove_pictures() -> None:
    for picture in WORK.glob("*.svg"):
        picture.unlink()
