"""Once the target is open, nothing at the old site keeps clients from it; replication home is made up for later."""

from collections.abc import Callable

import pytest

from drctl.errors import Blocked, DrctlError, Refused, StepFailed
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.monitors import observe
from drctl.plans import reversal, runner, switchover
from drctl.plans.pending import pending_reversal
from drctl.plans.plan import Place
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import (
    RecordingObserver,
    make_up,
    require_nothing_lost_or_repeated,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.serving import Service

READINGS = TopicPartition("turbines.readings", 0)
STEPS = [step.name for step in switchover.ordered("north", "south", observe=observe).steps]


def _brokers_are_dead(earth: FakeWorld) -> None:
    earth.north.down = True


def _worker_is_dead(earth: FakeWorld) -> None:
    earth.mirrors["south", "north"].worker_down = earth.workers["north"].worker_down = True


def _all_is_dead(earth: FakeWorld) -> None:
    _brokers_are_dead(earth)
    _worker_is_dead(earth)


def _a_super_user_writes(earth: FakeWorld) -> None:
    earth.north.super_users.add("User:root")
    earth.north.write(READINGS, b"of a super user", principal="User:root")


HARMS = (_brokers_are_dead, _worker_is_dead, _all_is_dead, _a_super_user_writes)


def _effects_behind() -> tuple[str, ...]:
    """Effects of an undisturbed switchover once the target was opened."""
    earth = fake_world()
    switch(earth.ports())
    names = [f"{number} {name}" for number, name in enumerate(earth.effects.names)]
    opened = next(number for number, name in enumerate(names) if "lift at south" in name)
    return tuple(names[opened:])


EFFECTS = _effects_behind()


def _harm_at(earth: FakeWorld, effect: str, harm: Callable[[FakeWorld], None]) -> None:
    """The harm comes right before that effect, once the target has been opened."""
    number, done = int(effect.split(maxsplit=1)[0]), list[int]()

    def look(_: str) -> None:
        if len(earth.effects.names) == number and not done:
            done.append(number)
            harm(earth)

    earth.effects.watchers.append(look)


def _heal(earth: FakeWorld) -> None:
    earth.north.down = earth.mirrors["south", "north"].worker_down = earth.workers["north"].worker_down = False


def _require_clients_at_the_target(earth: FakeWorld, result: RunResult) -> None:
    assert result.state is RunState.DONE
    assert earth.routing.site() == "south"
    assert earth.writable() <= {"south"} | ({"north"} if earth.north.down else set())
    assert not earth.south.denials


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("effect", EFFECTS[1:])
def test_whatever_is_wrong_at_the_old_site_clients_are_at_the_new_one(
    effect: str, harm: Callable[[FakeWorld], None]
) -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    _harm_at(earth, effect, harm)
    result = switch(earth.ports())
    _require_clients_at_the_target(earth, result)
    assert both_open == []
    owed = pending_reversal(earth.ports())
    assert bool(owed) == bool(result.exceptions)
    if owed is not None:
        assert "reverse-replication is pending, clients are at south" in result.exceptions[0]


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", EFFECTS)
def test_a_run_cut_off_behind_the_opening_ends_with_a_harmed_old_site_too(
    effect: str, before: bool, harm: Callable[[FakeWorld], None]
) -> None:
    earth = fake_world()
    earth.effects.cut_off(int(effect.split(maxsplit=1)[0]), before=before)
    with pytest.raises(Killed):
        switch(earth.ports())
    if earth.south.denials or earth.journal.runs()[-1][1] is RunState.DONE:
        return  # before it had opened anything the old site is still asked, and rightly so; or it had ended
    harm(earth)
    _require_clients_at_the_target(earth, switch(earth.new_process()))


@pytest.mark.parametrize("harm", HARMS[:3])
def test_replication_home_is_made_up_for_once_the_old_site_is_well(harm: Callable[[FakeWorld], None]) -> None:
    earth = fake_world()
    _harm_at(earth, EFFECTS[1], harm)
    switch(earth.ports())
    _heal(earth)
    result = make_up(earth.new_process())
    assert (result.state, result.run.kind) == (RunState.DONE, "reversal")
    assert pending_reversal(earth.ports()) is None
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def _a_bug(_: FakeWorld) -> None:
    raise ValueError("no number: s3cret")


def test_of_an_error_that_nobody_expected_its_class_is_told_and_no_value() -> None:
    earth = fake_world()
    _harm_at(earth, next(effect for effect in EFFECTS if "restart link" in effect), _a_bug)
    result = switch(earth.ports())
    assert "reverse-replication is pending, clients are at south: ValueError; once north" in result.exceptions[0]
    owed = pending_reversal(earth.ports())
    assert owed is not None
    assert owed.why == "ValueError"


def test_a_record_behind_the_fence_keeps_replication_pending_and_names_itself() -> None:
    earth = fake_world()
    _harm_at(earth, EFFECTS[1], _a_super_user_writes)
    result = switch(earth.ports())
    assert "records appeared behind the fence: turbines.readings-0 by 1" in result.exceptions[0]
    with pytest.raises(StepFailed, match=r"records appeared behind the fence: turbines\.readings-0 by 1"):
        make_up(earth.new_process())
    assert earth.journal.runs()[-1][1] is RunState.STOPPED
    assert pending_reversal(earth.ports()) is not None


def test_the_service_makes_up_for_it_by_itself_and_only_once_the_old_site_answers() -> None:
    earth = fake_world()
    _harm_at(earth, EFFECTS[1], _brokers_are_dead)
    switch(earth.ports())
    service = Service(earth)
    service.look()
    assert pending_reversal(earth.ports()) is not None
    _heal(earth)
    service.look()
    assert pending_reversal(earth.ports()) is None
    require_served_by(earth, "south")


def test_who_would_move_home_while_replication_is_pending_is_told_what_reverses_it() -> None:
    with pytest.raises(Blocked) as caught:
        switch(_owing().new_process(), "south", "north")
    (told,) = [reason for reason in caught.value.reasons if "the link home of run" in reason]
    assert "'drctl runs resume' reverses replication" in told


def _effects_of_making_up() -> tuple[str, ...]:
    earth = _owing()
    make_up(earth.new_process())
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


def _owing() -> FakeWorld:
    earth = fake_world()
    _harm_at(earth, EFFECTS[1], _brokers_are_dead)
    switch(earth.ports())
    _heal(earth)
    earth.effects.names.clear()
    return earth


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", _effects_of_making_up())
def test_making_up_cut_off_anywhere_ends_as_if_never_interrupted(effect: str, before: bool) -> None:
    earth = _owing()
    both_open = watch_for_two_open_sites(earth)
    earth.effects.cut_off(int(effect.split(maxsplit=1)[0]), before=before)
    try:
        make_up(earth.new_process())
    except Killed:
        Service(earth).look()
    assert pending_reversal(earth.ports()) is None
    assert both_open == []
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_nothing_is_made_up_for_where_nothing_is_pending() -> None:
    earth = fake_world()
    done = switch(earth.ports())
    with pytest.raises(Refused, match="not pending"):
        runner.run(reversal.ordered("north", "south", done.run.id), earth.new_process(), RecordingObserver())


def test_only_reversing_replication_asks_the_old_site_once_the_target_is_open() -> None:
    plan = switchover.ordered("north", "south", observe=observe)
    boundary = STEPS.index(plan.point_of_no_return)
    for step in plan.steps[boundary + 1 :]:
        at_source = [each.name for each in plan.standing_conditions(step.name) if each.at is Place.SOURCE]
        assert bool(at_source) == step.may_end_pending, step.name
    assert [each.name for each in plan.steps if each.may_end_pending] == ["reverse-replication"]


def test_opening_the_target_still_asks_every_condition_of_the_reversible_part() -> None:
    earth = fake_world()
    effect = int(EFFECTS[0].split()[0])
    earth.effects.cut_off(effect, before=True)
    with pytest.raises(Killed):
        switch(earth.ports())
    _brokers_are_dead(earth)
    with pytest.raises(DrctlError):
        switch(earth.new_process())
    assert earth.south.denials
