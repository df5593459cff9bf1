"""Lines whose parts have styles, and how thousands of them get to a terminal at once.

rich makes objects of each part of each line, which takes longer than all that led to it. What a console puts around a
text of some style is the same for every text: it is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

Span = tuple[str, str]
"""A text without line breaks, and its style, as rich names it; empty for none."""
Line = Sequence[Span]


class _Written:
    """A text that is printed as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self._text)


def print_lines(lines: Iterable[Line], target: Console) -> None:
    """Print the lines, each in full whatever the console's width."""
    marks = _Marks(target)
    written = [_written(line, marks) for line in lines]
    if written:
        target.print(_Written("".join(written)), end="")


class _Marks(dict[str, tuple[str, str]]):
    """What a console writes before and after a text, by style."""

    def __init__(self, target: Console) -> None:
        super().__init__({"": ("", "")})
        self._target = target

    def __missing__(self, style: str) -> tuple[str, str]:
        before, after = "", ""
        # There, colours are no part of what is written.
        if not self._target.legacy_windows:
            with self._target.capture() as captured:
                self._target.print(Text("|", style), end="")
            before, _, after = captured.get().partition("|")
        self[style] = before, after
        return before, after


def _written(line: Line, marks: _Marks) -> str:
    parts: list[str] = []
    for text, style in line:
        before, after = marks[style]
        parts.append(f"{before}{text}{after}" if text else "")
    return "".join(parts) + "\n"


def stripped(line: list[Span]) -> Line:
    """The line without blanks at its end.

    >>> stripped([("a ", "dim"), ("  ", "")])
    [('a', 'dim')]
    """
    while line:
        text, style = line.pop()
        if text := text.rstrip():
            line.append((text, style))
            break
    return line
