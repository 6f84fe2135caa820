"""Clients count as sent to the target once the target answers through what they bootstrap through."""

import pytest

from drctl.errors import Blocked, StepFailed
from drctl.model.run import RunState
from tests.fakes import FakeEntryPoint, FakeWorld, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated, require_served_by, switch


def entered(*, lag: float = 0.0) -> FakeWorld:
    """A world whose clients bootstrap through one name."""
    earth = fake_world()
    earth.entry_point = FakeEntryPoint(earth.routing, earth.sites, earth.clock, lag=lag)
    return earth


def through(earth: FakeWorld) -> FakeEntryPoint:
    assert earth.entry_point is not None
    return earth.entry_point


@pytest.mark.parametrize("lag", [0.0, 5.0])
def test_a_switchover_waits_until_the_target_answers_there(lag: float) -> None:
    earth = entered(lag=lag)
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    told = result.evidence["route-clients-to-target"]
    assert told["entry point"] == "kafka.example:9094"
    assert told["cluster"] == earth.ports().sites["south"].brokers.cluster().cluster_id
    require_served_by(earth, "south")


def test_where_the_entry_point_stays_behind_the_run_stops_and_goes_on_once_it_leads_there() -> None:
    earth = entered()

    def stay(effect: str) -> None:
        if effect == "routing to south":
            through(earth).stuck = "north"

    earth.effects.watchers.append(stay)
    with pytest.raises(StepFailed, match=r"clients reach south through kafka\.example:9094") as caught:
        switch(earth.ports())
    assert "guards.stepTimeout" in caught.value.remedy
    assert earth.open_sites() == {"south"}
    earth.effects.watchers.remove(stay)
    through(earth).stuck = ""
    assert switch(earth.new_process()).state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")


def test_an_entry_point_that_leads_elsewhere_is_found_before_anything_changes() -> None:
    earth = entered()
    through(earth).stuck = "south"
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert any("entry point of clients" in reason for reason in caught.value.reasons)
    assert earth.effects.names == [name for name in earth.effects.names if name.startswith("journal")]
    assert earth.routing.site() == "north"


def test_without_one_nothing_is_asked_and_nothing_is_claimed() -> None:
    earth = fake_world()
    told = switch(earth.ports()).evidence["route-clients-to-target"]
    assert told == {"client routing": "south"}
