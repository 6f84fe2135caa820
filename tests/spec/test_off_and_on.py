"""A source that answers off and on, as one with frozen controllers or with one broker of three: no ping-pong."""

from itertools import cycle, repeat

import pytest

from drctl.errors import RolledBack, Unreachable
from drctl.model.fence import Attestation, FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunResult, RunState
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import (
    SOMEBODY,
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    some_lag,
    synced,
)
from tests.spec.harness import killed_at, switch

ANY = AcceptedLoss(unknown=True)
YES, NO = True, False
PATTERNS = {
    "every second": (NO, YES),
    "every second, later": (YES, NO),
    "one of three, the last": (NO, NO, YES),
    "one of three, the second": (NO, YES, NO),
    "one of three, the first": (YES, NO, NO),
    "two of three, not the first": (NO, YES, YES),
    "two of three, not the second": (YES, NO, YES),
    "two of three, not the last": (YES, YES, NO),
}


def _off_and_on(pattern: tuple[bool, ...]) -> FakeWorld:
    """North answers some requests and not the others; its Connect worker is gone."""
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    earth.north.down, earth.north.answers = False, cycle(pattern)
    return earth


def _back(earth: FakeWorld, effect: str) -> None:
    """North, which was silent, answers everything from that effect on."""

    def answer(name: str) -> None:
        if name == effect:
            earth.north.down = False

    earth.effects.watchers.append(answer)


def _fail_over(earth: FakeWorld, word: Attestation | None) -> RunResult:
    return fail_over(earth.new_process(), accepted=ANY, attestation=word)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_with_a_persons_word_it_holds_nothing_up_and_its_fence_is_no_more_than_attested(
    pattern: tuple[bool, ...],
) -> None:
    earth = _off_and_on(pattern)
    result = _fail_over(earth, SOMEBODY)
    assert result.state is RunState.DONE
    told = result.evidence["fence-what-answers"]
    assert (told["fence"], told["by"]) == (FenceState.ATTESTED, "anna")
    assert SOMEBODY.why in told["why"]
    assert result.evidence["close-if-back"].get("fence") != FenceState.PROVEN
    earth.north.answers = repeat(NO)
    require_served_by_target(earth, beyond_the_frontier(earth))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_without_it_the_target_stays_closed_and_the_remedy_is_what_helps(pattern: tuple[bool, ...]) -> None:
    earth = _off_and_on(pattern)
    with pytest.raises(RolledBack) as caught:
        _fail_over(earth, None)
    assert "--attest-source-down" in caught.value.remedy
    assert not earth.south.may("User:turbines")
    assert _fail_over(earth, SOMEBODY).state is RunState.DONE


@pytest.mark.parametrize("effect", ["raise epoch to 1", "journal says step-observed confirm-positions"])
def test_a_source_that_comes_back_is_no_reason_to_roll_back_where_a_person_says_that_it_takes_no_writes(
    effect: str,
) -> None:
    earth = synced(fake_world())
    lose(earth, sighted=True)
    _back(earth, effect)
    result = _fail_over(earth, SOMEBODY)
    assert result.state is RunState.DONE
    assert result.evidence["fence-what-answers"]["fence"] == FenceState.ATTESTED
    assert result.evidence["close-if-back"]["fence"] == FenceState.PROVEN
    assert earth.writable() == {"south"}


def test_the_fence_reaches_as_far_as_the_source_answers_before_the_target_is_opened() -> None:
    earth = synced(fake_world())
    lose(earth, sighted=True)
    _back(earth, "raise epoch to 1")
    open_then: dict[str, bool] = {}
    earth.effects.watchers.append(lambda name: open_then.update({name: earth.north.may("User:turbines")}))
    told = _fail_over(earth, SOMEBODY).evidence["fence-what-answers"]
    assert open_then["raise epoch to 1"]
    assert not open_then["lift at south"]
    assert told["fence"] == FenceState.ATTESTED
    assert "may not know of the deny rules" in told["why"]


def test_what_was_put_up_where_it_answered_off_and_on_is_taken_down_again_by_the_rollback() -> None:
    earth = synced(fake_world())
    lose(earth, sighted=True)
    _back(earth, "raise epoch to 1")
    earth.effects.watchers.append(lambda name: setattr(earth.south, "down", name.endswith("observed measure-loss")))
    with pytest.raises(RolledBack, match="north is open again"):
        _fail_over(earth, SOMEBODY)
    assert not earth.north.denials


def test_a_rollback_does_not_wait_for_a_source_that_no_longer_takes_its_rules_away() -> None:
    earth = synced(fake_world())
    earth.missing_brokers = {"north": [2, 3]}
    earth.north.super_users |= {"User:canary"}

    def frozen(name: str) -> None:
        if name == "lift at north":
            raise Unreachable("north: its controllers do not answer", remedy="start them")

    earth.effects.watchers.append(frozen)
    with pytest.raises(RolledBack, match=r"deny rules of this run stay at north: .*controllers do not") as caught:
        _fail_over(earth, None)
    assert "drctl unfence north" in caught.value.remedy
    earth.effects.watchers.remove(frozen)
    assert _fail_over(earth, SOMEBODY).state is RunState.DONE


def test_no_rule_is_put_up_before_it_is_known_which_ones_stood_there() -> None:
    earth = synced(fake_world())
    lose(earth, sighted=True)
    _back(earth, "journal says step-intended fence-what-answers")
    told = _fail_over(earth, SOMEBODY).evidence["fence-what-answers"]
    assert earth.effects.names.index("lift at south") < earth.effects.names.index("deny at north")
    assert "once the target is open" in told["why"]


def test_a_fence_that_a_move_had_proven_still_tells_what_is_lost() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-found-done drain-consumers"):
        switch(earth.ports())
    lose(earth)
    silent = {
        "journal says step-intended fence-what-answers": False,
        "journal says step-observed fence-what-answers": True,
    }
    earth.effects.watchers.append(lambda name: setattr(earth.north, "down", silent.get(name, earth.north.down)))
    result = _fail_over(earth, SOMEBODY)
    assert result.evidence["fence-what-answers"]["answered"]
    assert result.evidence["measure-loss"]["total"] == 0
    assert result.evidence["measure-loss"]["exact"]
