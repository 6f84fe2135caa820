"""The standby is closed before the source is touched, and both sites are asked before anything changes."""

from collections.abc import Callable

import pytest

from drctl.errors import Blocked, RolledBack, Unauthenticated
from drctl.model.access import AclRule
from drctl.model.fence import DenyRule, Scope
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import SiteObservers, observe, status
from drctl.plans.handover import handover_blockers
from drctl.service.metrics import Metrics
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import (
    cut_then_resumed,
    require_nothing_lost_or_repeated,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)


def never_fenced() -> FakeWorld:
    """The standby of a plan file that was never used."""
    earth = fake_world()
    earth.south.denials.clear()
    return earth


def _effects_of_a_first_switchover() -> tuple[str, ...]:
    earth = never_fenced()
    switch(earth.ports())
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


FIRST = _effects_of_a_first_switchover()


def test_the_first_switchover_closes_the_standby_before_anything_else() -> None:
    earth = never_fenced()
    both_open = watch_for_two_open_sites(earth)
    result = switch(earth.ports())
    told = result.evidence["fence-standby"]
    assert told == {"denied": ["User:canary", "User:shop", "User:turbines"], "canary": "TOPIC_AUTHORIZATION_FAILED"}
    changes = [name for name in earth.effects.names if not name.startswith("journal")]
    assert changes[:2] == ["raise epoch to 1", "deny at south"]
    assert both_open[-1] == "deny at south", "from then on never again"
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(FIRST) - 1), ids=FIRST[:-1])
def test_a_first_switchover_cut_off_anywhere_ends_as_if_never_interrupted(effect: int, before: bool) -> None:
    earth = never_fenced()
    both_open = watch_for_two_open_sites(earth)
    cut_then_resumed(earth, effect, before=before)
    assert both_open[-1] == "deny at south"
    assert [state for _, state in earth.journal.runs()] == [RunState.DONE]
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_a_standby_closed_by_a_run_that_was_rolled_back_stays_closed() -> None:
    earth = never_fenced()
    earth.consumers["billing"].stubborn = True
    with pytest.raises(RolledBack):
        switch(earth.ports())
    assert earth.open_sites() == {"north"}


def _new_writer(earth: FakeWorld) -> None:
    for site in (earth.north, earth.south):
        site.allowed.add("User:new")


def _half_denied_writer(earth: FakeWorld) -> None:
    earth.south.denials.discard(DenyRule("User:shop", Scope.TRANSACTIONAL_IDS))


def _everyone_at_the_standby(earth: FakeWorld) -> None:
    earth.south.everyone = True


def _wrong_password_at_the_standby(earth: FakeWorld) -> None:
    earth.south.canary_fails = Unauthenticated("site south: the canary is rejected", remedy="renew its certificate")


def _canary_is_a_super_user_at_the_standby(earth: FakeWorld) -> None:
    earth.south.super_users.add("User:canary")


def _no_canary_topic_at_the_standby(earth: FakeWorld) -> None:
    earth.south.drop("canary")


def _no_right_for_the_canary_at_the_standby(earth: FakeWorld) -> None:
    earth.south.allowed.discard("User:canary")


def _link_home_may_not_write(earth: FakeWorld) -> None:
    earth.north.allowed.discard("User:mm2")


def _link_is_denied_at_the_standby(earth: FakeWorld) -> None:
    earth.south.rules.add(AclRule("User:mm2", "*", "ALL", "TOPIC", "shop.", "PREFIXED", allow=False))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_new_writer, "south: User:new may write there: its topics and transactional-ids are not denied"),
        (_half_denied_writer, "south: User:shop may write there: its transactional-ids are not denied"),
        (_everyone_at_the_standby, "south: an ALLOW rule gives User:*"),
        (_wrong_password_at_the_standby, "south: the canary: the canary is rejected"),
        (_canary_is_a_super_user_at_the_standby, "south: an ordinary client writes there"),
        (_no_canary_topic_at_the_standby, "south: there is no topic canary"),
        (_no_right_for_the_canary_at_the_standby, "south: User:canary lacks: ALLOW User:canary WRITE"),
        (_link_home_may_not_write, "north: User:mm2, under which south-to-north writes, has no right"),
        (_link_is_denied_at_the_standby, "south: User:mm2, under which north-to-south writes, is denied"),
    ],
)
def test_what_is_wrong_at_the_other_site_is_found_before_anything_changes(
    harm: Callable[[FakeWorld], None], said: str
) -> None:
    earth = fake_world()
    harm(earth)
    before = len(earth.effects.names)
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert any(reason.startswith(said) for reason in caught.value.reasons), caught.value.reasons
    assert all(name.startswith("journal") for name in earth.effects.names[before:])


