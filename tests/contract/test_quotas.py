"""The contract of Quotas, for the fake and the real thing."""

import struct
from collections.abc import Callable
from uuid import uuid4

import pytest

from drctl.drivers.kafka.quotas import KafkaQuotas
from drctl.drivers.kafka.raw import connected
from drctl.drivers.kafka.wire_format import INT16, INT32, array, string
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Unreachable
from drctl.model.cluster import Broker
from drctl.model.quotas import QuotaEntity
from drctl.ports import Quotas
from tests.contract.real_site import RealHarness
from tests.contract.waiting import until
from tests.fakes import FakeBrokers, FakeQuotas, FakeSite

ALTER_CLIENT_QUOTAS = 49
RATE = "producer_byte_rate"

type Change = Callable[[str, float | None], None]
"""Sets the rate of a user, or removes it."""


@pytest.fixture(params=["fake", "north", "south"])
def quotas(request: pytest.FixtureRequest) -> tuple[Quotas, Broker, Change]:
    """In memory, logged in by password (north), by client certificate (south)."""
    if request.param == "fake":
        site = FakeSite("north", {})
        fake = FakeQuotas(site)
        return fake, FakeBrokers(site).cluster().brokers[0], lambda user, rate: _change(fake, user, rate)
    harness: RealHarness = request.getfixturevalue("real_sites")[request.param]
    broker = harness.brokers.cluster().brokers[0]
    return KafkaQuotas(request.param, lambda: harness.site.config), broker, lambda *said: _alter(harness, broker, *said)


def _change(fake: FakeQuotas, user: str, rate: float | None) -> None:
    entity = QuotaEntity((("user", user),))
    if rate is None:
        del fake.held[entity]
    else:
        fake.held[entity] = {RATE: rate}


def _alter(harness: RealHarness, broker: Broker, user: str, rate: float | None) -> None:
    whom = array([string("user") + string(user) + b"\0"])
    change = array([string(RATE) + struct.pack(">d?", rate or 0.0, rate is None) + b"\0"])
    body = array([whom + change + b"\0"]) + b"\0" + b"\0"
    with connected("the stage", broker.host, broker.port, harness.admin.config, 10.0) as line:
        answer = line.ask(ALTER_CLIENT_QUOTAS, 1, body, flexible=True)
    answer.number(INT32)
    assert answer.count() == 1
    assert answer.number(INT16) == 0, answer.optional_string()


def test_a_quota_that_was_set_is_told_until_it_is_removed(quotas: tuple[Quotas, Broker, Change]) -> None:
    asked, broker, change = quotas
    user = f"contract-{uuid4().hex}"
    entity = QuotaEntity((("user", user),))
    assert entity not in asked.told(broker)
    change(user, 1048576.0)
    try:
        # The controller answers before every broker knows it.
        until(SystemClock(), "it is told", lambda: asked.told(broker).get(entity) == {RATE: 1048576.0})
    finally:
        change(user, None)
    until(SystemClock(), "it is gone", lambda: entity not in asked.told(broker))


def test_a_broker_that_is_not_there_tells_none(quotas: tuple[Quotas, Broker, Change]) -> None:
    with pytest.raises(Unreachable):
        quotas[0].told(Broker(99, "localhost", 1))
