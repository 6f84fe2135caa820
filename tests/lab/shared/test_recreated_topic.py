"""A topic is deleted and recreated at the site that serves: no synced position goes past a record of the new one."""

from dataclasses import replace
from functools import partial

from confluent_kafka import Producer

from drctl.config import load
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.records import read
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.workloads import Workload
from drctl.plans.group_sync import GroupSync
from drctl.wiring.world import open_world
from tests.lab import usage

wait = partial(usage.wait, seconds=90)


def test_positions_in_a_recreated_topic_never_skip_a_new_record(lab: Lab) -> None:
    topic, group = "dr.again", "dr-again"
    partition = TopicPartition(topic, 0)
    plan = replace(load(lab.plan_file), workloads=(Workload("again", (topic,), (group,)),))
    north, south = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")

    def write(*values: bytes) -> None:
        producer = Producer({**north.config})
        for value in values:
            producer.produce(topic, value, partition=0)
        assert producer.flush(30) == 0

    def copied() -> list[bytes]:
        return [bytes(m.value() or b"") for m in read(south, partition, 0)]

    with open_world(plan) as world:
        create_topics(north, {topic: (1, 1, {})})
        write(*(b"old %d" % n for n in range(100)))
        wait("the old records are copied", lambda: topic in world.sites["south"].brokers.topics([topic]) and copied())
        wait("all of them", lambda: len(copied()) == 100)
        there, here = world.sites["south"].positions, world.sites["north"].positions
        here.commit(group, {partition: Committed(60)})
        keeper = GroupSync(world, "north", "south")
        keeper.note(here.committed([group]))
        keeper.cycle()
        assert there.committed([group])[group][partition].offset == 60

        usage.make_anew(north, topic)
        write(*(b"new %d" % n for n in range(50)))
        here.commit(group, {partition: Committed(20)})
        unread = {b"new %d" % n for n in range(20, 50)}

        def skipped() -> set[bytes]:
            """What the group would never read at south, where the service puts it now."""
            keeper = GroupSync(world, "north", "south")
            keeper.note(here.committed([group]))
            keeper.cycle()
            position = there.committed([group])[group][partition].offset
            return unread & {bytes(m.value() or b"") for m in read(south, partition, 0) if (m.offset() or 0) < position}

        def nothing_skipped_and_all_copied() -> bool:
            all_copied = unread <= set(copied())
            assert not skipped()
            return all_copied

        wait("the new records are copied", nothing_skipped_and_all_copied)
        for _ in range(3):
            assert not skipped()
    north.close()
    south.close()
