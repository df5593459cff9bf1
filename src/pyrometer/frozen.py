"""Frozen dataclasses that are made when they are first used.

:func:`dataclasses.dataclass` compiles six functions for a class, which takes most of a millisecond in Python 3.11: of
the hundred classes here a command uses a few, and made all at once they are a third of the time that a small profile
takes to be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, dataclass_transform

_Class = TypeVar("_Class", bound=type)

_MAKING = Lock()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: _Class) -> _Class:
    """``kind`` as a frozen dataclass, made with its first object, whichever thread asks for it.

    Until then :func:`dataclasses.fields` does not know the class; its objects it does always. No such class has
    another for its base.
    """

    def first(cls: type, *_: Any, **__: Any) -> Any:
        with _MAKING:
            if kind.__new__ is first:
                dataclass(frozen=True)(kind)
                kind.__new__ = _new
        return object.__new__(cls)

    # Objects begin here also where they are copied or unpickled. It is replaced, not deleted, which Python would not
    # forget, and only when all else is there.
    kind.__new__ = first
    return kind


def _new(cls: type, *_: Any, **__: Any) -> Any:
    return object.__new__(cls)
