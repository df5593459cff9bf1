"""Frozen dataclasses that are made with their first object are frozen dataclasses."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass, replace

import pytest

from pyrometer.frozen import frozen


@frozen
class Point:
    """A place."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)


@frozen
class Checked:
    """Looks at what it is given."""

    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError(self.value)


def test_objects_are_those_of_a_frozen_dataclass():
    first, second = Point(1), Point(1, y=2)
    assert first == second != Point(2)
    assert first.names is not second.names
    assert repr(first) == "Point(x=1, y=2, names=[])"
    assert asdict(replace(first, x=3)) == {"x": 3, "y": 2, "names": []}
    assert [each.name for each in fields(first)] == ["x", "y", "names"]
    assert is_dataclass(Point)
    with pytest.raises(FrozenInstanceError):
        first.x = 2  # type: ignore[misc]
    assert copy.deepcopy(first) == pickle.loads(pickle.dumps(first)) == first
    assert hash(Checked(3)) == hash(Checked(3))


def test_the_first_object_is_checked_as_every_other():
    for _ in range(2):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
            Point()  # type: ignore[call-arg]
        with pytest.raises(ValueError, match="-1"):
            Checked(-1)


def test_an_object_of_another_process_is_the_first():
    told = pickle.dumps(_example())
    code = (
        "import pickle, sys\n"
        "place = pickle.loads(sys.stdin.buffer.read())\n"
        "print(place == pickle.loads(pickle.dumps(place)), repr(place))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=told, capture_output=True, check=True)
    assert done.stdout.decode().strip() == f"True {_example()!r}"


def test_threads_may_ask_for_the_first_object_at_once():
    for _ in range(50):

        @frozen
        class Row:
            """Of no table."""

            number: int

        def row(number: int, kind: type[Row] = Row) -> int:
            return kind(number).number

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(row, range(8))) == list(range(8))


def test_classes_that_a_command_does_not_use_are_not_made():
    code = (
        "import pyrometer.analyze as a\n"
        "print('__dataclass_fields__' in vars(a.Diff), '__dataclass_fields__' in vars(a.Place))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def _example():
    from pyrometer.profile import Meta

    return Meta(command=["ls"])
