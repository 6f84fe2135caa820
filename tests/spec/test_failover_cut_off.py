"""Killed at any instant and run again, a failover ends as if undisturbed, and so does its rollback."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from drctl.errors import RolledBack
from drctl.model.fence import FenceState
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunResult, RunState
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import (
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    some_lag,
    synced,
    watch_two_writers,
)
from tests.spec.harness import killed_at, switch

ANY = AcceptedLoss(10_000)

type Build = Callable[[], FakeWorld]


def _dead() -> FakeWorld:
    """North is gone under load."""
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth)
    return earth


def _limping() -> FakeWorld:
    """North answers and takes writes, but lacks brokers."""
    earth = synced(fake_world())
    earth.missing_brokers = {"north": [2, 3]}
    some_lag(earth)
    return earth


def _in_a_switchover() -> FakeWorld:
    """North died while a switchover was handing positions over."""
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-found-done drain-consumers"):
        switch(earth.ports())
    earth.effects.names.clear()
    lose(earth)
    earth.new_process()
    return earth


def _without_a_canary() -> FakeWorld:
    """North answers, but its fence cannot be proven: the canary is a super user."""
    earth = _limping()
    earth.north.super_users |= {"User:canary"}
    return earth


def _effects(build: Build) -> tuple[str, ...]:
    earth = build()
    with suppress(RolledBack):
        fail_over(earth.new_process(), accepted=ANY)
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


BUILDS: tuple[Build, ...] = (_dead, _limping, _in_a_switchover)
FORWARD = [(build, effect, name) for build in BUILDS for effect, name in enumerate(_effects(build)[:-1])]
BACK = [(effect, name) for effect, name in enumerate(_effects(_without_a_canary)[:-1])]


def _cut_then_resumed(earth: FakeWorld, effect: int, *, before: bool) -> RunResult | None:
    earth.effects.cut_off(effect, before=before)
    try:
        return fail_over(earth.ports(), accepted=ANY)
    except Killed:
        earth.settle(1)
        return fail_over(earth.new_process(), accepted=ANY)


def test_the_cuts_cover_every_kind_of_effect() -> None:
    forward, back = {name.split()[1] for _, _, name in FORWARD}, {name.split()[1] for _, name in BACK}
    assert forward == {"journal", "stop", "raise", "deny", "lift", "routing", "commit"}
    assert {"deny", "lift", "resume"} <= back


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    ("build", "effect"), [(b, e) for b, e, _ in FORWARD], ids=[f"{b.__name__} {name}" for b, _, name in FORWARD]
)
def test_a_failover_cut_off_anywhere_ends_as_if_never_interrupted(build: Build, effect: int, before: bool) -> None:
    earth = build()
    both_open = watch_two_writers(earth)
    result = _cut_then_resumed(earth, effect, before=before)
    assert result is not None
    assert both_open == []
    runs = [(run.kind, state) for run, state in earth.journal.runs() if run.kind != "group-sync"]
    assert runs[-1] == ("failover", RunState.DONE)
    assert all(state is RunState.SUPERSEDED for _, state in runs[:-1])
    lost = beyond_the_frontier(earth)
    fence = result.evidence["fence-what-answers"]["fence"]
    assert fence == (FenceState.PENDING if build is _dead else FenceState.PROVEN)
    if build is not _dead:
        assert result.evidence["measure-loss"]["total"] == sum(map(len, lost.values()))
    require_served_by_target(earth, lost)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", [e for e, _ in BACK], ids=[name for _, name in BACK])
def test_a_rollback_cut_off_anywhere_ends_with_the_source_in_use(effect: int, before: bool) -> None:
    earth = _without_a_canary()
    both_open = watch_two_writers(earth)
    with pytest.raises(RolledBack, match="south was not opened"):
        _cut_then_resumed(earth, effect, before=before)
    assert both_open == []
    assert earth.writable() == {"north"}
    assert earth.routing.site() == "north"
    assert earth.mirrors["north", "south"].state is ConnectorState.RUNNING
    assert earth.journal.runs()[-1][1] is RunState.ROLLED_BACK
    earth.come_to_rest()
    for producer in earth.producers:
        for partition, acknowledged in producer.acknowledged.items():
            assert earth.south.payloads(partition) == acknowledged
