"""A switchover that nobody disturbs, and the way home."""

import pytest

from drctl.model.run import RunState
from drctl.model.session import Member
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.runner import StepState
from tests.fakes import fake_world
from tests.spec.harness import (
    RecordingObserver,
    require_nothing_lost_or_repeated,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)


def test_a_switchover_loses_nothing_and_repeats_nothing() -> None:
    earth = fake_world()
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_home_again_loses_nothing_and_repeats_nothing() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle()
    assert switch(earth.new_process(), "south", "north").run.epoch == 2
    earth.settle()
    require_served_by(earth, "north")
    require_nothing_lost_or_repeated(earth, "north")


def test_the_link_home_copies_only_what_is_new() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle()
    earth.come_to_rest()
    for partition, log in earth.north.logs.items():
        assert earth.north.payloads(partition) == earth.south.payloads(partition), partition
        assert log.bounds.stable == log.bounds.high


def test_at_no_instant_are_both_sites_open() -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    switch(earth.ports())
    switch(earth.new_process(), "south", "north")
    assert both_open == []


def test_a_lagging_group_goes_on_where_it_was() -> None:
    earth = fake_world()
    earth.settle()
    result = switch(earth.ports())
    billing = result.evidence["hand-over-positions"]["groups"]["billing"]
    assert billing["lag"] > 10
    assert all(line["there"] != line["here"] for line in billing["positions"].values())


def test_every_step_is_timed_announced_and_journaled_in_order() -> None:
    earth = fake_world()
    world, audience = earth.ports(), RecordingObserver()
    plan = switchover.plan(world, "north", "south", observe=observe)
    result = runner.run(plan, world, audience)
    names = [step.name for step in plan.steps]
    assert [timing.name for timing in result.timings] == names
    assert list(result.evidence) == names
    ended = [p.step for p in audience.seen if p.state in (StepState.DONE, StepState.FOUND_DONE)]
    assert ended == names
    journaled = [entry.step for entry in world.journal.entries(result.run.id) if entry.event == "step-observed"]
    assert journaled == [n for n in names if n in journaled]


def test_what_the_gates_look_at_is_told_while_they_look() -> None:
    earth, audience = fake_world(), RecordingObserver()
    earth.come_to_rest()
    runner.run(switchover.plan(earth.ports(), "north", "south", observe=observe), earth.ports(), audience)
    told = [p.detail for p in audience.seen if p.step == "check-gates" and p.state is StepState.WAITING]
    assert told == [
        "looking at north, south and the link between them",
        "translating and proving every position as it is now",
        "holding what the link has copied against both logs",
    ]


def test_a_handed_over_position_carries_run_and_epoch_unless_the_group_has_metadata_of_its_own() -> None:
    earth = fake_world()
    for consumer in earth.consumers.values():
        consumer.metadata = "own" if consumer.group == "billing" else ""
    earth.settle(2)
    for consumer in earth.consumers.values():
        consumer.never_returns = True
    result = switch(earth.ports())
    stamp = f"drctl plan=fake run={result.run.id} epoch=1"
    assert {c.metadata for c in earth.south.groups["dispatch"].committed.values()} == {stamp}
    assert {c.metadata for c in earth.south.groups["billing"].committed.values()} == {"own"}


@pytest.mark.parametrize("later", ["pump-7", "pump-8"])
def test_static_members_are_expected_under_their_ids(later: str) -> None:
    earth = fake_world()
    earth.north.groups["dispatch"].members = (Member("m", "dispatch", "/127.0.0.1", "pump-7"),)
    earth.consumers["dispatch"].instance_id = later
    told = switch(earth.ports()).evidence["watch-first-commits"]["not arrived"]
    assert told == ([] if later == "pump-7" else ["static member pump-7 of dispatch"])


def test_a_group_that_does_not_come_is_noted_and_no_failure() -> None:
    earth = fake_world()
    earth.consumers["dispatch"].never_returns = True
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    assert result.evidence["watch-first-commits"] == {
        "not arrived": ["group dispatch"],
        "still at the source": [],
        "connected at the source": [],
    }
