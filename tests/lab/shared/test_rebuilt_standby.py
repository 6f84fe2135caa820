"""A topic of the standby is deleted and recreated behind MirrorMaker's back: it believes that all of it is there."""

import json
import re
from functools import partial

from confluent_kafka import Producer

from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.records import read
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from tests.lab import usage
from tests.lab.usage import drctl

CLOCK = SystemClock()
TOPIC, GROUP = "dr.rebuilt", "dr-rebuilt"
P = TopicPartition(TOPIC, 0)
wait = partial(usage.wait, seconds=90)


def test_what_the_link_only_believes_to_have_copied_blocks_the_move_and_proves_no_position(lab: Lab) -> None:
    north, south = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")
    plan = lab.plan_file.read_text()
    try:
        lab.plan_file.write_text(
            re.sub(r"groups: \[.*\]", f"groups: [{GROUP}]", re.sub(r"topics: \[.*\]", f"topics: [{TOPIC}]", plan))
        )
        create_topics(north, {TOPIC: (1, 1, {})})
        producer = Producer({**north.config})
        for number in range(200):
            producer.produce(TOPIC, b"%d" % number, partition=0)
        assert producer.flush(30) == 0
        wait("it is at the target", lambda: TOPIC in south.admin().list_topics(timeout=10).topics)
        wait("all of it is copied", lambda: sum(1 for _ in read(south, P, 0)) == 200)
        KafkaPositions(north).commit(GROUP, {P: Committed(0)})
        before = drctl(lab, "plan", "switchover", "--to", "south", "-o", "json")
        assert before.returncode == 0, before.stdout + before.stderr

        usage.make_anew(south, TOPIC)
        CLOCK.sleep(5)  # nothing of it is copied again, however long one waits
        assert not list(read(south, P, 0))

        planned = drctl(lab, "plan", "switchover", "--to", "south", "-o", "json")
        document = json.loads(planned.stdout)
        assert planned.returncode == 37
        assert [each["rule"] for each in document["blockers"]] == ["FRONTIER_UNPROVEN"]
        assert document["groups"][0]["proven"] == 0
        assert document["groups"][0]["refused"] == ["COPY_UNCERTAIN"]
        refused = drctl(lab, "switchover", "--to", "south", "--yes")
        assert refused.returncode == 37
        assert f"{P}: said to be copied up to 200, and the target's log is empty" in refused.stderr
    finally:
        lab.plan_file.write_text(plan)
        north.close()
        south.close()
