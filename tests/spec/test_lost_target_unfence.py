"""A lost target: the site that no run would open is opened by a person's word, and the service ends what waits."""

from collections.abc import Callable

import pytest

from drctl.errors import DrctlError, Refused, RollbackPending, RolledBack
from drctl.model.fence import DenyRule, Scope
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunResult, RunState
from drctl.model.terms import ATTESTED, Terms
from drctl.monitors import observe
from drctl.plans import runner, unfence
from drctl.plans.interruption import interruption
from drctl.ports import World
from tests.fakes import FakeWorld, Killed
from tests.fakes.world import APPLICATIONS
from tests.spec.bereft import (
    CUT,
    VOUCHED,
    WORD,
    bereft_world,
    cut_at,
    lose_target,
    require_in_use,
    return_target,
)
from tests.spec.failing import fail_over
from tests.spec.harness import (
    RecordingObserver,
    go_on,
    killed_at,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.returning import decide_all, go_home, returned, salve
from tests.spec.serving import Service

ON_A_WORD = Terms(by="anna", attested=WORD)


def _open(world: World, terms: Terms = ON_A_WORD) -> RunResult:
    return runner.run(unfence.plan(world, "north"), world, RecordingObserver(), terms)


def _left_closed() -> FakeWorld:
    """A failover took the switchover over and was rolled back while north was silent, which so stayed fenced."""
    earth = cut_at("journal says step-intended stop-sinks")
    earth.north.down = True

    def lose(effect: str) -> None:
        earth.south.down |= effect == "journal says step-intended measure-loss"

    earth.effects.watchers.append(lose)
    with pytest.raises(RolledBack):
        fail_over(earth.new_process(), accepted=AcceptedLoss(unknown=True))
    earth.effects.watchers.clear()
    earth.north.down = False
    earth.effects.names.clear()
    lose_target(earth)
    assert not earth.writable()
    return earth


def _effects() -> tuple[tuple[int, str], ...]:
    earth = _left_closed()
    _open(earth.new_process())
    return tuple((number, name) for number, name in enumerate(earth.effects.names) if not name.startswith("copy"))


EFFECTS = _effects()[:-1]


def test_without_a_word_it_is_refused_and_said_what_to_type() -> None:
    earth = _left_closed()
    with pytest.raises(
        Refused, match=r"whether south is closed is not known: .*drctl unfence north --attest-target-down"
    ):
        _open(earth.new_process(), Terms(by="anna"))
    assert not earth.writable()


def test_on_a_persons_word_it_is_opened_and_the_word_is_in_the_journal() -> None:
    earth = _left_closed()
    both_open = watch_for_two_open_sites(earth)
    result = _open(earth.new_process())
    assert result.state is RunState.DONE
    assert earth.open_sites() == {"north"}
    assert earth.routing.site() == "north"
    assert earth.journal.entries(result.run.id)[0].body[ATTESTED] == {"by": "anna", "why": WORD.why}
    return_target(earth)
    assert both_open == []
    assert earth.open_sites() == {"north"}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", [n for n, _ in EFFECTS], ids=[f"{n} {name}" for n, name in EFFECTS])
def test_cut_off_anywhere_it_goes_on_with_the_word_that_was_given(effect: int, before: bool) -> None:
    earth = _left_closed()
    both_open = watch_for_two_open_sites(earth)
    world = earth.new_process()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        _open(world)
    said = any(ATTESTED in e.body for run, _ in earth.journal.runs() for e in earth.journal.entries(run.id))
    assert _open(earth.new_process(), Terms() if said else ON_A_WORD).state is RunState.DONE
    assert earth.open_sites() == {"north"}
    assert both_open == []


def _south_is_back_and_open(earth: FakeWorld) -> None:
    return_target(earth)
    earth.south.denials.clear()


def _south_is_back_and_one_may_write(earth: FakeWorld) -> None:
    return_target(earth)
    earth.south.denials -= {DenyRule(APPLICATIONS[0], Scope.TOPICS)}


def _somebody_decided_elsewhere(earth: FakeWorld) -> None:
    earth.epochs.epoch = 9


def _clients_at_south(earth: FakeWorld) -> None:
    earth.routing.pointer = "south"


def _no_copy(earth: FakeWorld) -> None:
    earth.copies["north"].ready = False


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        (_south_is_back_and_open, "south: an ordinary client is not refused"),
        (_south_is_back_and_one_may_write, "south: User:turbines is not denied topics"),
        (_somebody_decided_elsewhere, "the epoch is 9, and the journal holds no run that has raised it"),
        (_clients_at_south, "clients are sent to south"),
        (_no_copy, "whether the journal's end is missing is not known"),
    ],
)
def test_what_the_journal_does_not_prove_no_word_makes_up_for(harm: Callable[[FakeWorld], None], names: str) -> None:
    earth = _left_closed()
    harm(earth)
    with pytest.raises(Refused, match=names):
        _open(earth.new_process())
    assert not earth.north.may(APPLICATIONS[0])


