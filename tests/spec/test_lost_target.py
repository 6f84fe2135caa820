"""A switchover that was cut off behind its fence, and whose target died: a person opens the source, and nobody both."""

from collections.abc import Callable
from itertools import cycle

import pytest

from drctl.errors import (
    DrctlError,
    JournalBroken,
    RollbackPending,
    RolledBack,
    StepFailed,
    Unauthenticated,
    Unreachable,
)
from drctl.model.fence import DenyRule, Scope
from drctl.model.run import Event, RunState
from drctl.model.terms import ATTESTED, Terms
from tests.fakes import FakeWorld, Killed
from tests.fakes.world import APPLICATIONS
from tests.spec.bereft import (
    ABORT,
    BOTH_KINDS,
    CUT,
    VOUCHED,
    behind_the_fence,
    bereft_world,
    cut_at,
    cut_off,
    lose_target,
    require_in_use,
    return_target,
)
from tests.spec.harness import (
    go_on,
    killed_at,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    switch,
    watch_for_two_open_sites,
)


def _answer(earth: FakeWorld, pattern: tuple[bool, ...]) -> None:
    """South answers some requests and not the others, and nothing is copied meanwhile."""
    earth.mirrors["north", "south"].holds = True
    earth.south.answers = cycle(pattern)


def _changes(earth: FakeWorld) -> list[str]:
    """What was done beside the journal."""
    return [each for each in earth.effects.names if not each.startswith(("journal", "copy"))]


def _abort(earth: FakeWorld, terms: Terms = VOUCHED) -> None:
    go_on(earth.new_process(), terms)


CUTS = [number for number, _ in behind_the_fence()]
NAMES = [f"{number} {name}" for number, name in behind_the_fence()]


@pytest.mark.parametrize("effect", CUTS[::3], ids=NAMES[::3])
def test_without_a_word_the_source_stays_closed_and_it_is_said_what_to_type(effect: int) -> None:
    earth = cut_off(effect)
    lose_target(earth)
    for terms in (ABORT, Terms()):
        with pytest.raises(Unreachable, match="before south is known to be closed") as caught:
            _abort(earth, terms)
        run = earth.journal.runs()[-1][0].id
        assert f"drctl runs abort {run} --reason '…' --attest-target-down" in caught.value.remedy
    assert earth.open_sites() <= {"north"}
    assert _changes(earth) == []


@pytest.mark.parametrize("effect", CUTS, ids=NAMES)
def test_on_a_persons_word_the_source_is_in_use_and_the_rest_is_done_once_the_target_is_back(effect: int) -> None:
    earth = cut_off(effect)
    both_open = watch_for_two_open_sites(earth)
    lose_target(earth)
    with pytest.raises(RollbackPending, match="north is open again") as caught:
        _abort(earth)
    assert "resume-link" in str(caught.value)
    require_in_use(earth)
    earth.settle()
    return_target(earth)
    with pytest.raises(RolledBack) as done:
        go_on(earth.new_process())
    assert both_open == []
    require_rolled_back(earth, done.value)
    require_in_use(earth)
    require_nothing_lost_or_repeated(earth, "north")
    assert switch(earth.new_process()).state is RunState.DONE


def test_who_vouched_and_why_is_in_the_journal_and_in_what_is_said() -> None:
    earth = cut_at(CUT)
    lose_target(earth)
    with pytest.raises(RollbackPending, match="on the word of anna that south takes no writes: south is without power"):
        _abort(earth)
    entries = earth.journal.entries(earth.journal.runs()[-1][0].id)
    said = [e.body[ATTESTED] for e in entries if e.event is Event.RUN_RESUMED and ATTESTED in e.body]
    assert said == [{"by": "anna", "why": "south is without power"}]
    opened = next(e.body for e in entries if e.step == "unfence-source" and e.event is Event.STEP_OBSERVED)
    assert opened["closed by word"] == {"fence": "attested", "by": "anna", "why": "south is without power"}


def test_a_word_that_was_of_no_use_holds_for_no_later_outage() -> None:
    earth = cut_at(CUT)
    _somebody_opened_it(earth)
    with pytest.raises(JournalBroken):
        _abort(earth)
    earth.south.denials |= BOTH_KINDS
    lose_target(earth)
    with pytest.raises(Unreachable, match="before south is known to be closed"):
        go_on(earth.new_process())
    assert not earth.writable()


def _effects_of_a_way_out() -> tuple[tuple[int, str], ...]:
    earth = cut_at(CUT)
    lose_target(earth)
    with pytest.raises(RollbackPending):
        _abort(earth)
    return tuple((number, name) for number, name in enumerate(earth.effects.names) if not name.startswith("copy"))


WAY_OUT = _effects_of_a_way_out()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", [n for n, _ in WAY_OUT], ids=[f"{n} {name}" for n, name in WAY_OUT])
def test_the_way_out_cut_off_anywhere_goes_on_with_the_word_that_was_given(effect: int, before: bool) -> None:
    earth = cut_at(CUT)
    both_open = watch_for_two_open_sites(earth)
    lose_target(earth)
    world = earth.new_process()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        go_on(world, VOUCHED)
    entries = earth.journal.entries(earth.journal.runs()[-1][0].id)
    begun = any(entry.event is Event.ROLLBACK_STARTED for entry in entries)
    with pytest.raises(RollbackPending):
        _abort(earth, Terms() if begun else VOUCHED)
    require_in_use(earth)
    return_target(earth)
    with pytest.raises(RolledBack) as done:
        go_on(earth.new_process())
    assert both_open == []
    require_rolled_back(earth, done.value)


