"""The contract of Quorum, for the fake and the real thing."""

import pytest

from drctl.drivers.kafka.quorum import KafkaQuorum
from drctl.errors import Unreachable
from drctl.model.cluster import Broker
from drctl.ports import Quorum
from tests.contract.real_site import RealHarness
from tests.fakes import FakeBrokers, FakeQuorum, FakeSite


@pytest.fixture(params=["fake", "north", "south"])
def quorum(request: pytest.FixtureRequest) -> tuple[Quorum, tuple[Broker, ...]]:
    """In memory, logged in by password (north), by client certificate (south)."""
    if request.param == "fake":
        site = FakeSite("north", {})
        return FakeQuorum(site), FakeBrokers(site).cluster().brokers
    harness: RealHarness = request.getfixturevalue("real_sites")[request.param]
    return KafkaQuorum(request.param, lambda: harness.site.config), harness.brokers.cluster().brokers


def test_every_broker_tells_of_one_leader_that_is_a_voter_and_of_nobody_behind(
    quorum: tuple[Quorum, tuple[Broker, ...]],
) -> None:
    asked, brokers = quorum
    found = {asked.told(broker) for broker in brokers}
    assert len({(each.leader, each.epoch) for each in found}) == 1
    for each in found:
        assert each.leader in each.voters
        assert each.epoch >= 0
        assert each.behind == frozenset()


def test_a_broker_that_is_not_there_tells_nothing(quorum: tuple[Quorum, tuple[Broker, ...]]) -> None:
    with pytest.raises(Unreachable):
        quorum[0].told(Broker(99, "localhost", 1))
