"""drctl canary over two real sites: every window is proved at both, and a copy that is there twice is named."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Message, Producer

from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.records import KafkaRecords, read
from drctl.drivers.kafka.site import KafkaSite
from drctl.lab import Lab
from drctl.model.canary import CANARY_RECORDS
from drctl.model.offsets import TopicPartition
from tests.lab.usage import drctl, wait

LENGTH = ("--rate", "20", "--window", "10s", "--settle", "60s", "--for", "22s")
"""Two windows, and a rest that is too short to be one."""
PLACE = TopicPartition(CANARY_RECORDS, 0)


@pytest.fixture(autouse=True)
def _no_group_is_left(lab: Lab) -> Iterator[None]:
    yield
    north = lab.site("north").kafka("admin")
    north.admin().delete_consumer_groups([CANARY_RECORDS])[CANARY_RECORDS].result(30)
    north.close()


@pytest.fixture
def south(lab: Lab) -> Iterator[KafkaSite]:
    site = lab.site("south").kafka("admin")
    yield site
    site.close()


def windows(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_every_window_is_proved_at_both_sites(lab: Lab) -> None:
    done = drctl(lab, "canary", *LENGTH, "-o", "json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    found = windows(done.stdout)
    assert [(each["number"], each["site"], each["verdict"]) for each in found] == [
        (1, "north", "proved"),
        (2, "north", "proved"),
    ]
    for each in found:
        assert each["acknowledged"] == each["sent"] > 0
        (standby,) = each["standbys"]
        assert (standby["site"], standby["neverCame"]) == ("south", 0)


def test_a_copy_that_is_there_twice_refutes_and_is_named(lab: Lab, south: KafkaSite) -> None:
    begin = KafkaRecords(south).bounds([PLACE])[PLACE].stable
    command = [sys.executable, "-m", "drctl", "-f", str(lab.plan_file), "canary", *LENGTH, "-o", "json"]
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        copied: list[Message] = []

        def is_copied() -> bool:
            copied.extend(read(south, PLACE, begin))
            return bool(copied)

        wait("a record is copied", is_copied)
        twice, again = copied[0], Producer({**south.config})
        again.produce(PLACE.topic, twice.value(), partition=PLACE.partition, headers=list(headers_of(twice) or ()))
        assert again.flush(30) == 0
        told, errors = running.communicate(timeout=180)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 20, (told, errors)
    refuted = [each for each in windows(told) if each["verdict"] == "refuted"]
    named = "; ".join(reason for each in refuted for reason in each["reasons"])
    assert "at south: 1 duplicated" in named or "came a second time at south" in named
