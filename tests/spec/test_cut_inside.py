"""A request is cut off inside: a part of its rules, partitions or connectors is changed, and its process is gone."""

from collections.abc import Callable

import pytest

from drctl.errors import Locked, RolledBack
from drctl.model.link import ConnectorState
from drctl.model.run import RunResult, RunState
from drctl.model.salvage import Decision
from tests.fakes import FakeWorld, Killed, fake_world
from tests.fakes.effects import INSIDE, Cut
from tests.spec.failing import (
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    some_lag,
    synced,
    watch_two_writers,
)
from tests.spec.harness import (
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.returning import decide_all, go_home, returned, salve
from tests.spec.test_failover_cut_off import ANY

type Build = Callable[[], FakeWorld]
type Act = Callable[[FakeWorld], RunResult]


def _switch(earth: FakeWorld) -> RunResult:
    return switch(earth.ports())


def _stubborn() -> FakeWorld:
    earth = fake_world()
    earth.consumers["billing"].stubborn = True
    return earth


def _back(earth: FakeWorld) -> RunResult:
    with pytest.raises(RolledBack) as caught:
        switch(earth.ports())
    require_rolled_back(earth, caught.value)
    return RunResult(*earth.journal.runs()[-1], (), {})


def _lost() -> FakeWorld:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth)
    return earth


def _limping() -> FakeWorld:
    earth = synced(fake_world())
    earth.missing_brokers = {"north": [2, 3]}
    some_lag(earth)
    return earth


def _fail_over(earth: FakeWorld) -> RunResult:
    return fail_over(earth.ports(), accepted=ANY)


def _decided() -> FakeWorld:
    after = returned()
    salve(after.earth.ports())
    decide_all(after.earth, Decision.HAND_OVER)
    after.earth.settle(12)
    after.earth.effects.names.clear()
    return after.earth


def _go_home(earth: FakeWorld) -> RunResult:
    return go_home(earth.ports())


RUNS: dict[str, tuple[Build, Act]] = {
    "switchover": (fake_world, _switch),
    "rollback": (_stubborn, _back),
    "failover, site lost": (_lost, _fail_over),
    "failover, site limping": (_limping, _fail_over),
    "failback": (_decided, _go_home),
}


def _divisible(kind: str) -> list[tuple[str, int, str]]:
    build, act = RUNS[kind]
    earth = build()
    earth.effects.divisible.clear()
    act(earth)
    return [(kind, number, earth.effects.names[number]) for number in sorted(earth.effects.divisible)]


CUTS = [each for kind in RUNS for each in _divisible(kind)]
INSIDE_OF_STOPPING = next(name for kind, _, name in CUTS if kind == "switchover" and name.startswith("stop"))


def test_rules_positions_connectors_and_offsets_are_all_cut_inside() -> None:
    kinds = {name.split()[0] for kind, _, name in CUTS if kind == "switchover"}
    assert kinds == {"deny", "commit", "stop", "lift", "restart"}


@pytest.mark.parametrize("half", INSIDE)
@pytest.mark.parametrize(("kind", "effect", "name"), CUTS, ids=str)
def test_a_run_cut_off_inside_a_request_ends_as_if_undisturbed(kind: str, effect: int, name: str, half: Cut) -> None:
    build, act = RUNS[kind]
    earth = build()
    # A failover that could not deny everybody yet has two sites with some right to write; no writer succeeds at both.
    both_open = watch_two_writers(earth) if "failover" in kind else watch_for_two_open_sites(earth)
    earth.effects.watchers_inside.extend(earth.effects.watchers)
    earth.effects.cut_inside(effect, half)
    with pytest.raises(Killed, match=f"inside {effect} {name}"):
        act(earth)
    earth.settle(1)
    earth.new_process()
    result = act(earth)
    assert both_open == []
    assert result.state is (RunState.ROLLED_BACK if kind == "rollback" else RunState.DONE)
    if kind == "switchover":
        earth.settle()
        require_served_by(earth, "south")
        require_nothing_lost_or_repeated(earth, "south")
    elif kind == "rollback":
        require_nothing_lost_or_repeated(earth, "north")
    elif kind == "failback":
        earth.settle()
        require_served_by(earth, "north")
    else:
        require_served_by_target(earth, beyond_the_frontier(earth))


def test_who_loses_the_lease_between_two_connectors_stops_no_more_of_them() -> None:
    earth = fake_world()
    world = earth.ports()

    def lose_it(effect: str) -> None:
        if effect == INSIDE_OF_STOPPING:
            world.lease.release()

    earth.effects.watchers_inside.append(lose_it)
    with pytest.raises(Locked, match="lease was lost"):
        switch(world)
    earth.settle(1)
    states = [each.state for each in world.links["north", "south"].replication.status().connectors]
    assert states == [ConnectorState.RUNNING, ConnectorState.STOPPED, ConnectorState.RUNNING]
    earth.effects.watchers_inside.clear()
    assert switch(earth.new_process()).state is RunState.DONE
    earth.settle()
    require_served_by(earth, "south")
