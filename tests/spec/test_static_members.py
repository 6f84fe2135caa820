"""Static members whose process has ended: who is certainly gone is not waited for, and nobody else is removed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from drctl.errors import Locked, RolledBack
from drctl.model.run import RunResult, RunState
from drctl.model.session import Member
from drctl.monitors import observe
from drctl.plans import handover, runner, switchover
from drctl.plans.selection import narrowed
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import (
    RecordingObserver,
    cut_then_resumed,
    killed_at,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    switch,
)
from tests.spec.housing import BILLING, housed, require_pods

FOR_EVER = 100_000
"""Ticks of a session that no run waits for."""
REMOVED = "remove billing-1 from billing at north"


def _static(earth: FakeWorld, session: int = FOR_EVER, host: str = "/127.0.0.1") -> FakeWorld:
    """The member of billing is a static one whose place is kept for so long."""
    consumer, group = earth.consumers["billing"], earth.north.group("billing")
    consumer.instance_id, consumer.session, consumer.host = "pump-7", session, host
    group.members = tuple(replace(each, instance_id="pump-7", host=host) for each in group.members)
    return earth


def _in_a_pod(session: int = FOR_EVER) -> FakeWorld:
    earth = _static(housed(), session, "/10.1.0.2")
    for name, network in (("north", "10.1.0"), ("south", "10.2.0")):
        earth.scaling[name].objects[str(BILLING)].network = network
    return earth


def _says_so(session: int = FOR_EVER) -> FakeWorld:
    earth = _static(fake_world(), session)
    earth.consumers["billing"].says_so = True
    return earth


CERTAIN = pytest.mark.parametrize("certain", [_in_a_pod, _says_so])


@CERTAIN
def test_who_is_certainly_gone_is_removed_instead_of_waited_for(certain: Callable[[], FakeWorld]) -> None:
    earth = certain()
    result = switch(earth.ports())
    assert result.evidence["drain-consumers"]["static members removed"] == {"billing": ["pump-7"]}
    assert earth.effects.names.count(REMOVED) == 1
    assert result.evidence["watch-first-commits"]["not arrived"] == []
    require_nothing_lost_or_repeated(earth, "south")


@CERTAIN
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_cut_off_around_the_removal_the_run_ends_as_if_undisturbed(
    certain: Callable[[], FakeWorld], before: bool
) -> None:
    undisturbed = certain()
    switch(undisturbed.ports())
    earth = certain()
    result = cut_then_resumed(earth, undisturbed.effects.names.index(REMOVED), before=before)
    assert result is not None
    assert result.state is RunState.DONE
    assert result.evidence["watch-first-commits"]["not arrived"] == []
    require_nothing_lost_or_repeated(earth, "south")


def test_who_ran_in_a_pod_is_known_to_who_continues_the_run_once_the_pods_are_gone() -> None:
    earth = _in_a_pod()
    with killed_at(earth, "journal says step-observed scale-down-source"):
        switch(earth.ports())
    earth.settle()
    assert switch(earth.new_process()).state is RunState.DONE
    assert REMOVED in earth.effects.names


def _elsewhere(earth: FakeWorld) -> None:
    member = earth.north.group("billing").members[0]
    earth.north.group("billing").members = (replace(member, host="/192.0.2.9"),)


def _on_the_network_of_its_node(earth: FakeWorld) -> None:
    earth.scaling["north"].objects[str(BILLING)].network = ""


def _beside_one_that_lives(earth: FakeWorld) -> None:
    earth.north.group("billing").members += (Member("by-hand", "by-hand", "/192.0.2.9"),)


def _beside_a_static_one_that_lives(earth: FakeWorld) -> None:
    earth.north.group("billing").members += (Member("by-hand", "by-hand", "/192.0.2.9", "pump-8"),)


def _another_has_its_seat(earth: FakeWorld) -> None:
    """It was started again, nobody knows where, after its pod was looked at."""

    def take(effect: str) -> None:
        if effect == "journal says step-intended scale-down-source":
            member = earth.north.group("billing").members[0]
            earth.north.group("billing").members = (replace(member, member_id="billing-2"),)

    earth.effects.watchers.append(take)


@pytest.mark.parametrize(
    "spoil",
    [
        _elsewhere,
        _on_the_network_of_its_node,
        _beside_one_that_lives,
        _beside_a_static_one_that_lives,
        _another_has_its_seat,
    ],
)
def test_who_may_live_is_waited_for_and_nobody_in_its_group_is_removed(spoil: Callable[[FakeWorld], None]) -> None:
    earth = _in_a_pod()
    spoil(earth)
    with pytest.raises(RolledBack, match=r"group billing is Stable with billing at .*, static member pump-7"):
        switch(earth.ports())
    assert not [name for name in earth.effects.names if name.startswith("remove")]


def test_a_classic_member_that_follows_client_routing_may_live_and_is_waited_for() -> None:
    earth = _static(fake_world(), session=150)
    result = switch(earth.ports())
    assert "static members removed" not in result.evidence["drain-consumers"]
    require_nothing_lost_or_repeated(earth, "south")


def test_without_the_right_to_remove_it_its_session_is_waited_for_and_that_is_said() -> None:
    earth, watch = _in_a_pod(session=150), RecordingObserver()
    earth.north.withheld.add("READ group")
    world = earth.ports()
    result = runner.run(switchover.plan(world, "north", "south", observe=observe), world, watch)
    assert result.state is RunState.DONE
    shown = {each.detail for each in watch.seen if each.step == "drain-consumers"}
    assert any("(gone, and not removed: north: User:drctl may not READ group billing)" in each for each in shown)
    require_nothing_lost_or_repeated(earth, "south")


def test_who_is_not_in_charge_any_more_removes_nobody() -> None:
    earth = _in_a_pod()
    world = earth.ports()

    def lose(effect: str) -> None:
        if effect == "journal says step-intended drain-consumers":
            world.lease.release()

    earth.effects.watchers.append(lose)
    with pytest.raises(Locked, match="lease was lost"):
        switch(world)
    assert REMOVED not in earth.effects.names
    assert [each.instance_id for each in earth.north.group("billing").members] == ["pump-7"]


def test_on_the_rollback_a_member_that_was_removed_joins_under_its_id_again() -> None:
    earth = _in_a_pod()
    earth.consumers["dispatch"].stubborn = True
    with pytest.raises(RolledBack, match="group dispatch") as caught:
        switch(earth.ports())
    assert REMOVED in earth.effects.names
    require_rolled_back(earth, caught.value)
    require_pods(earth, "north")
    earth.settle()
    assert [each.instance_id for each in earth.north.group("billing").members] == ["pump-7"]
    require_nothing_lost_or_repeated(earth, "north")


def test_a_group_that_is_handed_over_alone_is_not_waited_for_either() -> None:
    earth = _in_a_pod()
    result = _hand_over(earth.ports(), "billing")
    assert result.evidence["drain-consumers"]["static members removed"] == {"billing": ["pump-7"]}
    assert earth.effects.names.count(REMOVED) == 1


def _hand_over(world: World, *groups: str) -> RunResult:
    plan = handover.ordered("north", "south", observe=observe)
    return runner.run(plan, narrowed(world, groups=groups), RecordingObserver())
