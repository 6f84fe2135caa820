"""A whole switchover between two sites that Strimzi's resources describe; its operators are stand-ins."""

from collections.abc import Callable
from functools import cache

import pytest

from drctl.errors import DrctlError, RolledBack
from drctl.model.link import ConnectorState
from drctl.model.run import RunState
from drctl.plans.link_evidence import WOKEN
from tests.contract.waiting import until
from tests.fakes import FakeWorld, Killed
from tests.spec.harness import (
    cut_then_resumed,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
)
from tests.spec.strimzi_operators import OPERATORS, in_the_middle, woken_at_once
from tests.spec.strimzi_sites import LEGACY, MIXED, SHAPES, StrimziEarth, strimzi_earth

type Operators = Callable[[StrimziEarth], None]

CUT = ("v1", "connectors")
"""Shapes in which runs are cut off; v1beta2 differs from v1 in where a mirror's aliases stand."""


@cache
def _undisturbed(shape: str) -> tuple[tuple[str, ...], StrimziEarth]:
    earth, strimzi = strimzi_earth(shape)
    switch(earth.ports())
    names = tuple(earth.effects.names)
    earth.settle(15)
    return names, strimzi


@cache
def _rolled_back() -> tuple[str, ...]:
    earth, _ = _with_a_group_that_never_leaves()
    with pytest.raises(RolledBack):
        switch(earth.ports())
    return tuple(earth.effects.names)


def _with_a_group_that_never_leaves() -> tuple[FakeWorld, StrimziEarth]:
    earth, strimzi = strimzi_earth()
    earth.consumers["billing"].stubborn = True
    return earth, strimzi


FORWARD = [(shape, n, name) for shape in CUT for n, name in enumerate(_undisturbed(shape)[0][:-1])]
# Around what is written to the journal the resources are as around the change beside it: once is enough.
CUTS = [(shape, n, name) for shape, n, name in FORWARD if shape == "v1" or not name.startswith("journal")]
CHANGES = [(n, name) for shape, n, name in CUTS if shape == "v1" and not name.startswith("journal")]
BACK = list(enumerate(_rolled_back()[:-1]))


def _require_end(strimzi: StrimziEarth, site: str) -> None:
    """That site serves, the links are so in Connect, too, and nothing was lost or repeated."""
    earth, other = strimzi.earth, "north" if site == "south" else "south"
    earth.settle(15)
    require_served_by(earth, site)
    assert earth.mirrors[site, other].state is ConnectorState.RUNNING
    earth.come_to_rest()  # one group lags, and has more to read after a longer run
    require_nothing_lost_or_repeated(earth, site)


@pytest.mark.parametrize("operators", OPERATORS)
@pytest.mark.parametrize("shape", SHAPES)
def test_there_and_home_again_whenever_the_operators_act(shape: str, operators: Operators) -> None:
    earth, strimzi = strimzi_earth(shape)
    operators(strimzi)
    both_open = strimzi.watch_for_two_open_sites()
    assert switch(earth.ports()).state is RunState.DONE
    earth.settle(15)
    require_served_by(earth, "south")
    assert strimzi.specs() == _undisturbed(shape)[1].specs()
    assert switch(earth.new_process(), "south", "north").run.epoch == 2
    _require_end(strimzi, "north")
    assert both_open == []


@pytest.mark.parametrize("operators", [woken_at_once, in_the_middle])
def test_sites_whose_strimzi_differs_in_version_move_there_and_home_again(operators: Operators) -> None:
    earth, strimzi = strimzi_earth(MIXED)
    assert strimzi.versions["north"] != strimzi.versions["south"]
    operators(strimzi)
    both_open = strimzi.watch_for_two_open_sites()
    assert switch(earth.ports()).state is RunState.DONE
    earth.settle(15)
    require_served_by(earth, "south")
    assert switch(earth.new_process(), "south", "north").run.epoch == 2
    _require_end(strimzi, "north")
    assert both_open == []


def test_the_cuts_cover_every_kind_of_effect() -> None:
    for shape, kinds in (("v1", "KafkaMirrorMaker2"), ("connectors", "KafkaConnector")):
        resources = {name.split()[1].partition("/")[0] for s, _, name in FORWARD if s == shape and "/" in name}
        assert resources >= {kinds, "KafkaUser", "ConfigMap"}
    assert {"deny", "lift", "raise", "routing", "commit", "journal"} <= {name.split()[0] for _, _, name in FORWARD}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    ("shape", "effect"), [(s, n) for s, n, _ in CUTS], ids=[f"{s} {n} {name}" for s, n, name in CUTS]
)
def test_cut_off_anywhere_it_ends_as_if_never_interrupted(shape: str, effect: int, before: bool) -> None:
    earth, strimzi = strimzi_earth(shape)
    both_open = strimzi.watch_for_two_open_sites()
    cut_then_resumed(earth, effect, before=before)
    assert [(run.epoch, state) for run, state in earth.journal.runs()] == [(1, RunState.DONE)]
    _require_end(strimzi, "south")
    assert both_open == []
    assert strimzi.specs() == _undisturbed(shape)[1].specs()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", [n for n, _ in CHANGES], ids=[f"{n} {name}" for n, name in CHANGES])
def test_cut_off_anywhere_while_the_operators_act_in_the_middle(effect: int, before: bool) -> None:
    earth, strimzi = strimzi_earth()
    in_the_middle(strimzi)
    both_open = strimzi.watch_for_two_open_sites()
    cut_then_resumed(earth, effect, before=before)
    _require_end(strimzi, "south")
    assert both_open == []
    assert strimzi.specs() == _undisturbed("v1")[1].specs()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", [n for n, _ in BACK], ids=[f"{n} {name}" for n, name in BACK])
