"""Records of ``__consumer_offsets``, held against bytes that Kafka's own classes wrote."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.drivers.kafka.offsets_topic import OffsetsTopic
from drctl.model.changes import Change, GroupForgotten, GroupSeen, PositionForgotten, PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member

LINES = (Path(__file__).parent / "consumer_offsets.txt").read_text().splitlines()
RECORDS = {name: bytes.fromhex(raw) for name, raw in (line.split() for line in LINES if not line.startswith("#"))}
ORDERS = TopicPartition("orders", 3)
TOPIC_ID = "AQIDBAUGBwgJCgsMDQ4PEA"
AT = 1_700_000_000_123
BOTH = frozenset({TopicPartition("orders", 0), ORDERS})


def told(*records: tuple[str, str | None]) -> tuple[list[Change], OffsetsTopic]:
    topic = OffsetsTopic()
    changes = [c for k, v in records for c in topic.changes(RECORDS[k], None if v is None else RECORDS[v])]
    return changes, topic


@pytest.mark.parametrize("version", range(5))
@pytest.mark.parametrize("key", ["k0", "k1"])
def test_a_position_of_every_version(key: str, version: int) -> None:
    changes, topic = told((key, f"v{version}"))
    topic_id = TOPIC_ID if version == 4 else None
    assert changes == [PositionMoved("g", ORDERS, Committed(42, "mé"), AT, topic_id)]
    assert not topic.unknown


def test_a_position_without_metadata_and_without_a_topic_id() -> None:
    assert told(("k1", "v4plain"))[0] == [PositionMoved("g", ORDERS, Committed(42), AT)]


def test_a_position_whose_metadata_needs_a_longer_length() -> None:
    assert told(("k1", "v4long"))[0] == [PositionMoved("g", ORDERS, Committed(42, "m" * 200), AT, TOPIC_ID)]


def test_the_byte_that_confluent_kafka_ends_metadata_with_is_no_part_of_it() -> None:
    long, plain = RECORDS["v4long"], RECORDS["v4plain"]
    assert plain[14] == 1, "no metadata"
    ended = plain[:14] + b"\x04by\0" + plain[15:]
    ended_long = long.replace(b"m" * 200, b"m" * 199 + b"\0")
    for value, metadata in ((ended, "by"), (ended_long, "m" * 199)):
        (change,) = OffsetsTopic().changes(RECORDS["k1"], value)
        assert isinstance(change, PositionMoved)
        assert change.committed == Committed(42, metadata)


def test_a_position_that_was_deleted() -> None:
    assert told(("k1", None))[0] == [PositionForgotten("g", ORDERS)]


@pytest.mark.parametrize("version", range(5))
def test_a_classic_group_of_every_version(version: int) -> None:
    instance = "static-1" if version >= 3 else None
    member = Member("m-1", "c", "/10.0.0.1", instance, BOTH)
    assert told(("k2", f"g{version}"))[0] == [GroupSeen("g", GroupProtocol.CLASSIC, (member,))]


def test_a_classic_group_that_is_empty_and_then_deleted() -> None:
    changes, _ = told(("k2", "gempty"), ("k2", None))
    assert changes == [GroupSeen("g", GroupProtocol.CLASSIC), GroupForgotten("g")]


def test_a_kip_848_group_is_told_piece_by_piece() -> None:
    changes, topic = told(
        ("k3", "c3"), ("k5", "c5"), ("k1", "v4"), ("k8", "c8"), ("k8", None), ("k5", None), ("k3", None)
    )
    member = Member("m-1", "c", "/10.0.0.1", "static-1")
    seen = [c.members for c in changes if isinstance(c, GroupSeen)]
    assert seen == [(), (member,), (Member("m-1", "c", "/10.0.0.1", "static-1", BOTH),), (member,), ()]
    assert changes[-1] == GroupForgotten("g")
    assert not topic.unknown


def test_an_assignment_of_a_topic_whose_id_nobody_told_is_left_out() -> None:
    changes, _ = told(("k5", "c5"), ("k8", "c8"))
    assert changes[-1] == GroupSeen("g", GroupProtocol.CONSUMER, (Member("m-1", "c", "/10.0.0.1", "static-1"),))


def test_an_assignment_is_told_again_once_its_topics_id_is_known() -> None:
    changes, _ = told(("k5", "c5"), ("k8", "c8"), ("k1", "v4"), ("k1", "v4"))
    member = Member("m-1", "c", "/10.0.0.1", "static-1", BOTH)
    assert [type(c) for c in changes[2:]] == [PositionMoved, GroupSeen, PositionMoved]
    assert changes[3] == GroupSeen("g", GroupProtocol.CONSUMER, (member,))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (b"\x00\x63abc", b"\x00\x00", "key 99"),
        (RECORDS["k1"], b"\x00\x09" + RECORDS["v4"][2:], "a position of version 9"),
        (RECORDS["k2"], b"\x00\x09" + RECORDS["g4"][2:], "a classic group of version 9"),
        (RECORDS["k5"], b"\x00\x09" + RECORDS["c5"][2:], "a member of version 9"),
        (RECORDS["k1"], RECORDS["v4"][:-30], "malformed"),
        (RECORDS["k1"][:-2], RECORDS["v4"], "malformed"),
        (None, b"", "no key"),
    ],
)
def test_what_is_not_known_is_counted_by_its_kind_and_never_fatal(key: bytes | None, value: bytes, said: str) -> None:
    topic = OffsetsTopic()
    for _ in range(2):
        assert not list(topic.changes(key, value))
    ((kind, count),) = topic.unknown.items()
    assert said in kind
    assert count == 2


@pytest.mark.parametrize("kind", [9, 11, 15, 17, 19, 23])
def test_what_share_and_streams_groups_write_is_known_and_passed_over(kind: int) -> None:
    topic = OffsetsTopic()
    assert not list(topic.changes(kind.to_bytes(2, "big") + b"\0\4jobs", b"\0\0"))
    assert not topic.unknown


@given(kind=st.integers(0, 25), key=st.binary(max_size=60), value=st.none() | st.binary(max_size=120))
def test_no_bytes_whatsoever_raise(kind: int, key: bytes, value: bytes | None) -> None:
    list(OffsetsTopic().changes(kind.to_bytes(2, "big") + key, value))


@given(name=st.sampled_from(sorted(RECORDS)), cut=st.integers(0, 80), at=st.integers(0, 80), by=st.integers(0, 255))
def test_no_damaged_record_raises(name: str, cut: int, at: int, by: int) -> None:
    raw = bytearray(RECORDS[name])
    raw[at % len(raw)] = by
    damaged = bytes(raw[: len(raw) - cut % len(raw)])
    for key in ("k0", "k1", "k2", "k3", "k5", "k8"):
        list(OffsetsTopic().changes(RECORDS[key], damaged))
        list(OffsetsTopic().changes(damaged, RECORDS["v4"]))