PATTERNS = {
    "every second": (False, True),
    "every second, later": (True, False),
    "one of three": (False, False, True),
    "two of three": (True, True, False),
    "one of seven": (False, False, False, False, False, False, True),
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize("terms", [ABORT, VOUCHED], ids=["without a word", "with a word"])
def test_a_target_that_answers_off_and_on_says_itself_that_it_is_closed(
    pattern: tuple[bool, ...], terms: Terms
) -> None:
    earth = cut_at(CUT)
    both_open = watch_for_two_open_sites(earth)
    _answer(earth, pattern)
    with pytest.raises((RolledBack, RollbackPending)):
        _abort(earth, terms)
    opened = earth.journal.entries(earth.journal.runs()[-1][0].id)
    assert not any("closed by word" in entry.body for entry in opened)
    assert both_open == []
    require_in_use(earth)


@pytest.mark.parametrize("effect", CUTS[::6], ids=NAMES[::6])
def test_a_target_that_answers_every_second_question_holds_up_no_rollback_from_anywhere(effect: int) -> None:
    earth = cut_off(effect)
    both_open = watch_for_two_open_sites(earth)
    _answer(earth, PATTERNS["every second"])
    with pytest.raises((RolledBack, RollbackPending)):
        _abort(earth, VOUCHED)
    assert both_open == []
    require_in_use(earth)


def _somebody_opened_it(earth: FakeWorld) -> None:
    earth.south.denials.clear()


def _one_may_write(earth: FakeWorld) -> None:
    earth.south.denials -= {DenyRule(APPLICATIONS[0], Scope.TOPICS)}


@pytest.mark.parametrize("pattern", [*PATTERNS.values(), (True,)], ids=[*PATTERNS, "always"])
@pytest.mark.parametrize("harm", [_somebody_opened_it, _one_may_write])
@pytest.mark.parametrize("effect", CUTS[:: max(1, len(CUTS) // 2)])
def test_a_target_that_shows_itself_open_keeps_the_source_closed_whatever_is_said(
    effect: int, harm: Callable[[FakeWorld], None], pattern: tuple[bool, ...]
) -> None:
    earth = cut_off(effect)
    harm(earth)
    _answer(earth, pattern)
    closed = not earth.north.may(APPLICATIONS[0])
    with pytest.raises((JournalBroken, StepFailed), match=r"south is (open|not: )"):
        _abort(earth)
    assert not closed or not earth.north.may(APPLICATIONS[0])


def test_a_target_that_comes_back_open_is_named_and_nothing_is_begun_there() -> None:
    earth = cut_at(CUT)
    lose_target(earth)
    with pytest.raises(RollbackPending):
        _abort(earth)
    return_target(earth)
    _somebody_opened_it(earth)
    earth.effects.names.clear()
    with pytest.raises(JournalBroken, match="both may be written to") as caught:
        go_on(earth.new_process())
    assert "deny the writers" in caught.value.remedy
    assert _changes(earth) == []
    earth.south.denials |= BOTH_KINDS
    with pytest.raises(RolledBack):
        go_on(earth.new_process())


def test_a_target_that_rejects_the_login_is_up_and_no_word_takes_its_place() -> None:
    earth = cut_at(CUT)
    earth.south.canary_fails = Unauthenticated("south: the canary is rejected", remedy="renew its certificate")
    with pytest.raises(Unauthenticated):
        _abort(earth)
    assert earth.writable() == set()


def _begun_to_open(earth: FakeWorld) -> None:
    """Cut off right behind the intent of the point of no return."""
    with killed_at(earth, "lift at south"):
        switch(earth.ports())


def _clients_at_south(earth: FakeWorld) -> None:
    with killed_at(earth, CUT):
        switch(earth.ports())
    earth.routing.pointer = "south"


def _no_copy(earth: FakeWorld) -> None:
    earth.copied = False
    with killed_at(earth, CUT):
        switch(earth.ports())


def _no_place_for_a_copy(earth: FakeWorld) -> None:
    with killed_at(earth, CUT):
        switch(earth.ports())
    earth.copies["north"].ready = False


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        (_begun_to_open, "unfence-target was begun"),
        (_clients_at_south, "clients are sent to south"),
        (_no_copy, "north holds no copy of the journal"),
        (_no_place_for_a_copy, "whether the journal's end is missing is not known"),
    ],
)
def test_what_the_journal_does_not_prove_no_word_makes_up_for(harm: Callable[[FakeWorld], None], names: str) -> None:
    earth = bereft_world()
    harm(earth)
    lose_target(earth)
    earth.effects.names.clear()
    with pytest.raises(DrctlError, match=names) as caught:
        _abort(earth)
    assert caught.value.remedy
    assert "--attest" not in caught.value.remedy
    assert _changes(earth) == []
    assert earth.writable() == set()


def test_on_an_older_journal_no_word_opens_anything() -> None:
    """The target was opened, and the file restored knows nothing of it."""
    earth = bereft_world()
    with killed_at(earth, "routing to south"):
        switch(earth.ports())
    for lines in range(3, len(earth.journal.lines()), 4):
        older = bereft_world()
        with killed_at(older, "routing to south"):
            switch(older.ports())
        older.journal.set_back(lines)
        lose_target(older)
        with pytest.raises(DrctlError):
            _abort(older)
        assert not older.north.may(APPLICATIONS[0]) or older.south.denials, lines