def test_a_new_writer_that_a_person_has_looked_at_is_denied_by_the_move_itself() -> None:
    earth = fake_world()
    _new_writer(earth)
    result = switch(earth.ports(), terms=Terms(by="anna", overrides={"standby-open": "it wrote nothing"}))
    assert "User:new" in result.evidence["fence-standby"]["denied"]
    assert earth.open_sites() == {"south"}
    require_nothing_lost_or_repeated(earth, "south")


def test_an_application_that_may_write_only_to_the_standby_is_seen_too() -> None:
    earth = fake_world()
    earth.south.allowed.add("User:stray")
    assert earth.open_sites() == {"north", "south"}
    both_open = watch_for_two_open_sites(earth)
    with pytest.raises(Blocked):
        switch(earth.ports())
    assert both_open, "the watcher sees every principal"


def test_groups_that_are_handed_over_alone_need_no_canary_at_the_target() -> None:
    earth = fake_world()
    _wrong_password_at_the_standby(earth)
    world = earth.ports()
    facts = observe(world, "north", "south")
    assert list(handover_blockers(facts, world.plan.guards, world.clock.now())) == []


def test_a_failover_is_not_begun_with_a_canary_that_cannot_see_the_target_open() -> None:
    earth = synced(fake_world())
    lose(earth, sighted=True)
    _wrong_password_at_the_standby(earth)
    before = len(earth.effects.names)
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    assert any("the canary is rejected" in reason for reason in caught.value.reasons)
    assert all(name.startswith("journal") for name in earth.effects.names[before:])
    earth.south.canary_fails = None
    assert fail_over(earth.new_process(), accepted=AcceptedLoss(unknown=True)).state is RunState.DONE


def test_a_failover_to_a_fence_without_marks_names_how_it_is_adopted() -> None:
    earth = synced(fake_world())
    earth.south.of_others = set(earth.south.denials)
    lose(earth, sighted=True)
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    assert any("drctl fence --site south --adopt" in reason for reason in caught.value.reasons)


def test_a_standby_that_was_opened_does_not_hinder_a_failover() -> None:
    earth = synced(never_fenced())
    lose(earth, sighted=True)
    assert fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True)).state is RunState.DONE


def _shown(earth: FakeWorld) -> str:
    world, metrics = earth.ports(), Metrics()
    metrics.show(status(world, SiteObservers(world)))
    found = metrics.registry.collect()
    return " ".join(
        f"{sample.name}{dict(sample.labels)}={sample.value}"
        for family in found
        for sample in family.samples
        if sample.name == "drctl_standby_open_writers" or "open_writers" in sample.labels.values()
    )


def test_writers_at_the_standby_are_a_reading_and_a_metric() -> None:
    earth = fake_world()
    assert "drctl_standby_open_writers{'site': 'south'}=0.0" in _shown(earth)
    _new_writer(earth)
    assert "drctl_standby_open_writers{'site': 'south'}=1.0" in _shown(earth)
    assert "{'site': 'north'}" not in _shown(earth), "where clients are sent, writers are wanted"
    (_, south) = status(earth.ports()).sites
    assert south.undenied.value == frozenset(DenyRule("User:new", scope) for scope in Scope)


def test_who_may_write_at_a_silent_standby_is_unknown_and_not_nobody() -> None:
    earth = fake_world()
    earth.south.down = True
    shown = _shown(earth)
    assert "drctl_standby_open_writers" not in shown
    assert "drctl_reading_unknown{'reading': 'open_writers', 'of': 'south'}=1.0" in shown
