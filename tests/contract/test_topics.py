"""The contract of Topics, for the fake and the real thing."""

from uuid import uuid4

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict, NotFound
from drctl.model.offsets import Committed, LogBounds, TopicPartition
from drctl.plans.retention import FROZEN
from tests.contract.stage import Stage
from tests.contract.waiting import until

CLOCK = SystemClock()


def test_one_setting_is_set_and_the_others_stay(stage: Stage) -> None:
    name = stage.topic()
    stage.topics.change({name: {"retention.ms": "3600000"}})
    for _ in range(2):
        stage.topics.change({name: {"max.message.bytes": "2000000"}})
    wanted = {"retention.ms": "3600000", "max.message.bytes": "2000000"}
    until(CLOCK, "it shows", lambda: wanted.items() <= stage.brokers.topics([name])[name].config.items())


def test_partitions_are_added_up_to_the_count_and_never_taken_away(stage: Stage) -> None:
    name = stage.topic(partitions=2)
    for count, there in ((4, 4), (4, 4), (3, 4)):
        stage.topics.add_partitions(name, count)
        until(CLOCK, "it shows", lambda: len(stage.brokers.topics([name])[name].partitions) == there)  # noqa: B023


def test_a_topic_that_does_not_exist_is_not_found(stage: Stage) -> None:
    with pytest.raises(NotFound):
        stage.topics.own(["no-such-topic"])
    with pytest.raises(NotFound):
        stage.topics.change({"no-such-topic": {"retention.ms": "3600000"}})
    with pytest.raises(NotFound):
        stage.topics.add_partitions("no-such-topic", 2)


def test_a_value_that_the_brokers_decline_changes_nothing(stage: Stage) -> None:
    name = stage.topic()
    with pytest.raises(Conflict, match="many"):
        stage.topics.change({name: {"min.insync.replicas": "many"}})


def test_a_topic_is_created_as_it_is_wanted_and_one_that_exists_is_left_as_it_is(stage: Stage) -> None:
    name = f"contract-{uuid4().hex}"
    for partitions, config in ((3, {"retention.ms": "3600000"}), (5, {})):
        stage.topics.create(name, partitions, 1, config)
        until(CLOCK, "it is there", lambda: name in stage.brokers.topics([name]))
    assert len(stage.brokers.topics([name])[name].partitions) == 3
    until(CLOCK, "the settings are shown", lambda: own(stage, name) == {"retention.ms": "3600000"})


def test_a_topic_that_is_deleted_and_created_is_another_one_without_records_or_positions(stage: Stage) -> None:
    name = stage.topic()
    partition, group = TopicPartition(name, 0), f"readers-of-{name}"
    stage.write(partition, b"old")
    stage.positions.commit(group, {partition: Committed(1)})
    was = stage.brokers.topics([name])[name].topic_id
    for _ in range(2):
        stage.topics.delete(name)
        until(CLOCK, "it is gone", lambda: name not in stage.brokers.topics([name]))
    until(CLOCK, "the position is gone", lambda: not stage.positions.committed([group])[group])
    stage.topics.create(name, 1, 1, {})
    until(CLOCK, "it is there", lambda: name in stage.brokers.topics([name]))
    assert stage.brokers.topics([name])[name].topic_id != was
    until(CLOCK, "it has a leader", lambda: stage.records.bounds([partition])[partition] == LogBounds(0, 0, 0))


def test_more_replicas_than_brokers_are_declined(stage: Stage) -> None:
    name = f"contract-{uuid4().hex}"
    with pytest.raises(Conflict, match=name):
        stage.topics.create(name, 1, 9, {})
    assert name not in stage.brokers.topics([name])


def own(stage: Stage, topic: str) -> dict[str, str]:
    return dict(stage.topics.own([topic])[topic])


def test_a_topic_without_settings_of_its_own_has_none(stage: Stage) -> None:
    assert own(stage, stage.topic()) == {}
    assert stage.topics.own([]) == {}


def test_what_is_set_is_own_and_what_is_given_back_is_not(stage: Stage) -> None:
    topic, other = stage.topic(), stage.topic()
    stage.topics.change({topic: {"retention.ms": "3600000", "segment.ms": "600000"}})
    until(
        CLOCK,
        "the settings are shown",
        lambda: own(stage, topic) == {"retention.ms": "3600000", "segment.ms": "600000"},
    )
    stage.topics.change({topic: {"retention.ms": None}})
    until(CLOCK, "the settings are shown", lambda: own(stage, topic) == {"segment.ms": "600000"})
    assert own(stage, other) == {}


def test_brokers_take_what_keeps_everything_and_show_it(stage: Stage) -> None:
    topic = stage.topic()
    for _ in range(2):
        stage.topics.change({topic: FROZEN})
        until(CLOCK, "the settings are shown", lambda: own(stage, topic) == FROZEN)
    stage.topics.change({topic: dict.fromkeys(FROZEN)})
    until(CLOCK, "the settings are shown", lambda: own(stage, topic) == {})
