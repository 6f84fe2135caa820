"""A salvaged record is written as a line and read back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.errors import NotProven
from drctl.model.offsets import TopicPartition
from drctl.model.salvage import Content, Fate, Stamped
from drctl.plans.lines import line_of, record_of

P = TopicPartition("orders", 3)
maybe = st.none() | st.binary(max_size=20)
contents = st.builds(
    Content,
    st.just(P),
    st.integers(0, 2**62),
    maybe,
    maybe,
    st.lists(st.tuples(st.text(max_size=8), maybe), max_size=3).map(tuple),
    st.none() | st.integers(0, 2**42),
    st.sampled_from(Stamped),
    st.sampled_from(Fate),
    st.none() | st.integers(0, 1000),
)


@given(contents)
def test_every_record_comes_back_as_it_was_on_one_line(record: Content) -> None:
    line = line_of(record)
    assert b"\n" not in line
    assert record_of(P, line) == record


def test_a_line_is_what_the_runbook_says() -> None:
    record = Content(P, 7, b"k", None, (("h", b"v"),), 12, Stamped.LOG, Fate.ABORTED, 4)
    assert json.loads(line_of(record)) == {
        "offset": 7,
        "timestamp": 12,
        "timestampType": "LogAppendTime",
        "transaction": "aborted",
        "leaderEpoch": 4,
        "key": "aw==",
        "value": None,
        "headers": [["h", "dg=="]],
    }


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b'{"offset":1,"secret":"payload"}', b"\xff"])
def test_a_line_that_is_no_record_is_refused_without_showing_it(line: bytes) -> None:
    with pytest.raises(NotProven) as caught:
        record_of(P, line)
    assert "payload" not in str(caught.value)
