"""The contract of EntryPoint, for the fake and the real thing."""

from collections.abc import Callable

import pytest

from drctl.drivers.kafka.entry_point import KafkaEntryPoint
from drctl.errors import DrctlError
from drctl.ports import Brokers, EntryPoint
from tests.contract.real_site import RealHarness
from tests.fakes import FakeBrokers, FakeClientRouting, FakeClock, FakeEntryPoint, FakeSite

type Led = Callable[[str], tuple[EntryPoint, Brokers]]
"""An entry point that leads to the site of that name, and the brokers of that site."""


@pytest.fixture(params=["fake", "real"])
def led_to(request: pytest.FixtureRequest) -> Led:
    if request.param == "fake":
        sites = {name: FakeSite(name, {}) for name in ("north", "south")}
        return lambda name: (FakeEntryPoint(FakeClientRouting(name), sites, FakeClock()), FakeBrokers(sites[name]))
    real: dict[str, RealHarness] = request.getfixturevalue("real_sites")
    logins = {name: each.site for name, each in real.items()}
    return lambda name: (KafkaEntryPoint(logins[name].config["bootstrap.servers"], logins), real[name].brokers)


def test_the_cluster_that_answers_is_the_one_to_which_it_leads(led_to: Led) -> None:
    for name in ("north", "south"):
        entry, brokers = led_to(name)
        assert entry.cluster_id(name) == brokers.cluster().cluster_id


def test_a_login_of_the_other_site_is_not_let_in(led_to: Led) -> None:
    entry, _ = led_to("north")
    with pytest.raises(DrctlError):
        entry.cluster_id("south")
