"""Groups that go on at the other site alone: sentences about them, the others, and the rollback."""

import pytest

from drctl.errors import Blocked, NotFound, PartlyRefused, Refused, RolledBack, StepFailed
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.model.session import IMMOVABLE, GroupProtocol
from drctl.monitors import Sessions, observe, uncovered
from drctl.plans import handover, runner, undo
from drctl.plans.group_sync import SOON, GroupSync
from drctl.plans.selection import handed_over, narrowed
from drctl.ports import World
from tests.fakes import FakeClientRouting, FakeTail, FakeWorld, Killed, fake_world
from tests.spec.stage import RecordingObserver, require_nothing_lost_or_repeated, switch

READINGS = TopicPartition("turbines.readings", 0)


def stop(earth: FakeWorld, group: str) -> FakeClientRouting:
    """Its consumer leaves, and from now on follows only the routing that is returned."""
    consumer = earth.consumers[group]
    routing = consumer.routing = FakeClientRouting(None)
    earth.settle(1)
    assert consumer.at is None
    return routing


def hand_over(world: World, *groups: str) -> RunResult:
    plan = handover.ordered("north", "south", observe=observe)
    return runner.run(plan, narrowed(world, groups=groups), RecordingObserver())


def take_back(world: World, *groups: str) -> RunResult:
    run, kept = undo.last_handover(world, "south", groups)
    plan = undo.ordered(run.source, run.target, kept, run.id)
    return runner.run(plan, narrowed(world, groups=sorted(kept)), RecordingObserver())


def synced(earth: FakeWorld) -> GroupSync:
    """A cycle of a service that has just begun."""
    keeper, sessions = GroupSync(earth.ports(), "north", "south"), Sessions()
    sessions.apply(FakeTail(earth.north).poll(0.1).changes)
    held = {g: {p: h.committed for p, h in sessions.positions(g).items()} for g in sessions.take_moved()}
    keeper.note(held)
    keeper.cycle()
    earth.clock.sleep(SOON)
    keeper.cycle()
    return keeper


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


def test_undo_gives_back_what_was_there_and_the_group_goes_on_at_the_source() -> None:
    earth = fake_world()
    before = {p: Committed(n, "theirs") for n, p in enumerate(sorted(earth.south.logs)[1:3], 1)}
    earth.south.group("billing").committed.update(before)
    routings = [stop(earth, group) for group in ("dispatch", "billing")]
    hand_over(earth.ports(), "dispatch", "billing")
    done = take_back(earth.ports())
    assert "dispatch" not in earth.south.groups
    held = earth.south.groups["billing"].committed
    assert {p: held[p] for p in before} == before
    assert set(done.evidence["undo-positions"]["not taken away"]["billing"]) == {
        str(p) for p in held if p not in before
    }
    for routing in routings:
        routing.route_to("north")
    require_nothing_lost_or_repeated(earth, "north")
    with pytest.raises(NotFound, match="no handover to south stands"):
        take_back(earth.ports())


def test_undo_of_one_group_leaves_the_other_handed_over() -> None:
    earth = fake_world()
    for group in ("dispatch", "billing"):
        stop(earth, group)
    hand_over(earth.ports(), "dispatch", "billing")
    take_back(earth.ports(), "dispatch")
    assert set(handed_over(earth.ports(), "south")) == {"billing"}


def test_undo_refuses_where_a_group_has_moved_on_and_changes_nothing() -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    stop(earth, "billing")
    hand_over(earth.ports(), "dispatch", "billing")
    routing.route_to("south")
    earth.settle(2)
    with pytest.raises(Refused, match="dispatch has members"):
        take_back(earth.ports())
    routing.route_to(None)
    earth.settle(1)
    held = dict(earth.south.groups["dispatch"].committed)
    with pytest.raises(Refused, match="dispatch has moved on at"):
        take_back(earth.ports())
    assert earth.south.groups["dispatch"].committed == held
    assert earth.south.groups["billing"].committed
    take_back(earth.ports(), "billing")
    assert "billing" not in earth.south.groups


def test_undo_refuses_where_a_group_reads_on_in_a_partition_in_which_it_had_no_position() -> None:
    """Though it has all that it had before, for somebody gave it that."""
    earth = fake_world()
    partition, *_ = sorted(earth.south.logs)[1:3]
    before = {partition: Committed(1, "theirs")}
    earth.south.group("billing").committed.update(before)
    stop(earth, "billing")
    hand_over(earth.ports(), "billing")
    held = earth.south.groups["billing"].committed
    held.update(before)
    reads_on = next(p for p in sorted(held) if p not in before)
    held[reads_on] = Committed(held[reads_on].offset + 1, "theirs")
    there = dict(held)
    with pytest.raises(Refused, match=f"billing has moved on at {reads_on}$"):
        take_back(earth.ports())
    assert earth.south.groups["billing"].committed == there


