"""What a shift demands is there before anything is stopped, wherever the run was cut off, or the run is refused."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from drctl.cli.capacity import capacity_document, demanded
from drctl.errors import Blocked, RolledBack
from drctl.model.capacity import Capacity, Demand, Shift
from drctl.model.run import RunState
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Scalable
from drctl.model.terms import Terms
from drctl.monitors import observe
from tests.fakes import FakeWorld
from tests.spec.harness import cut_then_resumed, require_nothing_lost_or_repeated, require_rolled_back, switch
from tests.spec.housing import BILLING, DISPATCH, housed, require_pods

GATE, POOL = Scalable(DEPLOYMENT, "gate"), Scalable(NODE_POOL, "broker")
EVERY = tuple(range(7))


def demanding(*, pools: bool = True) -> FakeWorld:
    """By night, which it is, more of one Deployment than the source has, a gate at the standby, and five brokers."""
    earth = housed()
    night = Shift("night", EVERY, 22 * 60, 6 * 60, Demand({"dispatch": 4, "gate": 2}, {"broker": 5}))
    capacity = Capacity(
        ZoneInfo("Europe/Berlin"),
        "Europe/Berlin",
        (night, Shift("day", EVERY, 6 * 60, 22 * 60)),
        pools,
        timedelta(minutes=5),
    )
    earth.plan = replace(earth.plan, capacity=capacity)
    for scaling in earth.scaling.values():
        scaling.create(GATE, 1)
        scaling.create(POOL, 3)
    return earth


def _effects() -> list[str]:
    earth = demanding()
    switch(earth.ports())
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


EFFECTS = _effects()
CUTS = [(n, name) for n, name in enumerate(EFFECTS) if "prepare" in name or "scale" in name or "keep" in name]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", [n for n, _ in CUTS], ids=[name for _, name in CUTS])
def test_cut_off_anywhere_around_it_the_target_has_what_the_shift_demands(effect: int, before: bool) -> None:
    earth = demanding()
    cut_then_resumed(earth, effect, before=before)
    assert earth.journal.runs()[-1][1] is RunState.DONE
    assert earth.scaling["south"].state(GATE).available == 2
    assert earth.scaling["south"].state(POOL).available == 5
    require_pods(earth, "south", {DISPATCH: 4, BILLING: 2})
    require_nothing_lost_or_repeated(earth, "south")


def test_what_the_standby_needs_is_there_before_anything_is_stopped() -> None:
    names = [name.split(maxsplit=1)[1] for name in EFFECTS]
    prepared = names.index("scale KafkaNodePool/broker to 5 at south")
    assert prepared < min(n for n, name in enumerate(names) if name.startswith(("deny", "stop", "keep")))


def test_capacity_that_does_not_come_turns_the_run_back_before_anything_was_stopped() -> None:
    earth = demanding()
    earth.scaling["south"].stuck.add(str(POOL))
    with pytest.raises(RolledBack, match="KafkaNodePool/broker has 0 of 5 replicas") as caught:
        switch(earth.ports())
    require_rolled_back(earth, caught.value)
    assert not [name for name in earth.effects.names if name.startswith(("deny", "keep"))]
    require_pods(earth, "north")


def test_a_pool_that_drctl_may_not_scale_is_a_refusal_that_can_be_overridden() -> None:
    earth = demanding(pools=False)
    with pytest.raises(Blocked, match="1 reason to wait") as refused:
        switch(earth.ports())
    assert refused.value.exit_code == 42
    assert "demands 5 of KafkaNodePool/broker, there are 3" in refused.value.reasons[0]
    result = switch(earth.ports(), terms=Terms(by="Ada", overrides={"standby-too-small": "half the load tonight"}))
    assert result.state is RunState.DONE
    assert earth.scaling["south"].state(POOL).wanted == 3


def test_what_is_demanded_is_shown_beside_what_is_there() -> None:
    earth = demanding()
    earth.scaling["south"].down = True
    world = earth.ports()
    facts = observe(world, "north", "south")
    found = demanded(world.plan, (facts.source, facts.target), (facts.link,), facts.seen_at)
    told = capacity_document(found)
    assert told is not None
    assert (told["shift"], told["timeZone"]) == ("night", "Europe/Berlin")
    here = {(each["site"], each["what"]): (each["demanded"], each["present"]) for each in told["needs"]}
    assert here["north", "Deployment/dispatch"] == (4, 3)
    assert here["south", "KafkaNodePool/broker"] == (5, None)
    assert all("does not answer" in each["why"] for each in told["needs"] if each["site"] == "south")
