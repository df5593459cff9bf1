"""``pyrometer counts`` called as the program counts is: its options and files, and nothing else.

That is counted without click, whose loading takes as long as counting a hundred megabytes. Everything else, mistakes
among it, is left to the command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from pyrometer.cli.counting import Asked, count_lines, read_by_nobody

_WEIGHTS = {"i": "integral", "w": "integral", "f": "fractional"}
_ERASE = "e"


class Call(NamedTuple):
    """What is to be counted, and how."""

    files: tuple[str, ...]
    weights: str | None = None
    erase: bool = False

    def run(self) -> None:
        """Count and print."""
        rules = {"erase": self.erase, "prefix": None, "pattern": None, "by": ()}
        try:
            count_lines(self.files, None, self.weights, False, Asked(), **rules)
        except BrokenPipeError:
            read_by_nobody(sys.stdout)


def understood(arguments: Sequence[str]) -> Call | None:
    """What the words after ``counts`` ask for; None if that is more. On Windows click has to look for files."""
    words = [word for word in arguments if word == "-" or not word.startswith("-")]
    letters = {letter for word in arguments if word not in words for letter in word[1:]}
    weights = {_WEIGHTS[letter] for letter in letters & _WEIGHTS.keys()}
    if letters - _WEIGHTS.keys() - {_ERASE} or len(weights) > 1 or os.name == "nt":
        return None
    return Call(tuple(words), next(iter(weights), None), _ERASE in letters)
