"""An undo of a handover: what it gives back, and what it refuses to touch."""

import pytest

from drctl.errors import NotFound, PartlyRefused, Refused
from drctl.model.offsets import Committed
from drctl.model.run import RunState
from drctl.plans import runner, undo
from drctl.plans.selection import handed_over, narrowed
from tests.fakes import Killed, fake_world
from tests.spec.handing_over import hand_over, stop, synced, take_back
from tests.spec.harness import RecordingObserver, require_nothing_lost_or_repeated


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
