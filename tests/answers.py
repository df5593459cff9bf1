"""What a program of ``examples/`` says of its own CPU time, and the intervals in which a sampled share must lie."""

import json
import math
from dataclasses import dataclass

#: The normal quantile of a two-sided 99 % interval.
Z99 = 2.5758


@dataclass(frozen=True)
class Answer:
    """CPU time by the program's own clock, in nanoseconds, its child process included."""

    self_ns: dict[str, int]
    total_ns: dict[str, int]
    thread_ns: dict[str, int]

    @property
    def whole_ns(self) -> int:
        """CPU time of all functions together."""
        return sum(self.self_ns.values())

    def self_share(self, function: str) -> float:
        """The share of ``function``'s own body, from 0 to 1."""
        return self.self_ns[function] / self.whole_ns

    def total_share(self, function: str) -> float:
        """The share of ``function`` and all that it called, from 0 to 1."""
        return self.total_ns[function] / self.whole_ns


def read_answer(output: str) -> Answer:
    """The answer in the last line of a program's standard output."""
    report = json.loads(output.strip().splitlines()[-1])
    answer = Answer(report["self_ns"], report["total_ns"], report["thread_ns"])
    if "child" in report:
        answer = _with_child(answer, report["child"])
    return answer


def _with_child(answer: Answer, child: dict[str, dict[str, int]]) -> Answer:
    # The child's thread is a "main" of its own; the threads of the answer are the parent's.
    return Answer(answer.self_ns | child["self_ns"], answer.total_ns | child["total_ns"], answer.thread_ns)


def wilson(count: int, of: int, z: float = Z99) -> tuple[float, float]:
    """The Wilson score interval of a share of which ``count`` of ``of`` samples were seen.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    share = count / of
    centre = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return (centre - spread) / scale, (centre + spread) / scale


def binomial_interval(share: float, of: int, z: float = Z99) -> tuple[float, float]:
    """The counts between which a sample of ``of`` lies when the true share is ``share``, by the normal approximation.

    Half a count is added on either side, for a count is a whole number.
    """
    spread = z * math.sqrt(of * share * (1 - share)) + 0.5
    return of * share - spread, of * share + spread
