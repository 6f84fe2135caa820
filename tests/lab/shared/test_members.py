"""Members of groups: one that can never go on says so, instead of standing still among the living."""

import pytest

from drctl.drivers.kafka.member import Reader
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict
from drctl.lab import Lab

CLOCK = SystemClock()
STATIC = {"group.id": "billing", "group.instance.id": "seat", "session.timeout.ms": 6000, "heartbeat.interval.ms": 500}


def _poll(*readers: Reader, until: float) -> None:
    while CLOCK.monotonic() < until:
        for reader in readers:
            reader.poll(0.2)


def test_a_member_whose_static_id_another_bears_is_told(lab: Lab) -> None:
    kafka = lab.site("north").kafka("readers")
    first = Reader(kafka, STATIC, ["shop.orders"])
    deadline = CLOCK.monotonic() + 60
    while not first.consumer.assignment():
        first.poll(0.2)
        assert CLOCK.monotonic() < deadline
    second = Reader(kafka, STATIC, ["shop.orders"])  # a client joins as soon as it is there, asked or not
    with pytest.raises(Conflict, match="fenced"):
        _poll(second, first, until=deadline)
    first.close()
    second.close()
    kafka.close()
