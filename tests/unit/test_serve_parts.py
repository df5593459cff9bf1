"""What a page may ask of a large profile: an answer, or none, whatever stands in the address."""

import known
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrometer.profile import ProfileData
from pyrometer.serve.parts import Parts

WORDS = st.sampled_from(
    ["", "0", "1", "-1", "9" * 30, "9" * 5000, "nan_inf", "0_1", "1e308_-1e308", "0.1.2", "..", "é"]
)
NAMES = st.sampled_from(["metric", "function", "open", "window", "other"])


@pytest.fixture(scope="module")
def parts():
    found = Parts.of(ProfileData(known.profile().native), inside=1)
    assert found is not None
    return found


def test_a_tree_and_sums_are_answered(parts):
    assert parts.answer("tree", {"metric": "0"})
    assert parts.answer("sums", {"metric": "0"})
    assert parts.answer("tree", {}) is None
    assert parts.answer("other", {"metric": "0"}) is None


@given(
    st.sampled_from(["tree", "sums", "neighbours", "whole", ""]), st.dictionaries(NAMES, WORDS | st.text(max_size=9))
)
def test_any_query_has_an_answer_or_none(parts, name, asked):
    found = parts.answer(name, asked)
    assert found is None or found[1]
