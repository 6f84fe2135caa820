"""MirrorMaker 2's records, byte by byte."""

import struct
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from confluent_kafka import Message

from drctl.drivers.kafka import mappings as driver
from drctl.drivers.kafka.mappings import KafkaMappings, decode_checkpoint, decode_sync
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Unsupported
from drctl.model.link import checkpoints_topic, syncs_topic
from drctl.model.offsets import Checkpoint, OffsetSync, TopicPartition
from tests.unit.drivers.message import message

SYNC = ("00066f726465727300000003", "000000000000041200000000000003d1")
CHECKPOINT = (
    "000762696c6c696e6700066f726465727300000003",
    "0000000000000000041300000000000003d20000",
)


def test_a_sync_is_read_from_its_bytes() -> None:
    assert decode_sync(message(*SYNC)) == (TopicPartition("orders", 3), OffsetSync(1042, 977))


def test_a_checkpoint_is_read_from_its_bytes() -> None:
    wanted = ("billing", TopicPartition("orders", 3), Checkpoint(1043, 978))
    assert decode_checkpoint(message(*CHECKPOINT)) == wanted


@pytest.mark.parametrize(
    "key", ["", "0006", "00ff6f72", "ffff", "00066f7264657273000003", "0002fffe00000003", SYNC[0] + "00"]
)
def test_a_key_that_is_none_names_its_place(key: str) -> None:
    with pytest.raises(Unsupported, match=r"topic-0 offset 7 is no"):
        decode_sync(message(key, SYNC[1]))


@pytest.mark.parametrize("value", ["", "00", SYNC[1][:-2], SYNC[1] + "00"])
def test_a_sync_that_is_none_names_its_place(value: str) -> None:
    with pytest.raises(Unsupported, match=r"topic-0 offset 7 is no"):
        decode_sync(message(SYNC[0], value))


@pytest.mark.parametrize("value", ["", "0001" + CHECKPOINT[1][4:], CHECKPOINT[1][:20]])
def test_a_checkpoint_of_another_version_or_cut_short_names_its_place(value: str) -> None:
    with pytest.raises(Unsupported, match=r"topic-0 offset 7 is no"):
        decode_checkpoint(message(CHECKPOINT[0], value))


SEPARATOR, OWN = "replication.policy.separator", "replication.policy.internal.topic.separator.enabled"


@pytest.mark.parametrize(
    ("config", "syncs", "checkpoints"),
    [
        ({}, "mm2-offset-syncs.north.internal", "north.checkpoints.internal"),
        ({SEPARATOR: ""}, "mm2-offset-syncsnorthinternal", "northcheckpointsinternal"),
        ({SEPARATOR: "_"}, "mm2-offset-syncs_north_internal", "north_checkpoints_internal"),
        ({SEPARATOR: "_", OWN: "true"}, "mm2-offset-syncs_north_internal", "north_checkpoints_internal"),
        ({SEPARATOR: "_", OWN: "false"}, "mm2-offset-syncs.north.internal", "north.checkpoints.internal"),
    ],
)
def test_internal_topics_are_named_as_mirror_maker_names_them(
    config: dict[str, str], syncs: str, checkpoints: str
) -> None:
    assert (syncs_topic("north", config), checkpoints_topic("north", config)) == (syncs, checkpoints)


def test_the_source_connectors_settings_name_the_topics_and_are_asked_at_first_use() -> None:
    asked: list[str] = []

    def settings() -> dict[str, str]:
        asked.append("")
        return {SEPARATOR: "-"}

    north, south = (KafkaSite(name, {"bootstrap.servers": "localhost:1"}) for name in ("north", "south"))
    mappings = KafkaMappings(north, south, settings)
    assert not asked, "nothing connects before it is used"
    assert mappings.syncs_topic == "mm2-offset-syncs-north-internal"
    assert mappings.checkpoints_topic == "north-checkpoints-internal"
    assert len(asked) == 1


class Listed(NamedTuple):
    """A topic as the brokers list it."""

    topic_id: str = "id"


class OneOfEach:
    """Brokers that have every topic."""

    def __init__(self, _: KafkaSite) -> None:
        """Of whichever site."""

    def topics(self, names: Collection[str]) -> dict[str, Listed]:
        return {name: Listed() for name in names}


def test_what_two_threads_ask_for_at_once_is_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noted twice it would look as if the link had copied again, and a stale sync would be the newest."""
    place, syncs = TopicPartition("orders", 3), (OffsetSync(0, 0), OffsetSync(5, 7))
    key = bytes.fromhex(SYNC[0])
    written = [
        Message(topic="syncs", partition=0, offset=n, key=key, value=struct.pack(">qq", each.upstream, each.downstream))
        for n, each in enumerate(syncs)
    ]
    begun, both = threading.Event(), threading.Event()

    def read(_: KafkaSite, partition: TopicPartition, start: int) -> Iterator[Message]:
        assert partition.partition == 0
        first = not begun.is_set()
        begun.set()
        yield from written[start:]
        if first:
            both.wait(0.3)  # for the other one, if nothing keeps it from reading the same
        else:
            both.set()

    monkeypatch.setattr(driver, "KafkaBrokers", OneOfEach)
    monkeypatch.setattr(driver, "read", read)
    north, south = (KafkaSite(name, {"bootstrap.servers": "localhost:1"}) for name in ("north", "south"))
    mappings = KafkaMappings(north, south)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(mappings.syncs, [place])
    assert mappings.syncs([place]) == {place: syncs}
