"""Deny rules that somebody else made: drctl lifts what it made and nothing else, and says what it leaves."""

from collections.abc import Callable

import pytest

from drctl.errors import Blocked, Locked, NotFound, RolledBack
from drctl.model.fence import DenyRule, Scope
from drctl.model.run import RunState
from drctl.plans.adoption import adopt
from tests.fakes import FakeSite, FakeWorld, Killed, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated, require_served_by, switch

MALLORY = DenyRule("User:mallory", Scope.TOPICS)
TAKEN = "User:mallory (topics)"


def of_somebody_else(site: FakeSite, *denials: DenyRule) -> None:
    """As a security team makes them, with Kafka's own tools."""
    site.denials |= set(denials)
    site.of_others |= set(denials)


def test_a_rule_of_somebody_else_at_the_standby_outlives_its_opening_and_is_named() -> None:
    earth = fake_world()
    of_somebody_else(earth.south, MALLORY)
    result = switch(earth.ports())
    assert earth.south.denials == {MALLORY}
    assert not earth.south.may("User:mallory")
    assert result.evidence["unfence-target"]["left as they are"] == [TAKEN]
    assert result.evidence["unfence-target"]["lifted"] == ["User:canary", "User:shop", "User:turbines"]
    require_nothing_lost_or_repeated(earth, "south")


def test_a_rule_of_somebody_else_at_the_source_blocks_nothing_and_outlives_the_way_home() -> None:
    earth = fake_world()
    of_somebody_else(earth.north, MALLORY)
    switch(earth.ports())
    earth.settle()
    assert switch(earth.new_process(), "south", "north").state is RunState.DONE
    assert earth.north.denials == {MALLORY}
    require_nothing_lost_or_repeated(earth, "north")


def test_a_rule_of_somebody_else_outlives_the_rollback() -> None:
    earth = fake_world()
    of_somebody_else(earth.north, MALLORY)
    earth.consumers["billing"].stubborn = True
    with pytest.raises(RolledBack):
        switch(earth.ports())
    assert earth.north.denials == {MALLORY}
    assert earth.north.may("User:turbines")
    entries = earth.journal.entries(earth.journal.runs()[-1][0].id)
    assert [e.body["left as they are"] for e in entries if e.step == "unfence-source" and "canary" in e.body] == [
        [TAKEN]
    ]


@pytest.mark.parametrize("moment", ["raise epoch", "deny at north", "commit", "stop link"])
def test_a_rule_that_somebody_makes_during_the_run_stays(moment: str) -> None:
    earth = fake_world()

    def forbid(effect: str) -> None:
        if effect.startswith(moment):
            of_somebody_else(earth.north, MALLORY)
            of_somebody_else(earth.south, MALLORY)

    earth.effects.watchers.append(forbid)
    assert switch(earth.ports()).state is RunState.DONE
    assert MALLORY in earth.north.denials & earth.south.denials


def test_an_application_whom_somebody_else_denies_at_the_standby_stands_in_the_way() -> None:
    earth = fake_world()
    of_somebody_else(earth.south, *(DenyRule("User:shop", scope) for scope in Scope))
    before = list(earth.effects.names)
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert any("User:shop is denied: DENY User:shop WRITE on topic *" in reason for reason in caught.value.reasons)
    assert any("drctl fence --site south --adopt 'User:shop'" in reason for reason in caught.value.reasons)
    assert not [name for name in earth.effects.names[len(before) :] if not name.startswith("journal")]


def unmarked() -> FakeWorld:
    """South's fence was put up by hand, or by a drctl that left no marks."""
    earth = fake_world()
    earth.south.of_others = set(earth.south.denials)
    return earth


PRINCIPALS = ("User:canary", "User:shop", "User:turbines")


def test_a_fence_without_marks_is_adopted_by_name_and_then_lifted() -> None:
    earth = unmarked()
    of_somebody_else(earth.south, MALLORY)
    with pytest.raises(Blocked):
        switch(earth.ports())
    world = earth.new_process()
    assert len(adopt(world, world.sites["south"], PRINCIPALS, "anna")) == 6
    assert adopt(world, world.sites["south"], PRINCIPALS, "anna") == frozenset()
    assert switch(earth.new_process()).state is RunState.DONE
    assert earth.south.denials == {MALLORY}
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(5))
def test_an_adoption_cut_off_anywhere_is_begun_again_and_stands_in_nobodys_way(effect: int, before: bool) -> None:
    earth = unmarked()
    world = earth.ports()
    earth.effects.cut_off(len(earth.effects.names) + effect, before=before)
    with pytest.raises(Killed):
        adopt(world, world.sites["south"], PRINCIPALS, "anna")
    world = earth.new_process()
    adopt(world, world.sites["south"], PRINCIPALS, "anna")
    assert switch(earth.new_process()).state is RunState.DONE
    require_served_by(earth, "south")


def _by_another_name(earth: FakeWorld) -> None:
    world = earth.ports()
    adopt(world, world.sites["south"], ["User:nobody"], "anna")


def _while_a_drctl_is_at_work(earth: FakeWorld) -> None:
    earth.ports().lease.acquire("somebody")
    world = earth.ports()
    adopt(world, world.sites["south"], PRINCIPALS, "anna")


@pytest.mark.parametrize(("attempt", "error"), [(_by_another_name, NotFound), (_while_a_drctl_is_at_work, Locked)])
def test_what_cannot_be_adopted_is_left(attempt: Callable[[FakeWorld], None], error: type[Exception]) -> None:
    earth = unmarked()
    with pytest.raises(error):
        attempt(earth)
    assert earth.south.of_others == earth.south.denials