def test_of_an_unfinished_run_it_is_said_how_to_give_it_up_without_its_target() -> None:
    earth = cut_at(CUT)
    lose_target(earth)
    with pytest.raises(Refused) as caught:
        _open(earth.new_process())
    run = earth.journal.runs()[-1][0].id
    assert f"drctl runs abort {run} --reason '…' --attest-target-down" in caught.value.remedy


def _waiting() -> FakeWorld:
    """North is in use again, and the rest of the rollback waits for south."""
    earth = cut_at(CUT)
    lose_target(earth)
    with pytest.raises(RollbackPending):
        go_on(earth.new_process(), VOUCHED)
    earth.effects.names.clear()
    earth.new_process()
    return earth


def test_what_waits_is_told_first() -> None:
    told = interruption(_waiting().ports(), observe)
    assert told is not None
    assert told.waits
    assert any("north is open again; the rest of the rollback waits until south answers" in each for each in told.lines)
    assert not any("nobody can write" in each for each in told.lines)


def test_the_service_ends_it_once_the_target_is_back_and_not_before() -> None:
    earth = _waiting()
    service = Service(earth)
    service.look()
    assert earth.journal.runs()[-1][1] is RunState.RUNNING
    assert earth.effects.names == []
    return_target(earth)
    service.look()
    assert earth.journal.runs()[-1][1] is RunState.ROLLED_BACK
    require_in_use(earth)
    assert interruption(earth.ports(), observe) is None
    require_nothing_lost_or_repeated(earth, "north")
    assert switch(earth.new_process()).state is RunState.DONE


def test_the_service_begins_nothing_at_a_target_that_came_back_open() -> None:
    earth = _waiting()
    _south_is_back_and_open(earth)
    Service(earth).look()
    assert [name for name in earth.effects.names if not name.startswith(("journal", "copy"))] == []
    assert earth.journal.runs()[-1][1] is RunState.RUNNING


def test_a_target_that_falls_silent_under_way_holds_up_nobody_at_the_source_either() -> None:
    earth = bereft_world()
    earth.effects.watchers.append(lambda name: lose_target(earth) if name == "stop link to south" else None)
    with pytest.raises(RollbackPending, match="north is open again; on the rollback not everything succeeded"):
        switch(earth.ports())
    earth.effects.watchers.clear()
    require_in_use(earth)
    return_target(earth)
    with pytest.raises(RolledBack) as done:
        switch(earth.new_process())
    require_rolled_back(earth, done.value)


def test_a_rollback_that_is_stuck_at_the_source_is_no_waiting_one() -> None:
    earth = cut_at(CUT)
    lose_target(earth)

    def worker_dies(effect: str) -> None:
        earth.workers["north"].worker_down |= effect == "lift at north"

    earth.effects.watchers.append(worker_dies)
    with pytest.raises(DrctlError, match="resume-sinks") as caught:
        go_on(earth.new_process(), VOUCHED)
    assert not isinstance(caught.value, RollbackPending)


def _failback_cut_off() -> FakeWorld:
    """The site that takes the work back is lost once more, behind the fence of the one that has it."""
    after = returned()
    earth = after.earth
    earth.copied = True
    salve(earth.ports())
    decide_all(earth)
    earth.settle(12)
    with killed_at(earth, CUT):
        go_home(earth.ports())
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = True
    assert not earth.writable()
    return earth


def test_a_failback_whose_target_is_lost_once_more_is_given_up_as_a_switchover_is() -> None:
    earth = _failback_cut_off()
    both_open = watch_for_two_open_sites(earth)
    with pytest.raises(RollbackPending, match="south is open again, on the word of anna that north takes no writes"):
        go_on(earth.new_process(), VOUCHED)
    assert earth.open_sites() == {"south"}
    assert earth.routing.site() == "south"
    earth.settle()
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False
    with pytest.raises(RolledBack):
        go_on(earth.new_process())
    assert both_open == []
    earth.settle()
    assert go_home(earth.new_process()).state is RunState.DONE
