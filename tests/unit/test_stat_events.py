"""Lists of events: groups, PMU terms, and what is said of a list that is none."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrometer.collect.events import parse
from pyrometer.errors import UnknownEventError

NAME = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}(:u)?", fullmatch=True), st.just("cpu/event=0x3c,umask=1/"), st.just("r1a8")
)


@given(st.lists(st.lists(NAME, min_size=1, max_size=4), min_size=1, max_size=5))
def test_what_is_written_is_read(groups: list[list[str]]):
    text = ",".join(group[0] if len(group) == 1 else "{" + ",".join(group) + "}" for group in groups)
    assert parse(text) == groups


@given(st.text(alphabet="ab,{}/ ", max_size=12))
def test_anything_is_a_list_or_a_clear_error(text: str):
    groups: list[list[str]] = [["whatever"]]
    with suppress(UnknownEventError):
        groups = parse(text)
    assert groups
    assert all(name.strip() for group in groups for name in group)
    assert all(groups)


@pytest.mark.parametrize("text", ["", ",", "a,,b", "{a", "a}", "{a}b", "a{b}", "{{a}}", "{}", "cpu/a", "{a,}"])
def test_what_is_no_list(text: str):
    with pytest.raises(UnknownEventError):
        parse(text)