def test_a_rollback_cut_off_anywhere_ends_with_the_source_open(effect: int, before: bool) -> None:
    earth, strimzi = _with_a_group_that_never_leaves()
    before_it = strimzi.specs()
    both_open = strimzi.watch_for_two_open_sites()
    with pytest.raises(RolledBack) as caught:
        cut_then_resumed(earth, effect, before=before)
    require_rolled_back(earth, caught.value)
    earth.settle(15)
    assert earth.mirrors["north", "south"].state is ConnectorState.RUNNING
    assert both_open == []
    assert strimzi.specs() == before_it
    earth.consumers["billing"].stubborn = False
    _require_end(strimzi, "north")


@pytest.mark.parametrize("shape", SHAPES)
def test_an_operator_that_looked_before_connect_had_stopped_is_woken_and_told_of(shape: str) -> None:
    earth, strimzi = strimzi_earth(shape)
    earth.mirrors["north", "south"].slow_to_stop = 20
    result = switch(earth.ports())
    assert result.evidence["stop-link"][WOKEN] >= 1
    assert {each.name: each.seconds for each in result.timings}["stop-link"] < 6
    _require_end(strimzi, "south")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("between", [0.1, 0.5, 3.0])
def test_a_link_that_is_stopped_before_it_has_begun_copies_nothing_once_it_counts_as_stopped(
    shape: str, between: float
) -> None:
    """As a rollback lets it run on, and a failover that takes the run over stops it; in processes of their own."""
    earth, _ = strimzi_earth(shape)
    mirror = earth.mirrors["north", "south"]
    mirror.slow_to_start = 20
    earth.ports().links["north", "south"].replication.stop()
    earth.settle(5)
    assert mirror.state is ConnectorState.STOPPED
    earth.new_process().links["north", "south"].replication.resume()
    earth.settle(between)
    replication = earth.new_process().links["north", "south"].replication
    replication.stop()
    until(earth.clock, "the link counts as stopped", lambda: replication.status().source.halted)
    ran: list[ConnectorState] = []

    def look() -> None:
        ran.extend([mirror.state] if mirror.state is not ConnectorState.STOPPED else [])

    earth.clock.actors.append(look)
    earth.settle(150)
    assert ran == []


def test_one_that_looks_in_time_is_not() -> None:
    earth, _ = strimzi_earth()
    earth.mirrors["north", "south"].slow_to_stop = 1
    result = switch(earth.ports())
    assert all(WOKEN not in told for told in result.evidence.values())


def test_an_operator_that_never_acts_again_leaves_the_source_in_use() -> None:
    """Whatever it is asked: the step's deadline passes, and it is rolled back as far as that goes without it."""
    earth, strimzi = strimzi_earth()
    both_open = strimzi.watch_for_two_open_sites()

    def go(name: str) -> None:
        strimzi.spaces["south"].links.away |= name == "journal says step-observed prove-fence"

    earth.effects.watchers.append(go)
    with pytest.raises(DrctlError):
        switch(earth.ports())
    assert earth.open_sites() == {"north"}
    assert both_open == []


def test_rules_of_a_user_that_nobody_owns_are_deleted_and_it_can_write_nowhere() -> None:
    """Whoever struck them at the brokers, the User Operator takes allow and deny rules alike."""
    earth, strimzi = strimzi_earth()
    earth.north.allowed.add("User:stray")
    strimzi.spaces["north"].users.act()
    assert strimzi.spaces["north"].user_operator.deleted == {"User:stray"}
    assert "User:stray" not in earth.north.allowed
    assert LEGACY in earth.north.allowed


def test_a_writer_whose_deny_rule_would_be_deleted_holds_the_switchover_up_and_is_named() -> None:
    earth, strimzi = strimzi_earth()
    for name, site in earth.sites.items():
        strimzi.spaces[name].users.away = True
        site.allowed.add("User:stray")
    before = strimzi.specs()
    with pytest.raises(DrctlError) as caught:
        switch(earth.ports())
    assert "User:stray" in f"{caught.value} {getattr(caught.value, 'reasons', '')} {caught.value.__cause__}"
    assert earth.writable() == {"north"}
    assert strimzi.specs() == before


@pytest.mark.parametrize("step", ["fence-writes", "fence-transactions", "prove-fence", "stop-link"])
def test_a_pipeline_that_takes_the_fence_away_before_the_target_is_open_is_seen(step: str) -> None:
    """Its users are applied again, the User Operator opens the source: what follows finds it, or fences it again."""
    earth, strimzi = strimzi_earth()
    both_open = strimzi.watch_for_two_open_sites()
    moment, done = f"journal says step-observed {step}", list[str]()

    def apply(name: str) -> None:
        if name == moment and not done:
            done.append(name)
            strimzi.put_users("north")
            strimzi.spaces["north"].users.act()

    earth.effects.watchers.append(apply)
    with pytest.raises(RolledBack) as caught:
        switch(earth.ports())
    assert done
    assert both_open == []
    require_rolled_back(earth, caught.value)
    _require_end(strimzi, "north")


def test_a_run_whose_process_dies_twice_while_the_operators_are_slow_still_ends() -> None:
    earth, strimzi = strimzi_earth()
    woken_at_once(strimzi)
    for effect in (25, 50):
        world = earth.new_process()
        earth.effects.cut_off(effect, before=False)
        with pytest.raises(Killed):
            switch(world)
        earth.settle(1)
    assert switch(earth.new_process()).run.epoch == 1
    _require_end(strimzi, "south")
