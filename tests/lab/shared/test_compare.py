"""drctl compare on two real sites: aborted transactions and markers set logs apart, and nothing else does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.site import KafkaSite
from drctl.lab import Lab
from tests.lab.shared.test_field import ran
from tests.lab.usage import wait

PER_BATCH = 60


@pytest.fixture
def sites(lab: Lab) -> Iterator[tuple[KafkaSite, KafkaSite]]:
    found = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")
    yield found
    for each in found:
        each.close()


def compared(folder: Path, topic: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is told of the topic's only partition, and the verdict with it."""
    done = ran(folder, "compare", "--topic", topic, "-o", "json", topics=topic)
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    (partition,) = document["partitions"]
    return done.returncode, partition | {"verdict": document["verdict"]}


def test_a_copy_is_proved_equal_until_somebody_else_writes_to_it(
    sites: tuple[KafkaSite, KafkaSite], folder: Path
) -> None:
    north, south = sites
    topic = f"dr.compare-{uuid4().hex[:8]}"
    create_topics(north, {topic: (1, 1, {})})
    plain, transactional = Producer({**north.config}), Producer({**north.config, "transactional.id": topic})
    transactional.init_transactions(30)
    for batch in range(4):
        for number in range(PER_BATCH):
            plain.produce(topic, b"%d %d" % (batch, number))
        assert plain.flush(30) == 0
        transactional.begin_transaction()
        transactional.produce(topic, b"in transaction %d" % batch)
        assert transactional.flush(30) == 0
        (transactional.commit_transaction if batch % 2 else transactional.abort_transaction)(30)
    records = 4 * PER_BATCH + 2

    def copied() -> bool:
        _, found = compared(folder, topic)
        return bool(found.get("equal") == records)

    wait("all is copied, and equal", copied)
    code, found = compared(folder, topic)
    assert (code, found["verdict"], found["different"], found["waiting"]) == (0, "proved", 0, 0)

    foreign = Producer({**south.config})
    foreign.produce(topic, b"of somebody else")
    assert foreign.flush(30) == 0
    plain.produce(topic, b"behind it")
    assert plain.flush(30) == 0
    wait("what came behind it is copied", lambda: compared(folder, topic)[1]["equal"] == records + 1)
    code, found = compared(folder, topic)
    assert (code, found["verdict"]) == (20, "refuted")
    (difference,) = found["differences"]
    assert (difference["kind"], difference["source"]) == ("extra", None)
