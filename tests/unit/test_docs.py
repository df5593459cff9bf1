"""The examples of the documentation do what it says."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["api.md"])
def test_examples_run(name):
    failed, attempted = doctest.testfile(str(DOCS / name), module_relative=False)
    assert attempted > 10
    assert not failed
