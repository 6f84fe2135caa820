"""Monitors of certificates, clocks and disks: one that is silent hides nothing of the others."""

import pytest

from drctl.monitors import SideBySide, keep_up
from tests.fakes import fake_world
from tests.fakes.clock import never_answers


@pytest.mark.parametrize("silent", ["north", "south"])
def test_a_site_that_hangs_hides_nothing_of_the_other_nor_its_own_certificates(
    monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    world = fake_world().ports()
    monkeypatch.setattr(world.sites[silent].brokers, "cluster", never_answers)
    found = keep_up(world, "north", "south", SideBySide(world.clock, 1.0))
    ill, well = sorted(found.sites, key=lambda site: site.name != silent)
    assert all(seen.known for seen in (*well.served.values(), *well.disks.values(), well.kept))
    assert len(well.served) == len(well.disks) == 3
    assert [seen.known for seen in ill.served.values()] == [True]
    assert (dict(ill.disks), ill.brokers_unknown) == ({}, "no answer within 1 s")


def test_a_broker_that_hangs_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = fake_world().ports()
    served = world.sites["south"].certificates.served
    hanging = "localhost:9002"
    monkeypatch.setattr(
        world.sites["south"].certificates, "served", lambda at: never_answers() if at == hanging else served(at)
    )
    south = keep_up(world, "north", "south", SideBySide(world.clock, 1.0)).sites[1]
    assert [at for at, seen in south.served.items() if not seen.known] == [hanging]
    assert all(seen.known for seen in south.disks.values())
