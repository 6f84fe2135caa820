"""Runs as people deal with them: seen, continued, aborted, given twice, begun only in the world that was believed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.errors import Blocked, DrctlError, JournalBroken, Refused, RolledBack, StepFailed
from drctl.model.link import ConnectorState
from drctl.model.run import Event, RunState
from drctl.model.terms import Belief, Terms
from drctl.monitors import observe
from drctl.plans import handover, runner, switchover
from drctl.plans.digests import plan_digest
from drctl.plans.selection import narrowed
from drctl.plans.standing import RunStanding, told_run, told_runs
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import (
    RecordingObserver,
    go_on,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)

ANNA = Terms(by="anna", account="ops", host="desk-1")


def _cut_at(earth: FakeWorld, effect: str, *, before: bool = True) -> None:
    """Kill the process at the first effect of that name."""

    def watch(name: str) -> None:
        if name.startswith(effect) and (before or name in earth.effects.names):
            raise Killed(name)

    earth.effects.watchers.append(watch)
    with pytest.raises(Killed):
        switch(earth.ports(), terms=ANNA)
    earth.effects.watchers.remove(watch)


def _standing(earth: FakeWorld) -> RunStanding:
    return told_run(earth.ports(), "").standing


def test_runs_are_told_with_both_sites_down() -> None:
    earth = fake_world()
    switch(earth.ports(), terms=ANNA)
    earth.north.down = earth.south.down = True
    (told,) = told_runs(earth.ports())
    assert (told.standing, told.by, told.step) == (RunStanding.DONE, "anna", "watch-first-commits")
    assert told.began is not None
    assert told.ended is not None
    assert told.began < told.ended


def test_a_run_at_work_one_that_was_cut_off_and_one_that_failed_are_told_apart() -> None:
    earth = fake_world()
    seen: list[RunStanding] = []
    earth.effects.watchers.append(lambda name: seen.append(_standing(earth)) if name == "routing to None" else None)
    _cut_at(earth, "routing to south")
    assert set(seen) == {RunStanding.RUNNING}
    world = earth.new_process()
    assert _standing(earth) is RunStanding.INTERRUPTED
    earth.south.down = True
    with pytest.raises(StepFailed):
        switch(world)
    assert _standing(earth) is RunStanding.PAUSED
    earth.south.down = False
    switch(earth.new_process())
    assert _standing(earth) is RunStanding.DONE


def test_a_run_is_continued_from_the_journal_alone_whatever_its_kind() -> None:
    earth = fake_world()
    _cut_at(earth, "routing to south")
    assert go_on(earth.new_process()).state is RunState.DONE
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("effect", ["commit", "journal says step-observed hand-over-positions"])
def test_a_handover_is_continued_with_the_groups_it_was_begun_with(effect: str) -> None:
    earth = fake_world()
    earth.consumers["billing"].running = False
    earth.settle(1)
    world = narrowed(earth.ports(), groups=["billing"])

    def kill(name: str) -> None:
        if name.startswith(effect):
            raise Killed(name)

    earth.effects.watchers.append(kill)
    with pytest.raises(Killed):
        runner.run(handover.ordered("north", "south", observe=observe), world, RecordingObserver())
    earth.effects.watchers.clear()
    result = go_on(earth.new_process())
    assert (result.state, result.run.kind) == (RunState.DONE, "handover")
    assert list(result.evidence["hand-over-positions"]["groups"]) == ["billing"]


def test_what_is_aborted_before_the_point_of_no_return_is_rolled_back() -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    _cut_at(earth, "stop link")
    with pytest.raises(RolledBack, match="request of anna to abort: not tonight") as caught:
        go_on(earth.new_process(), replace(ANNA, abort="not tonight"))
    assert both_open == []
    require_rolled_back(earth, caught.value)
    assert _standing(earth) is RunStanding.ABORTED
    require_nothing_lost_or_repeated(earth, "north")


def test_what_is_aborted_after_the_point_of_no_return_is_refused_with_the_way_forward() -> None:
    earth = fake_world()
    _cut_at(earth, "routing to south")
    before = list(earth.effects.names)
    with pytest.raises(Refused, match="there is no rollback") as caught:
        go_on(earth.new_process(), replace(ANNA, abort="not tonight"))
    assert "runs resume" in caught.value.remedy
    assert [name for name in earth.effects.names[len(before) :] if not name.startswith("journal")] == []
    assert go_on(earth.new_process()).state is RunState.DONE


def test_with_nothing_unfinished_nothing_is_resumed_or_aborted() -> None:
    earth = fake_world()
    with pytest.raises(Refused, match="no run is unfinished"):
        go_on(earth.ports())
    with pytest.raises(Refused, match="none can be aborted"):
        switch(earth.ports(), terms=replace(ANNA, abort="why not"))


@pytest.mark.parametrize("belief", [Belief("south"), Belief(epoch=4), Belief("north", 1)])
def test_nothing_begins_in_another_world_than_was_believed(belief: Belief) -> None:
    earth = fake_world()
    with pytest.raises(Refused, match="the primary is north, the epoch 0"):
        switch(earth.ports(), terms=replace(ANNA, belief=belief))
    assert earth.effects.names == []


def test_the_same_command_goes_on_with_the_belief_it_was_begun_with() -> None:
    earth = fake_world()
    terms = replace(ANNA, belief=Belief("north", 0))
    _cut_at(earth, "routing to south")
    with pytest.raises(Refused, match="epoch 5"):
        switch(earth.new_process(), terms=replace(ANNA, belief=Belief("north", 5)))
    assert switch(earth.new_process(), terms=terms).state is RunState.DONE


def test_only_the_plan_that_was_seen_is_run() -> None:
    earth = fake_world()
    world = earth.ports()
    seen = plan_digest(switchover.plan(world, "north", "south", observe=observe), world)
    other = plan_digest(switchover.plan(world, "north", "south", observe=observe, accept_repeats=True), world)
    assert seen != other
    with pytest.raises(Refused, match="something has changed"):
        switch(world, terms=replace(ANNA, plan_digest=other))
    assert earth.effects.names == []
    assert switch(world, terms=replace(ANNA, plan_digest=seen)).state is RunState.DONE


def test_the_same_key_again_tells_of_the_run_that_ended_and_starts_none() -> None:
    earth = fake_world()
    terms = replace(ANNA, key="change-4711")
    first = switch(earth.ports(), terms=terms)
    count = len(earth.effects.names)
    again = switch(earth.new_process(), terms=terms)
    assert (again.run, again.state, again.evidence) == (first.run, first.state, first.evidence)
    assert [t.name for t in again.timings] == [t.name for t in first.timings]
    assert len(earth.effects.names) == count


def test_the_same_key_continues_the_run_that_was_cut_off() -> None:
    earth = fake_world()
    terms = replace(ANNA, key="change-4711")
    earth.effects.cut_off(30, before=True)
    with pytest.raises(Killed):
        switch(earth.ports(), terms=terms)
    with pytest.raises(Refused, match="under the key change-4711, not other"):
        switch(earth.new_process(), terms=replace(ANNA, key="other"))
    assert switch(earth.new_process(), terms=terms).run.id == earth.journal.runs()[0][0].id
    assert len(earth.journal.runs()) == 1


def test_a_key_belongs_to_one_command_and_to_how_it_ended() -> None:
    earth = fake_world()
    earth.consumers["billing"].stubborn = True
    terms = replace(ANNA, key="change-4711")
    with pytest.raises(RolledBack):
        switch(earth.ports(), terms=terms)
    with pytest.raises(RolledBack, match="of the key change-4711 was rolled back"):
        switch(earth.new_process(), terms=terms)
    with pytest.raises(Refused, match="belongs to run"):
        switch(earth.new_process(), "south", "north", terms=terms)
    assert len(earth.journal.runs()) == 1


def test_a_second_move_waits_until_the_first_ones_link_home_works() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.mirrors["south", "north"].state = ConnectorState.STOPPED
    before = len(earth.effects.names)
    with pytest.raises(Blocked, match=r"reasons? to wait") as caught:
        switch(earth.new_process(), "south", "north")
    assert "south-to-north, the link home of run" in caught.value.reasons[0]
    assert caught.value.exit_code == 32
    assert len(earth.effects.names) == before


def _cooled(earth: FakeWorld) -> FakeWorld:
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, cool_down=timedelta(minutes=10)))
    return earth


def test_a_second_move_waits_for_the_cool_down_or_a_reason() -> None:
    earth = _cooled(fake_world())
    switch(earth.ports())
    earth.settle(5)
    with pytest.raises(Blocked) as caught:
        switch(earth.new_process(), "south", "north")
    assert caught.value.exit_code == 40
    assert "guards.coolDown is 600 s" in caught.value.reasons[0]
    terms = replace(ANNA, overrides={"cooling-down": "the wrong site was named"})
    result = switch(earth.new_process(), "south", "north", terms=terms)
    started = earth.journal.entries(result.run.id)[0].body
    assert started["overrides"] == {"cooling-down": "the wrong site was named"}
    assert "cooling-down" in started["overridden"]
    assert result.evidence["check-gates"]["overrides that did not apply"] == []


def test_after_the_cool_down_nobody_is_asked_for_a_reason() -> None:
    earth = _cooled(fake_world())
    switch(earth.ports())
    earth.settle(5)
    earth.clock.jump(timedelta(minutes=10))
    assert switch(earth.new_process(), "south", "north").state is RunState.DONE


def test_a_run_that_its_gates_refused_holds_nobody_up() -> None:
    earth = _cooled(fake_world())
    earth.routing.pointer = "south"
    with pytest.raises(Blocked):
        switch(earth.ports())
    earth.routing.pointer = "north"
    assert switch(earth.new_process()).state is RunState.DONE


def test_a_clock_that_was_set_back_does_not_end_the_cool_down() -> None:
    earth = _cooled(fake_world())
    switch(earth.ports())
    earth.settle(5)
    earth.clock.set(timedelta(days=-1))
    with pytest.raises(Blocked) as caught:
        switch(earth.new_process(), "south", "north")
    assert "in the future" in caught.value.reasons[0]


def test_a_rule_is_overridden_by_its_name_and_told_and_one_that_was_not_needed_too() -> None:
    earth = fake_world()
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, max_lag=0))
    earth.mirrors["north", "south"].holds = True
    earth.settle(1)
    with pytest.raises(Blocked, match=r"reasons? to wait"):
        switch(earth.ports())
    earth.effects.watchers.append(lambda name: setattr(earth.mirrors["north", "south"], "holds", False))
    terms = replace(ANNA, overrides={"lag-too-high": "a small site", "group-missing": "just in case"})
    gates = switch(earth.new_process(), terms=terms).evidence["check-gates"]
    assert gates["overridden"]["lag-too-high"]["why"] == "a small site"
    assert gates["overrides that did not apply"] == ["group-missing"]
    require_nothing_lost_or_repeated(earth, "south")


def test_a_rule_that_is_firm_stands_whatever_is_said() -> None:
    earth = fake_world()
    earth.routing.pointer = "south"
    with pytest.raises(Blocked):
        switch(earth.ports(), terms=replace(ANNA, overrides={"client-routing-elsewhere": "because"}))


def test_a_journal_that_is_behind_its_copy_begins_nothing() -> None:
    earth = fake_world()
    earth.copied = True
    switch(earth.ports())
    lost = fake_world()
    lost.copied = True
    lost.copies["south"].kept = list(earth.copies["south"].kept)
    with pytest.raises(JournalBroken, match="copy at south goes on to line") as caught:
        switch(lost.ports())
    assert "drctl runs restore --from south" in caught.value.remedy
    assert lost.effects.names == []
    assert lost.journal.complete(lost.copies["south"].lines()) == len(earth.journal.lines())
    assert lost.journal.runs() == earth.journal.runs()


@pytest.mark.parametrize("down", ["north", "south"])
def test_a_site_that_was_down_gets_what_it_missed(down: str) -> None:
    earth = fake_world()
    earth.copied = True
    earth.copies[down].ready = False
    switch(earth.ports())
    assert earth.copies[down].kept == []
    earth.copies[down].ready = True
    switch(earth.new_process(), "south", "north")
    for copy in earth.copies.values():
        assert copy.lines() == earth.journal.lines()


def test_a_run_superseded_is_told_as_such() -> None:
    earth = fake_world()

    def decide_anew(effect: str) -> None:
        if effect == "routing to None":
            earth.epochs.epoch = 9

    earth.effects.watchers.append(decide_anew)
    with pytest.raises(DrctlError, match="epoch is 9"):
        switch(earth.ports())
    assert _standing(earth) is RunStanding.SUPERSEDED


def test_who_asked_and_with_what_words_is_in_the_journal() -> None:
    earth = fake_world()
    result = switch(earth.ports(), terms=replace(ANNA, belief=Belief("north", 0), key="k"))
    entry = earth.journal.entries(result.run.id)[0]
    assert entry.event is Event.RUN_STARTED
    told = {name: entry.body[name] for name in ("by", "account", "host", "expected", "key")}
    assert told == {
        "by": "anna",
        "account": "ops",
        "host": "desk-1",
        "expected": {"primary": "north", "epoch": 0},
        "key": "k",
    }
