"""The contract of Topics, for the fake and the real thing."""

from uuid import uuid4

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict, NotFound
from drctl.model.offsets import Committed, LogBounds, TopicPartition
from drctl.plans.retention import FROZEN
from tests.contract.harness import Harness
from tests.contract.waiting import until

CLOCK = SystemClock()


def test_one_setting_is_set_and_the_others_stay(harness: Harness) -> None:
    name = harness.topic()
    harness.topics.change({name: {"retention.ms": "3600000"}})
    for _ in range(2):
        harness.topics.change({name: {"max.message.bytes": "2000000"}})
    wanted = {"retention.ms": "3600000", "max.message.bytes": "2000000"}
    until(CLOCK, "it shows", lambda: wanted.items() <= harness.brokers.topics([name])[name].config.items())


def test_partitions_are_added_up_to_the_count_and_never_taken_away(harness: Harness) -> None:
    name = harness.topic(partitions=2)
    for count, there in ((4, 4), (4, 4), (3, 4)):
        harness.topics.add_partitions(name, count)
        until(CLOCK, "it shows", lambda: len(harness.brokers.topics([name])[name].partitions) == there)  # noqa: B023


def test_a_topic_that_does_not_exist_is_not_found(harness: Harness) -> None:
    with pytest.raises(NotFound):
        harness.topics.own(["no-such-topic"])
    with pytest.raises(NotFound):
        harness.topics.change({"no-such-topic": {"retention.ms": "3600000"}})
    with pytest.raises(NotFound):
        harness.topics.add_partitions("no-such-topic", 2)


def test_a_value_that_the_brokers_decline_changes_nothing(harness: Harness) -> None:
    name = harness.topic()
    with pytest.raises(Conflict, match="many"):
        harness.topics.change({name: {"min.insync.replicas": "many"}})


def test_a_topic_is_created_as_it_is_wanted_and_one_that_exists_is_left_as_it_is(harness: Harness) -> None:
    name = f"contract-{uuid4().hex}"
    for partitions, config in ((3, {"retention.ms": "3600000"}), (5, {})):
        harness.topics.create(name, partitions, 1, config)
        until(CLOCK, "it is there", lambda: name in harness.brokers.topics([name]))
    assert len(harness.brokers.topics([name])[name].partitions) == 3
    until(CLOCK, "the settings are shown", lambda: own(harness, name) == {"retention.ms": "3600000"})


def test_a_topic_that_is_deleted_and_created_is_another_one_without_records_or_positions(harness: Harness) -> None:
    name = harness.topic()
    partition, group = TopicPartition(name, 0), f"readers-of-{name}"
    harness.write(partition, b"old")
    harness.positions.commit(group, {partition: Committed(1)})
    was = harness.brokers.topics([name])[name].topic_id
    for _ in range(2):
        harness.topics.delete(name)
        until(CLOCK, "it is gone", lambda: name not in harness.brokers.topics([name]))
    until(CLOCK, "the position is gone", lambda: not harness.positions.committed([group])[group])
    harness.topics.create(name, 1, 1, {})
    until(CLOCK, "it is there", lambda: name in harness.brokers.topics([name]))
    assert harness.brokers.topics([name])[name].topic_id != was
    until(CLOCK, "it has a leader", lambda: harness.records.bounds([partition])[partition] == LogBounds(0, 0, 0))


def test_more_replicas_than_brokers_are_declined(harness: Harness) -> None:
    name = f"contract-{uuid4().hex}"
    with pytest.raises(Conflict, match=name):
        harness.topics.create(name, 1, 9, {})
    assert name not in harness.brokers.topics([name])


def own(harness: Harness, topic: str) -> dict[str, str]:
    return dict(harness.topics.own([topic])[topic])


def test_a_topic_without_settings_of_its_own_has_none(harness: Harness) -> None:
    assert own(harness, harness.topic()) == {}
    assert harness.topics.own([]) == {}


def test_what_is_set_is_own_and_what_is_given_back_is_not(harness: Harness) -> None:
    topic, other = harness.topic(), harness.topic()
    harness.topics.change({topic: {"retention.ms": "3600000", "segment.ms": "600000"}})
    until(
        CLOCK,
        "the settings are shown",
        lambda: own(harness, topic) == {"retention.ms": "3600000", "segment.ms": "600000"},
    )
    harness.topics.change({topic: {"retention.ms": None}})
    until(CLOCK, "the settings are shown", lambda: own(harness, topic) == {"segment.ms": "600000"})
    assert own(harness, other) == {}


def test_brokers_take_what_keeps_everything_and_show_it(harness: Harness) -> None:
    topic = harness.topic()
    for _ in range(2):
        harness.topics.change({topic: FROZEN})
        until(CLOCK, "the settings are shown", lambda: own(harness, topic) == FROZEN)
    harness.topics.change({topic: dict.fromkeys(FROZEN)})
    until(CLOCK, "the settings are shown", lambda: own(harness, topic) == {})
