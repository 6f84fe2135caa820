"""A plan file with two workloads: a switchover moves both together, each with its own topics, groups and sinks."""

from dataclasses import replace

import pytest

from drctl.errors import RolledBack
from drctl.model.link import ConnectorState
from drctl.model.run import RunState
from drctl.model.workloads import Workload
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import (
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)

SINK = "orders-to-lake"
TURBINES = Workload("turbines", ("turbines.readings",), ("dispatch",))
SHOP = Workload("shop", ("shop.orders",), ("billing",), (SINK,))


@pytest.fixture
def earth() -> FakeWorld:
    earth = fake_world(SINK)
    earth.plan = replace(earth.plan, workloads=(TURBINES, SHOP))
    return earth


def topics(places: dict[str, object]) -> set[str]:
    return {place.rpartition("-")[0] for place in places}


def test_both_move_in_one_run_and_nothing_is_lost_or_repeated(earth: FakeWorld) -> None:
    two_open = watch_for_two_open_sites(earth)
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    assert not two_open
    handed = result.evidence["hand-over-positions"]["groups"]
    assert {*TURBINES.groups, *SHOP.groups} <= handed.keys()
    for workload in (TURBINES, SHOP):
        for group in workload.groups:
            assert set(workload.topics) <= topics(handed[group]["positions"])
    every = {*TURBINES.topics, *SHOP.topics}
    assert topics(result.evidence["drain-link"]["ends"]) == every
    assert topics(result.evidence["record-handover-point"]["ends"]) == every
    states = [earth.workers[site].state(SINK).state for site in ("north", "south")]
    assert states == [ConnectorState.STOPPED, ConnectorState.RUNNING]
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")
    for partition, acknowledged in earth.producers[1].acknowledged.items():
        assert earth.database[partition] == acknowledged, partition


def test_a_group_of_one_that_does_not_leave_keeps_both_where_they_are(earth: FakeWorld) -> None:
    earth.consumers["billing"].stubborn = True
    with pytest.raises(RolledBack) as caught:
        switch(earth.ports())
    require_rolled_back(earth, caught.value)
    assert earth.workers["north"].state(SINK).state is ConnectorState.RUNNING
    assert not {*TURBINES.groups, *SHOP.groups} & {name for name, g in earth.south.groups.items() if g.members}
    earth.consumers["billing"].stubborn = False
    earth.settle()
    require_nothing_lost_or_repeated(earth, "north")
