"""A site that was left closed is opened by a person's word, and only while no other site is open."""

from collections.abc import Callable

import pytest

from drctl.errors import Refused, Superseded
from drctl.model.fence import DenyRule, Scope
from drctl.model.run import RunResult, RunState
from drctl.plans import runner, unfence
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.harness import (
    RecordingObserver,
    go_on,
    killed_at,
    require_nothing_lost_or_repeated,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.returning import returned


def _open(earth: FakeWorld) -> RunResult:
    return _try(earth.new_process())


def _try(world: World) -> RunResult:
    return runner.run(unfence.plan(world, "north"), world, RecordingObserver())


def _superseded() -> FakeWorld:
    """Somebody raised the epoch while a switchover had closed north and client routing."""
    earth = fake_world()

    def decide(effect: str) -> None:
        if effect == "routing to None":
            earth.epochs.epoch = 9

    earth.effects.watchers.append(decide)
    with pytest.raises(Superseded):
        switch(earth.ports())
    earth.effects.watchers.clear()
    earth.effects.names.clear()
    assert not earth.writable()
    assert earth.routing.site() is None
    assert not unfinished(earth.ports())
    return earth


def _effects() -> tuple[str, ...]:
    earth = _superseded()
    _open(earth)
    return tuple(earth.effects.names)


EFFECTS = _effects()


def test_a_site_whose_run_was_superseded_behind_the_fence_is_opened() -> None:
    earth = _superseded()
    both_open = watch_for_two_open_sites(earth)
    result = _open(earth)
    assert result.evidence["unfence-site"]["canary"] == "written"
    assert earth.open_sites() == {"north"}
    assert earth.routing.site() == "north"
    assert both_open == []
    earth.settle()
    require_nothing_lost_or_repeated(earth, "north")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(EFFECTS) - 1), ids=EFFECTS[:-1])
def test_cut_off_anywhere_it_goes_on(effect: int, before: bool) -> None:
    earth = _superseded()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        _try(earth.ports())
    _open(earth)
    assert earth.open_sites() == {"north"}
    assert earth.routing.site() == "north"
    assert earth.journal.runs()[-1][1] is RunState.DONE


def _south_is_open(earth: FakeWorld) -> None:
    earth.south.denials.clear()


def _one_writer_at_south(earth: FakeWorld) -> None:
    earth.south.denials -= {DenyRule(APPLICATIONS[0], Scope.TRANSACTIONAL_IDS)}


def _south_is_silent(earth: FakeWorld) -> None:
    earth.south.down = True


def _clients_at_south(earth: FakeWorld) -> None:
    earth.routing.pointer = "south"


def _link_home_runs(earth: FakeWorld) -> None:
    earth.mirrors["south", "north"].start()


def _nothing_stands(earth: FakeWorld) -> None:
    earth.north.denials.clear()


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        (_south_is_open, "south: User:shop is not denied topics"),
        (_one_writer_at_south, "south: User:turbines is not denied transactional-ids"),
        (_south_is_silent, "whether south is closed is not known"),
        (_clients_at_south, "clients are sent to south"),
        (_link_home_runs, "link south-to-north copies to it"),
        (_nothing_stands, "no deny rule of drctl stands at north"),
    ],
)
def test_it_is_refused_while_anything_else_may_be_open(harm: Callable[[FakeWorld], None], names: str) -> None:
    earth = _superseded()
    harm(earth)
    before = set(earth.north.denials)
    with pytest.raises(Refused, match=names):
        _open(earth)
    assert earth.north.denials == before
    assert earth.epochs.epoch == 9


def test_a_site_that_a_failover_left_is_salvaged_first() -> None:
    earth = returned(fence="proven").earth
    earth.south.denials = {DenyRule(p, s) for p in earth.south.allowed for s in Scope}
    with pytest.raises(Refused, match="may hold a tail: drctl salvage"):
        _open(earth)


def test_an_unfinished_run_is_finished_instead() -> None:
    earth = fake_world()
    with killed_at(earth, "routing to None"):
        switch(earth.ports())
    with pytest.raises(Refused, match="a switchover from north to south, is unfinished"):
        _open(earth)
    assert go_on(earth.new_process()).state is RunState.DONE
