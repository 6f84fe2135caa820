"""Only who is in charge acts: lease, epoch, journal, unfinished runs."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from drctl.errors import Blocked, JournalBroken, Locked, NotFound, Refused, Superseded
from drctl.model.run import Event, RunState
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.plans.continuation import under_way
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import require_served_by, switch

SITE_EFFECTS = ("raise", "deny", "lift", "commit", "stop", "resume", "restart", "routing")


def _site_effects(earth: FakeWorld) -> list[str]:
    """What was changed at the sites, each connector of a link by itself."""
    return [name for name in earth.effects.names if name.startswith(SITE_EFFECTS)]


def _number_of_site_effects() -> int:
    earth = fake_world()
    switch(earth.ports())
    return len(_site_effects(earth))


COUNT = _number_of_site_effects()


def _after(earth: FakeWorld, count: int, act: Callable[[], None]) -> None:
    """Do it as soon as that many changes have been made to the sites."""

    def watch(effect: str) -> None:
        if len(_site_effects(earth)) >= count:
            act()

    earth.effects.watchers.append(watch)


def test_a_second_drctl_is_refused_and_told_who_is_at_work() -> None:
    earth = fake_world()
    first, second = earth.ports(), earth.ports()
    first.lease.acquire("switchover by anna")
    with pytest.raises(Locked, match="anna"):
        switch(second)
    assert _site_effects(earth) == []
    assert earth.journal.runs() == ()


@pytest.mark.parametrize("count", range(COUNT))
def test_who_loses_the_lease_changes_nothing_more(count: int) -> None:
    earth = fake_world()
    world = earth.ports()
    _after(earth, count, world.lease.release)
    with pytest.raises(Locked, match="lease was lost"):
        switch(world)
    assert len(_site_effects(earth)) == count


@pytest.mark.parametrize("count", range(1, COUNT))
def test_who_meets_a_higher_epoch_changes_nothing_more(count: int) -> None:
    earth = fake_world()

    def raise_epoch() -> None:
        earth.epochs.epoch = 9

    _after(earth, count, raise_epoch)
    with pytest.raises(Superseded, match="epoch is 9, ours is 1"):
        switch(earth.ports())
    assert len(_site_effects(earth)) == count
    assert earth.journal.runs()[-1][1] is RunState.STOPPED


def test_a_run_that_lost_its_lease_is_continued_by_the_same_command() -> None:
    earth = fake_world()
    world = earth.ports()
    _after(earth, 4, world.lease.release)
    with pytest.raises(Locked):
        switch(world)
    earth.effects.watchers.clear()
    assert switch(earth.new_process()).run.epoch == 1
    earth.settle()
    require_served_by(earth, "south")


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-2), timedelta(hours=2), timedelta(days=400)])
@pytest.mark.parametrize("count", range(0, COUNT, 3))
def test_a_wall_clock_that_jumps_changes_nothing_about_a_run(count: int, jump: timedelta) -> None:
    earth = fake_world()
    jumped: list[int] = []

    def jump_once() -> None:
        if not jumped:
            jumped.append(count)
            earth.clock.set(jump)

    _after(earth, count, jump_once)
    began = earth.clock.monotonic()
    assert switch(earth.ports()).state is RunState.DONE
    assert earth.clock.monotonic() - began < 60
    require_served_by(earth, "south")


def test_of_two_operators_at_once_one_moves_and_the_other_is_told_who() -> None:
    earth = fake_world()
    refused: list[str] = []

    def second(effect: str) -> None:
        if effect.startswith("deny") and not refused:
            with pytest.raises(Locked) as caught:
                switch(earth.ports(), "south", "north")
            refused.append(str(caught.value))

    earth.effects.watchers.append(second)
    assert switch(earth.ports()).state is RunState.DONE
    assert "switchover from north to south by process" in refused[0]
    assert len(earth.journal.runs()) == 1


def test_a_stale_operator_who_comes_back_after_another_decided_changes_nothing() -> None:
    earth = fake_world()
    stale = earth.ports()

    def overtaken(effect: str) -> None:
        if effect == "routing to None" and not taken:
            taken.append(effect)
            stale.lease.release()  # it hung, and its lease was given to another

    taken: list[str] = []
    earth.effects.watchers.append(overtaken)
    with pytest.raises(Locked):
        switch(stale)
    assert switch(earth.new_process()).state is RunState.DONE
    before = list(_site_effects(earth))
    with pytest.raises(Blocked):
        switch(stale)
    assert _site_effects(earth) == before


def test_another_unfinished_run_has_to_be_finished_first() -> None:
    earth = fake_world()
    earth.effects.cut_off(20, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    with pytest.raises(Refused, match="a switchover from north to south, is unfinished") as caught:
        switch(earth.new_process(), "south", "north")
    assert caught.value.remedy == f"finish it first: 'drctl runs resume {earth.journal.runs()[-1][0].id}'"


@pytest.mark.parametrize("target", ["south", "north"])
def test_a_run_that_another_process_is_at_work_on_is_told_as_that_before_anything_is_asked(target: str) -> None:
    earth = fake_world()
    earth.effects.cut_off(20, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    source = "north" if target == "south" else "south"
    first = earth.new_process()
    first.lease.acquire("switchover by anna")
    second = earth.ports()
    with pytest.raises(Locked, match="switchover by anna"):
        under_way(switchover.plan(second, source, target, observe=observe), second)


def test_ctrl_c_is_a_cut_that_the_journal_tells() -> None:
    earth = fake_world()

    def interrupt(effect: str) -> None:
        if effect == "routing to None":
            raise KeyboardInterrupt

    earth.effects.watchers.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        switch(earth.ports())
    run, state = earth.journal.runs()[0]
    last = earth.journal.entries(run.id)[-1]
    assert (last.event, last.step, last.body) == (Event.STEP_FAILED, "close-client-routing", {"interrupted": True})
    assert state is RunState.RUNNING
    earth.effects.watchers.clear()
    assert switch(earth.new_process()).run.id == run.id


def test_without_a_journal_nothing_is_changed() -> None:
    earth = fake_world()
    earth.journal.broken = True
    with pytest.raises(JournalBroken):
        switch(earth.ports())
    assert _site_effects(earth) == []


def test_a_journal_that_was_altered_is_not_continued() -> None:
    earth = fake_world()
    earth.effects.cut_off(20, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    earth.journal.tamper(earth.journal.runs()[0][0].id, 3)
    with pytest.raises(JournalBroken, match="entry 3"):
        switch(earth.new_process())


def test_a_gate_that_says_no_changes_nothing_and_lists_every_reason() -> None:
    earth = fake_world()
    earth.mirrors["north", "south"].halt()
    earth.settle(1)
    earth.routing.pointer = "south"
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.reasons
    assert _site_effects(earth) == []
    assert earth.journal.runs()[-1][1] is RunState.STOPPED


@pytest.mark.parametrize(("source", "target"), [("north", "west"), ("west", "south"), ("north", "north")])
def test_a_site_or_link_that_the_plan_file_does_not_name_is_refused(source: str, target: str) -> None:
    earth = fake_world()
    world: World = earth.ports()
    with pytest.raises(NotFound, match="the plan file names no"):
        switch(world, source, target)
