"""What runs around a site as a user of its own goes on behind the fence, if it can write nothing that moves."""

from dataclasses import replace

import pytest

from drctl.decide.rules import GateCategory
from drctl.errors import Blocked
from drctl.model.access import AclRule
from drctl.model.fence import DenyRule, Scope
from drctl.model.run import RunState
from drctl.monitors import status
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated, require_served_by, switch

CONNECT = "User:connect"


def with_a_worker_of_its_own(*, named: bool = True) -> FakeWorld:
    """Connect workers log in as another user than MirrorMaker's, and write to their internal topics."""
    earth = fake_world()
    for site in earth.sites.values():
        site.platform.add(CONNECT)
    if named:
        sites = tuple(replace(site, platform_principals=frozenset({CONNECT})) for site in earth.plan.sites)
        earth.plan = replace(earth.plan, sites=sites)
    return earth


def ever_denied(earth: FakeWorld) -> list[str]:
    """Effects at which the worker's user was denied anything anywhere."""
    found: list[str] = []

    def look(effect: str) -> None:
        if any(DenyRule(CONNECT, scope) in site.denials for site in earth.sites.values() for scope in Scope):
            found.append(effect)

    earth.effects.watchers.append(look)
    return found


def test_a_worker_that_the_plan_file_names_writes_on_at_both_sites() -> None:
    earth = with_a_worker_of_its_own()
    denied = ever_denied(earth)
    assert switch(earth.ports()).state is RunState.DONE
    assert denied == []
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")
    seen = status(earth.ports())
    assert [site.undenied.value for site in seen.sites if site.facts.name == "north"] == [frozenset()]


def test_one_that_it_does_not_name_is_denied_like_every_writer() -> None:
    earth = with_a_worker_of_its_own(named=False)
    earth.south.platform.clear()
    assert switch(earth.ports()).state is RunState.DONE
    assert DenyRule(CONNECT, Scope.TOPICS) in earth.north.denials


@pytest.mark.parametrize("site", ["north", "south"])
def test_one_that_may_write_what_moves_is_named_before_anything_is_changed(site: str) -> None:
    earth = with_a_worker_of_its_own()
    earth.sites[site].rules |= {AclRule(CONNECT, "*", "ALL", "TOPIC", "shop.", "PREFIXED", allow=True)}
    with pytest.raises(Blocked, match="nothing was changed") as caught:
        switch(earth.ports())
    assert caught.value.exit_code == GateCategory.WRITERS.value
    assert any(f"{site}: {CONNECT} is of the platform and may write to shop.orders" in r for r in caught.value.reasons)
    assert earth.epochs.current() == 0


def test_one_that_is_given_such_a_right_after_the_gates_is_denied_at_the_fence() -> None:
    earth = with_a_worker_of_its_own()

    def give(effect: str) -> None:
        if effect == "raise epoch to 1":
            earth.north.rules |= {AclRule(CONNECT, "*", "ALL", "TOPIC", "shop.", "PREFIXED", allow=True)}

    earth.effects.watchers.append(give)
    assert switch(earth.ports()).state is RunState.DONE
    assert DenyRule(CONNECT, Scope.TOPICS) in earth.north.denials
