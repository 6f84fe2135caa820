"""Whom to deny, and what has grown."""

from dataclasses import replace
from threading import Barrier

import pytest

from drctl.errors import StepFailed
from drctl.model.fence import DenyRule, Scope, Writers
from drctl.model.offsets import TopicPartition
from drctl.model.run import Run
from drctl.plans import evidence, fencing
from drctl.plans.plan import StepContext
from tests.fakes import FakeFence, FakeSite, FakeWorld

READINGS = TopicPartition("turbines.readings", 0)


def a_scene(earth: FakeWorld) -> StepContext:
    run = Run("r", "switchover", "fake", "0", "north", "south", 1)
    return StepContext(
        earth.ports(), run, {}, {}, past_point_of_no_return=False, report=lambda _: None, check_authority=lambda: None
    )


def test_every_writer_is_denied_but_the_replication_principals() -> None:
    found = fencing.denials(a_scene(FakeWorld()), Scope.TOPICS)
    assert found == {DenyRule(p, Scope.TOPICS) for p in ("User:turbines", "User:shop", "User:canary")}


def test_a_site_where_everyone_may_write_cannot_be_fenced_per_principal() -> None:
    earth = FakeWorld()
    earth.north.everyone = True
    with pytest.raises(StepFailed, match=r"User:\* is allowed to write") as caught:
        fencing.denials(a_scene(earth), Scope.TOPICS)
    assert "one rule per application" in caught.value.remedy


def test_a_writer_that_is_added_later_brings_the_fence_down() -> None:
    earth = FakeWorld()
    ctx = a_scene(earth)
    fencing.put_up(ctx, Scope.TOPICS)
    assert fencing.stand(ctx, Scope.TOPICS)
    earth.north.allowed.add("User:new")
    assert not fencing.stand(ctx, Scope.TOPICS)
    with pytest.raises(StepFailed, match="User:new should be denied topics"):
        fencing.require(ctx, Scope.TOPICS)


class AskedTogether(FakeFence):
    """A fence that tells who writes and what stands only to one who asks for both."""

    def __init__(self, site: FakeSite) -> None:
        super().__init__(site)
        self.together = Barrier(2, timeout=20)

    def writers(self) -> Writers:
        self.together.wait()
        return super().writers()

    def standing(self) -> frozenset[DenyRule]:
        self.together.wait()
        return super().standing()


def test_who_writes_and_what_stands_is_asked_at_the_same_time() -> None:
    earth = FakeWorld()
    ctx = a_scene(earth)
    fencing.put_up(ctx, Scope.TOPICS)
    north = replace(ctx.source, fence=AskedTogether(earth.north))
    ctx.world = replace(ctx.world, sites={**ctx.world.sites, "north": north})
    assert fencing.stand(ctx, Scope.TOPICS)
    assert not fencing.stand(ctx, Scope.TRANSACTIONAL_IDS)


def test_one_look_at_the_rules_judges_both_scopes_and_what_it_refutes_is_asked_again() -> None:
    earth = FakeWorld()
    ctx = a_scene(earth)
    fencing.put_up(ctx, Scope.TOPICS)
    with fencing.one_look(ctx):
        assert fencing.stand(ctx, Scope.TOPICS)
        fencing.put_up(ctx, Scope.TRANSACTIONAL_IDS)
        assert not fencing.stand(ctx, Scope.TRANSACTIONAL_IDS), "it is of the look before"
        assert fencing.stand(ctx, Scope.TRANSACTIONAL_IDS)
    earth.north.allowed.add("User:new")
    assert not fencing.stand(ctx, Scope.TOPICS), "behind it everybody asks anew"


class Knowing(FakeFence):
    """A fence that knows the site's super users."""

    def writers(self) -> Writers:
        return replace(super().writers(), super_users=frozenset(self.site.super_users))


def test_whom_the_fence_does_not_bind_is_named_where_somebody_tells() -> None:
    earth = FakeWorld()
    north = earth.ports().sites["north"]
    assert "the brokers do not tell who they are" in fencing.not_covered(north)
    knowing = replace(north, fence=Knowing(earth.north))
    assert fencing.not_covered(knowing) == "no super user is named beside Strimzi's own"
    earth.north.super_users |= {"User:ops", "User:CN=root"}
    assert fencing.not_covered(knowing) == "these super users are not covered: User:CN=root, User:ops"


def test_markers_and_aborted_records_are_no_growth() -> None:
    earth = FakeWorld()
    source = a_scene(earth).source
    aborted = earth.north.begin("User:shop")
    aborted.write(READINGS, b"aborted")
    aborted.abort()
    assert earth.north.logs[READINGS].bounds.stable == 2
    assert fencing.growth(source, {READINGS: 0}) == {}
    earth.north.write(READINGS, b"record", "User:turbines")
    assert fencing.growth(source, {READINGS: 0}) == {READINGS: 1}


def test_offsets_survive_being_written_as_evidence() -> None:
    offsets = {READINGS: 7, TopicPartition("with-dashes-1", 12): 0}
    assert evidence.from_json(evidence.to_json(offsets)) == offsets
