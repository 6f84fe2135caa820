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
from tests.fakes import FakeWorld, Killed
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


TASKS = "set tasks.max of the link to south to 4"


def with_tasks(*, let: bool = True) -> FakeWorld:
    """By night the link is to have four tasks; it has two."""
    earth = demanding()
    assert earth.plan.capacity is not None
    night, day = earth.plan.capacity.shifts
    night = replace(night, demand=replace(night.demand, tasks_max=4))
    earth.plan = replace(earth.plan, capacity=replace(earth.plan.capacity, shifts=(night, day), scales_tasks=let))
    earth.mirrors["north", "south"].config["tasks.max"] = "2"
    return earth


def _task_effects() -> list[str]:
    earth = with_tasks()
    switch(earth.ports())
    return list(earth.effects.names)


RAISED = _task_effects()
AROUND = [n for n, name in enumerate(RAISED) if name == TASKS or "prepare-capacity" in name]


def test_the_links_tasks_are_raised_before_anything_is_stopped_and_stay() -> None:
    assert RAISED.count(TASKS) == 1
    assert RAISED.index(TASKS) < min(n for n, name in enumerate(RAISED) if name.startswith(("deny", "stop", "keep")))
    earth = with_tasks()
    result = switch(earth.ports())
    assert result.evidence["prepare-capacity"]["replicas"]["tasks.max of north-to-south"] == 4
    assert earth.mirrors["north", "south"].config["tasks.max"] == "4"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", AROUND, ids=[f"{n} {RAISED[n]}" for n in AROUND])
def test_cut_off_anywhere_around_it_the_links_tasks_are_raised_once(effect: int, before: bool) -> None:
    earth = with_tasks()
    cut_then_resumed(earth, effect, before=before)
    assert earth.journal.runs()[-1][1] is RunState.DONE
    assert earth.effects.names.count(TASKS) == 1
    require_nothing_lost_or_repeated(earth, "south")


def test_a_run_that_goes_on_with_a_stopped_link_does_not_touch_its_tasks() -> None:
    earth = with_tasks()
    stopped = next(n for n, name in enumerate(RAISED) if name == "routing to south")
    earth.effects.cut_off(stopped, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    earth.mirrors["north", "south"].config["tasks.max"] = "1"
    assert switch(earth.new_process()).state is RunState.DONE
    assert earth.effects.names.count(TASKS) == 1


def test_tasks_that_drctl_may_not_set_are_a_refusal_and_so_are_those_that_somebody_else_holds() -> None:
    for earth, said in ((with_tasks(let=False), "there are 2"), (with_tasks(), "somebody else's manifest")):
        earth.mirrors["north", "south"].tasks_held = "somebody else's manifest"
        with pytest.raises(Blocked) as refused:
            switch(earth.ports())
        assert refused.value.exit_code == 42
        assert any("tasks.max of north-to-south" in reason and said in reason for reason in refused.value.reasons)
        assert TASKS not in earth.effects.names
