"""A whole failover and the way home between two sites that Strimzi describes; its operators are stand-ins."""

from collections.abc import Callable
from functools import cache

import pytest

from drctl.errors import Blocked
from drctl.model.fence import FenceState
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from tests.fakes import Killed
from tests.spec.failing import (
    ANY,
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    some_lag,
    synced,
    watch_two_writers,
)
from tests.spec.harness import require_served_by
from tests.spec.returning import decide_all, go_home, rescued, salve
from tests.spec.strimzi_operators import OPERATORS, in_the_middle, woken_at_once
from tests.spec.strimzi_sites import SHAPES, StrimziEarth, strimzi_earth

type Build = Callable[[str], StrimziEarth]
type Operators = Callable[[StrimziEarth], None]


def dead(shape: str) -> StrimziEarth:
    """North is gone under load, its Kubernetes with it."""
    earth, strimzi = strimzi_earth(shape)
    synced(earth)
    some_lag(earth)
    lose(earth)
    strimzi.lose()
    return strimzi


def limping(shape: str) -> StrimziEarth:
    """North and its Kubernetes answer, it takes writes, but lacks brokers."""
    earth, strimzi = strimzi_earth(shape)
    synced(earth)
    earth.missing_brokers = {"north": [2, 3]}
    some_lag(earth)
    return strimzi


BUILDS: tuple[Build, ...] = (dead, limping)


@cache
def _effects(build: Build) -> tuple[str, ...]:
    strimzi = build("v1")
    fail_over(strimzi.earth.ports(), accepted=ANY)
    return tuple(strimzi.earth.effects.names)


CUTS = [(build, n, name) for build in BUILDS for n, name in enumerate(_effects(build)[:-1])]


def _require_end(strimzi: StrimziEarth, build: Build) -> None:
    """South serves alone with all that it had; the link to it stands still in Connect, too."""
    earth = strimzi.earth
    earth.settle(15)
    assert earth.mirrors["north", "south"].state is not ConnectorState.RUNNING or build is dead
    require_served_by_target(earth, beyond_the_frontier(earth))


@pytest.mark.parametrize("operators", OPERATORS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("build", BUILDS)
def test_undisturbed_whenever_the_operators_act(build: Build, shape: str, operators: Operators) -> None:
    strimzi = build(shape)
    operators(strimzi)
    two_writers = watch_two_writers(strimzi.earth)
    result = fail_over(strimzi.earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    fence = result.evidence["fence-what-answers"]["fence"]
    assert fence == (FenceState.PENDING if build is dead else FenceState.PROVEN)
    _require_end(strimzi, build)
    assert two_writers == []


@pytest.mark.parametrize("operators", [woken_at_once, in_the_middle])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    ("build", "effect"), [(b, n) for b, n, _ in CUTS], ids=[f"{b.__name__} {n} {name}" for b, n, name in CUTS]
)
def test_cut_off_anywhere_it_ends_as_if_never_interrupted(
    build: Build, effect: int, before: bool, operators: Operators
) -> None:
    strimzi = build("v1")
    earth = strimzi.earth
    operators(strimzi)
    two_writers = watch_two_writers(earth)
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        fail_over(earth.ports(), accepted=ANY)
    earth.settle(1)
    assert fail_over(earth.new_process(), accepted=ANY).state is RunState.DONE
    _require_end(strimzi, build)
    assert two_writers == []


@pytest.mark.parametrize("shape", SHAPES)
def test_from_a_lost_site_to_the_end_of_the_failback(shape: str) -> None:
    earth, strimzi = strimzi_earth(shape)
    synced(earth)
    link = earth.mirrors["north", "south"]
    link.holds = True
    earth.settle(1)
    lost = beyond_the_frontier(earth)
    lose(earth)
    strimzi.lose()
    fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    earth.settle(2)
    link.holds = False
    strimzi.come_back()
    # A connector whose source is silent is told as RUNNING a while after it was stopped, and its operator looked then.
    # Who comes later has asked it for nothing, believes that, and changes nothing until the operator's next round.
    with pytest.raises(Blocked, match="while records are copied"):
        salve(earth.ports())
    strimzi.spaces["south"].links.act()
    salve(earth.new_process())
    two_writers = watch_two_writers(earth)
    assert {p: records for p, records in rescued(earth).items() if records} == lost
    decide_all(earth)
    earth.settle(12)
    assert go_home(earth.ports()).state is RunState.DONE
    earth.settle(15)
    assert two_writers == []
    require_served_by(earth, "north")
    assert earth.mirrors["north", "south"].state is ConnectorState.RUNNING
    earth.come_to_rest()
    for producer in earth.producers:
        for p, acknowledged in producer.acknowledged.items():
            kept = [payload for payload in acknowledged if payload not in set(lost.get(p, ()))]
            assert earth.south.payloads(p) == kept