def test_of_an_undo_that_is_refused_in_the_middle_what_was_given_back_moves_with_the_others_again() -> None:
    """Somebody commits for dispatch when billing has just been given back."""
    earth = fake_world()
    for group in ("billing", "dispatch"):
        stop(earth, group)
    hand_over(earth.ports(), "billing", "dispatch")
    committed = earth.south.groups["dispatch"].committed
    partition = min(committed)

    def read_on(effect: str) -> None:
        if "billing" in effect:
            committed[partition] = Committed(committed[partition].offset + 1, "theirs")
            earth.effects.watchers.remove(read_on)

    earth.effects.watchers.append(read_on)
    with pytest.raises(
        PartlyRefused, match=rf"not undone: dispatch has moved on at {partition}; undone: billing$"
    ) as told:
        take_back(earth.ports())
    assert told.value.done == ("billing",)
    assert "billing" not in earth.south.groups
    assert earth.journal.runs()[-1][1] is RunState.STOPPED
    assert set(handed_over(earth.ports(), "south")) == {"dispatch"}
    with pytest.raises(Refused, match="dispatch has moved on") as again:
        take_back(earth.ports())
    assert not isinstance(again.value, PartlyRefused)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", range(10))
def test_an_undo_killed_anywhere_is_continued_by_the_same_command(effect: int, before: bool) -> None:
    earth = fake_world()
    stop(earth, "dispatch")
    stop(earth, "billing")
    hand_over(earth.ports(), "dispatch", "billing")
    earth.effects.cut_off(effect, before=before)
    try:
        take_back(earth.ports())
    except Killed:
        take_back(earth.new_process())
    assert not earth.south.groups.keys() & {"dispatch", "billing"}
    assert earth.journal.runs()[-1][1] is RunState.DONE


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


def test_what_was_at_the_standby_before_it_was_synced_can_be_given_back() -> None:
    earth = fake_world()
    before = {p: Committed(0, "theirs") for p in earth.north.groups["dispatch"].committed}
    earth.south.group("dispatch").committed.update(before)
    synced(earth)
    assert earth.south.groups["dispatch"].committed != before
    synced(earth)
    run, kept = undo.synced(earth.ports(), "south", ())
    assert set(kept) == {"dispatch"}
    world = narrowed(earth.ports(), groups=sorted(kept))
    runner.run(undo.ordered(run.source, run.target, kept, run.id), world, RecordingObserver())
    assert earth.south.groups["dispatch"].committed == before


def test_a_group_that_is_ahead_at_the_standby_is_left_alone_by_a_service_that_has_just_begun() -> None:
    earth = fake_world()
    ahead = Committed(10_000, "theirs")
    earth.south.group("dispatch").committed[READINGS] = ahead
    assert synced(earth).statuses["dispatch"].state is GroupSyncState.USED
    assert earth.south.groups["dispatch"].committed[READINGS] == ahead


def test_after_a_move_home_the_old_positions_at_the_new_standby_are_nobodys_even_if_the_group_was_reset() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(3)
    switch(earth.ports(), "south", "north")
    earth.consumers["dispatch"].running = False
    earth.come_to_rest()
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    assert synced(earth).statuses["dispatch"].state is GroupSyncState.PROVEN
    here, there = (earth.sites[site].logs[READINGS].data(0) for site in ("north", "south"))
    held = earth.south.groups["dispatch"].committed[READINGS].offset
    assert [payload for offset, payload in there if offset < held] == [
        payload for offset, payload in here if offset < 2
    ]


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


def test_a_group_that_commits_at_the_source_after_the_switchover_is_told() -> None:
    earth = fake_world()

    def come_back(effect: str) -> None:
        if effect == "routing to south":
            earth.north.groups["billing"].committed[READINGS] = Committed(3)

    earth.effects.watchers.append(come_back)
    seen = switch(earth.ports()).evidence["watch-first-commits"]
    assert any(each.startswith("billing turbines.readings-0") for each in seen["still at the source"])


def test_a_commit_at_the_source_while_the_work_moves_turns_the_run_back() -> None:
    earth = fake_world()

    def sneak(effect: str) -> None:
        if effect == "commit billing at south":
            earth.north.groups["billing"].committed[READINGS] = Committed(0)

    earth.effects.watchers.append(sneak)
    with pytest.raises((RolledBack, StepFailed), match="have committed after their handover"):
        switch(earth.ports())
    assert earth.routing.site() == "north"
