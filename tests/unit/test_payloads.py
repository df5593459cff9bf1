"""Payloads of events in files that anybody may have written: what fits, or an error that says what does not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyrometer
from pyrometer import CorruptProfileError

NUMBERS = st.integers(-(1 << 70), 1 << 70) | st.integers(0, 30) | st.floats() | st.booleans()
VALUES = st.recursive(
    st.none() | NUMBERS | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)
RUNS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3)
LATENCY = {
    "selected": "a.c:1",
    "progress_point": "done",
    "speedup": 0.5,
    "visits": 9,
    "duration": 7,
    "difference": 1.5,
}


def with_event(name, payload):
    """A profile with an allocation, an experiment and one event."""
    experiment = {key: value for key, value in LATENCY.items() if key != "difference"}
    return pyrometer.build(
        functions=[{"name": "main"}],
        frames=[{"function": 0}],
        stacks=[{"frame": 0}],
        metrics=[{"name": "alloc-bytes", "kind": "exact"}],
        samples=[{"stack": 0, "value": 1}],
        events=[{"name": name, "payload": payload, "stack": 0}],
        experiments=[experiment],
    )


def accesses(payload):
    return with_event("access-histogram", payload).accesses()


def causal(payload):
    return with_event("coz-latency-point", payload).causal()


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "no JSON",
        "[1]",
        "[" * 100_000,
        "1" * 5000,
        "{}",
        '{"block_size":1152921504606846976,"runs":[[1152921504606846976,0]],"wrapped":false}',
        '{"block_size":2,"runs":[[1,0]],"wrapped":false}',
        '{"block_size":2,"runs":[[true,0],[1,0]],"wrapped":false}',
    ],
)
def test_a_histogram_that_is_none_is_a_damaged_file(payload):
    with pytest.raises(CorruptProfileError, match="access-histogram"):
        accesses(payload)


def test_a_histogram_is_as_long_as_its_block():
    (row,) = accesses('{"block_size":4,"runs":[[1,7],[3,0]],"wrapped":false}').rows
    assert (row.block_size, row.accesses, row.unused, row.runs) == (4, 7, 3, ((1, 7), (3, 0)))


@pytest.mark.parametrize("field", sorted(set(LATENCY) - {"selected"}))
@pytest.mark.parametrize("value", [None, True, -1 << 80, [], {}])
def test_a_latency_point_that_is_none_is_a_damaged_file(field, value):
    with pytest.raises(CorruptProfileError, match="coz-latency-point"):
        causal(json.dumps({**LATENCY, field: value}))


@given(st.dictionaries(st.sampled_from(["block_size", "runs", "wrapped"]), VALUES | RUNS))
def test_any_histogram_is_shown_or_refused(fields):
    try:
        found = accesses(json.dumps({"block_size": 3, "runs": [[3, 0]], "wrapped": False} | fields))
    except CorruptProfileError:
        return
    assert all(0 <= row.unused <= row.block_size for row in found.rows)


@given(st.dictionaries(st.sampled_from(sorted(LATENCY)), VALUES))
def test_any_latency_point_is_shown_or_refused(fields):
    try:
        found = causal(json.dumps(LATENCY | fields))
    except CorruptProfileError:
        return
    assert found.results >= 1
