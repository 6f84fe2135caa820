"""Who may go on with a run: its own plan file, unedited, on the newest state file, in the newest term."""

from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.errors import Blocked, JournalBroken, Locked, Refused
from drctl.model.offsets import Committed
from drctl.model.run import Event, RunState
from drctl.model.terms import Terms
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import fail_over
from tests.spec.harness import go_on, require_served_by, switch

ANNA = Terms(by="anna", account="ops", host="desk-1")


def _cut_at(earth: FakeWorld, effect: str) -> None:
    """Kill the process before the first effect of that name."""

    def watch(name: str) -> None:
        if name.startswith(effect):
            raise Killed(name)

    earth.effects.watchers.append(watch)
    with pytest.raises(Killed):
        switch(earth.ports(), terms=ANNA)
    earth.effects.watchers.remove(watch)


def test_the_run_of_another_plan_file_in_the_same_state_file_is_not_continued() -> None:
    earth = fake_world()
    _cut_at(earth, "commit")
    count = len(earth.effects.names)
    earth.plan = replace(earth.plan, name="another")
    with pytest.raises(Refused, match="belongs to the plan file fake, not to another") as caught:
        switch(earth.new_process())
    assert "a state file of its own" in caught.value.remedy
    with pytest.raises(Refused, match="belongs to the plan file fake, not to another"):
        go_on(earth.new_process())
    assert len(earth.effects.names) == count


def test_a_plan_file_that_was_edited_since_continues_no_run() -> None:
    """A group that was added has no position at the target and would skip, or read all again."""
    earth = fake_world()
    before, (workload,) = earth.plan, earth.plan.workloads
    _cut_at(earth, "routing to south")
    count = len(earth.effects.names)
    edited = replace(before, digest="1" * 64, workloads=(replace(workload, groups=(*workload.groups, "audit")),))
    earth.plan = edited
    with pytest.raises(Refused, match=r"was edited since run .* \(differing: audit\)") as caught:
        switch(earth.new_process())
    assert "its digest was 000000000000" in caught.value.remedy
    with pytest.raises(Refused, match="was edited since"):
        go_on(earth.new_process())
    assert len(earth.effects.names) == count
    earth.plan = before
    assert switch(earth.new_process()).state is RunState.DONE


def test_guards_may_be_edited_under_way_and_the_journal_says_so() -> None:
    earth = fake_world()
    _cut_at(earth, "routing to south")
    guards = replace(earth.plan.guards, step_timeout=timedelta(minutes=5))
    earth.plan = replace(earth.plan, digest="1" * 64, guards=guards)
    run = switch(earth.new_process()).run
    resumed = next(entry for entry in earth.journal.entries(run.id) if entry.event is Event.RUN_RESUMED)
    assert (run.plan_digest, resumed.body["plan_digest"]) == ("0" * 64, "1" * 64)


def test_a_state_file_that_was_set_back_continues_no_run() -> None:
    """A copy knows of more: what was written since may have opened the target."""
    earth = fake_world()
    earth.copied = True
    _cut_at(earth, "routing to south")
    earth.journal.set_back(3)
    count = len(earth.effects.names)
    with pytest.raises(JournalBroken, match="copy at north goes on to line") as caught:
        switch(earth.new_process())
    assert "drctl runs restore --from north" in caught.value.remedy
    assert len(earth.effects.names) == count


@pytest.mark.parametrize("site", ["north", "south"])
def test_a_state_file_behind_a_sites_positions_begins_nothing(site: str) -> None:
    """Without copies of the journal the stamps on positions still tell of decisions that the file does not know."""
    earth = fake_world()
    partition = next(iter(earth.sites[site].logs))
    earth.sites[site].group("billing").committed[partition] = Committed(0, metadata="drctl plan=fake run=r9 epoch=7")
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    (reason,) = [each for each in caught.value.reasons if "epoch 7" in each]
    assert f"{site}: a position of billing" in reason
    assert "drctl runs restore" in reason
    assert earth.epochs.epoch == 0
    overridden = {"epoch-behind": "a client wrote that by hand"}
    assert switch(earth.ports(), terms=replace(ANNA, overrides=overridden)).state is RunState.DONE


def test_a_failover_on_a_state_file_behind_the_targets_positions_is_refused_and_may_be_overridden() -> None:
    earth = fake_world()
    partition = next(iter(earth.south.logs))
    earth.south.group("billing").committed[partition] = Committed(0, metadata="drctl plan=fake run=r9 epoch=7")
    earth.north.down = True
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports())
    assert any("epoch 7" in each and "drctl runs restore" in each for each in caught.value.reasons)


def test_stamps_of_another_plan_file_and_of_this_epoch_hold_nobody_up() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(60)
    positions = earth.north.group("billing").committed
    for partition, committed in positions.items():
        positions[partition] = replace(committed, metadata="drctl plan=other run=r9 epoch=7")
    assert switch(earth.new_process(), "south", "north").state is RunState.DONE


def test_who_was_frozen_in_an_effect_and_wakes_in_anothers_term_notes_nothing() -> None:
    earth = fake_world()
    frozen, woken = earth.ports(), list[str]()

    def freeze(effect: str) -> None:
        if effect == "routing to None" and effect in earth.effects.names and not woken:
            woken.append(effect)
            frozen.lease.release()
            switch(earth.new_process())
            woken.extend(earth.effects.names)

    earth.effects.watchers.append(freeze)
    with pytest.raises(Locked, match="lease was lost"):
        switch(frozen)
    assert earth.effects.names == woken[1:]
    require_served_by(earth, "south")
