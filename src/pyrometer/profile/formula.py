"""Formulas over metrics: ``Ir + 10 Bm + 10 L1m + 100 LLm``.

Numbers, names, ``+ - * /``, parentheses and ``<= < >= >`` (1 if it holds, else 0). A number before a name or a
parenthesis is multiplied with it, as KCachegrind writes its event types. A name may hold ``-`` and ``.`` where no
blank is around them (``alloc-bytes``); any name may stand in double quotes. A formula is never run as a program: it
becomes a list of steps for a stack.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from math import isfinite
from typing import Literal

from pyrometer.errors import SelectionError
from pyrometer.frozen import frozen

Number = int | float
Value = Number | None
"""None: not defined, as 0 / 0."""
Degree = Literal["constant", "linear", "ratio"]

LONGEST = 2_000
"""Letters of a formula."""
DEEPEST = 64
"""Parentheses inside of each other."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|\"(?P<quoted>[^\"]+)\"|"
    r"(?P<name>[^\W\d][\w.]*(?:-[\w.]+)*)|(?P<operator><=|>=|[-+*/()<>]))"
)
_LEVELS = {"<=": 1, "<": 1, ">=": 1, ">": 1, "+": 2, "-": 2, "*": 3, "/": 3, "negate": 4, "implied": 5}
"""How strongly an operator binds; what is only implied binds like a parenthesis, so that 1 / 2 Ir is 1 / (2 Ir)."""
_COMPARE: dict[str, Callable[[Number, Number], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
_CALCULATE: dict[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@frozen
class Formula:
    """A formula that was understood."""

    text: str
    steps: tuple[Number | str | tuple[str], ...]
    """In the order of a stack: a number, the name of a metric, or an operator in a tuple."""
    degree: Degree
    """``linear``: sums of it are it of the sums, so that it has shares. ``ratio``: it is computed from sums."""

    @property
    def names(self) -> frozenset[str]:
        """The metrics it needs."""
        return frozenset(step for step in self.steps if isinstance(step, str))

    def evaluate(self, values: Mapping[str, Value]) -> Value:
        """The value for the values of its metrics; None where something is not defined, or too large.

        >>> parse("2 a + b / 2", {"a", "b"}).evaluate({"a": 3, "b": 1})
        6.5
        """
        stack: list[Value] = []
        for step in self.steps:
            if isinstance(step, tuple):
                _apply(step[0], stack)
            else:
                stack.append(values[step] if isinstance(step, str) else step)
        return stack.pop()


def parse(text: str, known: Collection[str]) -> Formula:
    """Read a formula over the ``known`` names; a :class:`~pyrometer.SelectionError` says at which column what is wrong.

    >>> parse("a / (b - a)", {"a", "b"}).degree, parse("2 a + b", {"a", "b"}).degree
    ('ratio', 'linear')
    """
    if len(text) > LONGEST:
        raise SelectionError(f"a formula of {len(text):,} letters", f"at most {LONGEST:,} are read", "shorten it")
    return _Parser(text, known).formula()


def _apply(name: str, stack: list[Value]) -> None:
    right = stack.pop()
    if name == "negate":
        stack.append(None if right is None else -right)
        return
    left = stack.pop()
    stack.append(None if left is None or right is None else _calculate(name, left, right))


def _calculate(name: str, left: Number, right: Number) -> Value:
    try:
        if name in _COMPARE:
            return int(_COMPARE[name](left, right))
        result = _CALCULATE[name](left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    # Floating point has no error for what is too large.
    return result if isinstance(result, int) or isfinite(result) else None


class _Parser:
    """The shunting yard (Dijkstra 1961): operators wait on a stack until a weaker one comes."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._known = known
        self._at = 0
        self._start = 0
        self._steps: list[Number | str | tuple[str]] = []
        self._waiting: list[str] = []
        self._degrees: list[Degree] = []
        self._open = 0

    def formula(self) -> Formula:
        wants_value = True
        while (token := self._next()) is not None:
            wants_value = self._value(*token) if wants_value else self._operator(*token)
        if wants_value:
            raise self._error("a number, a name or (", "its end")
        self._flush(0)
        if self._waiting:
            raise self._error(")", "its end")
        return Formula(self._text, tuple(self._steps), self._degrees.pop())

    def _next(self) -> tuple[str, str] | None:
        """The kind and the text of what comes next; None at the end."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        self._start = self._at
        if self._at == len(self._text):
            return None
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._error("a number, a name or one of + - * / ( ) < >", repr(self._text[self._at]))
        kind = match.lastgroup or ""
        text = match[kind]
        self._at = match.end()
        if kind == "name" and text not in self._known:
            text = self._beginning(text)
        return kind, text

    def _beginning(self, name: str) -> str:
        """The longest known beginning, for ``a-b`` may mean ``a - b``."""
        parts = name.split("-")
        for length in range(len(parts) - 1, 0, -1):
            shorter = "-".join(parts[:length])
            if shorter in self._known:
                self._at -= len(name) - len(shorter)
                return shorter
        return name

    def _value(self, kind: str, text: str) -> bool:
        """Take what begins a value; whether a value is still wanted."""
        if kind == "number":
            self._push(float(text) if re.search(r"[.eE]", text) else int(text), "constant")
        elif kind in ("name", "quoted"):
            self._push(self._checked(text), "linear")
        elif text == "(":
            self._open_parenthesis()
            return True
        elif text == "-":
            self._waiting.append("negate")
            return True
        elif text != "+":
            raise self._error("a number, a name or (", repr(text))
        return text == "+" and kind == "operator"

    def _operator(self, kind: str, text: str) -> bool:
        """Take what follows a value; whether another value is wanted."""
        if text == ")" and kind == "operator":
            self._close_parenthesis()
            return False
        if text == "(" or kind in ("name", "quoted"):
            if not isinstance(self._steps[-1], int | float):
                raise self._error("an operator such as + or *", repr(text))
            self._wait("implied")
            return self._value(kind, text)
        if kind == "number":
            raise self._error("an operator such as + or *", repr(text))
        self._wait(text)
        return True

    def _checked(self, name: str) -> str:
        if name in self._known:
            return name
        raise SelectionError(
            f"there is no metric {name!r}, at column {self._start + 1} of {self._text!r}",
            cure=f"choose from: {', '.join(sorted(self._known)) or 'none'}",
        )

    def _push(self, step: Number | str, degree: Degree) -> None:
        self._steps.append(step)
        self._degrees.append(degree)

    def _wait(self, name: str) -> None:
        self._flush(_LEVELS[name])
        self._waiting.append(name)

    def _flush(self, level: int) -> None:
        """Apply what binds at least as strongly, back to the last parenthesis."""
        while self._waiting and self._waiting[-1] != "(" and _LEVELS[self._waiting[-1]] >= level:
            name = self._waiting.pop()
            self._steps.append(("*" if name == "implied" else name,))
            right = self._degrees.pop()
            self._degrees.append(right if name == "negate" else _degree(name, self._degrees.pop(), right))

    def _open_parenthesis(self) -> None:
        self._open += 1
        if self._open > DEEPEST:
            raise SelectionError(f"more than {DEEPEST} parentheses inside of each other", cure="simplify the formula")
        self._waiting.append("(")

    def _close_parenthesis(self) -> None:
        self._flush(0)
        if not self._waiting:
            raise self._error("an operator", "')' without its '('")
        self._waiting.pop()
        self._open -= 1

    def _error(self, expected: str, found: str) -> SelectionError:
        return SelectionError(
            f"the formula {self._text!r} stops making sense at column {self._start + 1}",
            f"expected {expected}, found {found}",
            "write it like: Ir + 10 L1m + 100 LLm",
        )


def _degree(name: str, left: Degree, right: Degree) -> Degree:
    if left == right == "constant":
        return "constant"
    if name in ("+", "-") and left == right == "linear":
        return "linear"
    if name in ("*", "implied") and {left, right} == {"constant", "linear"}:
        return "linear"
    return "linear" if name == "/" and (left, right) == ("linear", "constant") else "ratio"
