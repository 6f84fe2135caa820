"""Groups that go on at the other site alone: sentences about them, the others, and the rollback."""

import pytest

from drctl.errors import Blocked, NotFound, Refused, RolledBack
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunState
from drctl.model.session import IMMOVABLE, GroupProtocol
from drctl.monitors import observe, uncovered
from drctl.plans import handover, runner
from drctl.plans.selection import handed_over, narrowed
from tests.fakes import Killed, fake_world
from tests.spec.handing_over import READINGS, hand_over, stop, synced
from tests.spec.harness import RecordingObserver, require_nothing_lost_or_repeated, switch


def test_a_group_goes_on_at_the_other_site_and_reads_every_record_once_while_all_else_stays() -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    hand_over(earth.ports(), "dispatch")
    routing.route_to("south")
    earth.settle(5)
    assert earth.consumers["billing"].at == "north"
    assert "billing" not in earth.south.groups
    assert earth.routing.site() == "north"
    assert not earth.north.denials
    require_nothing_lost_or_repeated(earth, "north")


def test_the_other_groups_move_later_and_the_one_that_went_ahead_stays_where_it_is() -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    hand_over(earth.ports(), "dispatch")
    routing.route_to("south")
    earth.settle(5)
    routing.route_to(None)
    earth.settle(1)
    switch(earth.ports())
    routing.route_to("south")
    require_nothing_lost_or_repeated(earth, "south")
    assert not handed_over(earth.ports(), "south")


def test_on_the_way_home_everything_moves_together_again() -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    hand_over(earth.ports(), "dispatch")
    routing.route_to("south")
    earth.settle(3)
    routing.route_to(None)
    earth.settle(1)
    switch(earth.ports())
    earth.consumers["dispatch"].routing = earth.routing
    earth.settle(5)
    switch(earth.ports(), "south", "north")
    require_nothing_lost_or_repeated(earth, "north")


def test_a_group_whose_consumers_stay_is_named_with_them_and_nothing_is_committed() -> None:
    earth = fake_world()
    with pytest.raises(RolledBack, match="group dispatch is Stable with dispatch at /127"):
        hand_over(earth.ports(), "dispatch")
    assert "dispatch" not in earth.south.groups


def test_a_group_that_is_active_at_the_target_is_refused() -> None:
    earth = fake_world()
    stop(earth, "dispatch")
    earth.south.group("dispatch").members = earth.north.groups["billing"].members
    with pytest.raises(Blocked) as refused:
        hand_over(earth.ports(), "dispatch")
    assert refused.value.exit_code == 39


def test_a_commit_at_the_source_after_the_handover_gives_everything_back() -> None:
    earth = fake_world()
    stop(earth, "dispatch")
    before = Committed(1, "before")
    earth.south.group("dispatch").committed[READINGS] = before

    def sneak(effect: str) -> None:
        if effect == "commit dispatch at south":
            held = earth.north.groups["dispatch"].committed
            held[READINGS] = Committed(held[READINGS].offset + 1)

    earth.effects.watchers.append(sneak)
    with pytest.raises(RolledBack, match="have committed after their handover"):
        hand_over(earth.ports(), "dispatch")
    assert earth.south.groups["dispatch"].committed[READINGS] == before


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", range(0, 24, 2))
def test_killed_anywhere_the_same_command_ends_as_if_undisturbed(effect: int, before: bool) -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    world = earth.ports()
    earth.effects.cut_off(effect, before=before)
    try:
        hand_over(world, "dispatch")
    except Killed:
        earth.settle(1)
        hand_over(earth.new_process(), "dispatch")
    routing.route_to("south")
    require_nothing_lost_or_repeated(earth, "north")
    assert earth.journal.runs()[-1][1] is RunState.DONE


def test_a_cut_handover_is_finished_with_the_same_choice_or_not_at_all() -> None:
    earth = fake_world()
    stop(earth, "dispatch")
    earth.effects.cut_off(6, before=True)
    with pytest.raises(Killed):
        hand_over(earth.ports(), "dispatch")
    world = earth.new_process()
    with pytest.raises(Refused, match="a handover from north to south, is unfinished") as refused:
        hand_over(world, "billing")
    assert refused.value.remedy == f"finish it first: 'drctl runs resume {earth.journal.runs()[-1][0].id}'"
    with pytest.raises(Refused, match="is unfinished"):
        switch(world)


def test_only_the_chosen_topics_positions_move() -> None:
    earth = fake_world()
    stop(earth, "dispatch")
    plan = handover.ordered("north", "south", observe=observe)
    runner.run(plan, narrowed(earth.ports(), groups=["dispatch"], topics=["shop.orders"]), RecordingObserver())
    assert {p.topic for p in earth.south.groups["dispatch"].committed} == {"shop.orders"}


@pytest.mark.parametrize("choice", [{"groups": ["nobody"]}, {"topics": ["nothing"]}, {"workloads": ["nowhere"]}])
def test_a_choice_that_the_plan_file_does_not_know_is_refused(choice: dict[str, list[str]]) -> None:
    with pytest.raises(NotFound, match="the plan file names no"):
        narrowed(fake_world().ports(), **choice)


def test_a_group_that_was_handed_over_is_synced_no_more() -> None:
    earth = fake_world()
    stop(earth, "dispatch")
    hand_over(earth.ports(), "dispatch")
    handed = dict(earth.south.groups["dispatch"].committed)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(1)
    keeper = synced(earth)
    assert keeper.statuses["dispatch"].state is GroupSyncState.HANDED_OVER
    assert earth.south.groups["dispatch"].committed == handed
    assert earth.south.groups["billing"].committed


def test_what_a_move_would_leave_behind_is_named_beforehand() -> None:
    earth = fake_world()
    earth.north.group("reporting").committed[READINGS] = Committed(1)
    earth.north.logs[TopicPartition("canary", 0)].entries.clear()
    earth.north.groups["dispatch"].committed[TopicPartition("canary", 0)] = Committed(0)
    for name, protocol in (("jobs", GroupProtocol.SHARE), ("totals", GroupProtocol.STREAMS)):
        earth.north.group(name).protocol = protocol
    named = dict(uncovered(earth.ports(), "north"))
    assert named == {
        "jobs": IMMOVABLE[GroupProtocol.SHARE],
        "totals": IMMOVABLE[GroupProtocol.STREAMS],
        "reporting": "the plan file does not name it",
        "dispatch": "the plan file does not name the topics of its positions in canary",
    }
