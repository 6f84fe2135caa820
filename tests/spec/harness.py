"""What the sentences share: run a switchover in the fake world, watch it, and judge the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from drctl.errors import RolledBack
from drctl.model.link import ConnectorState
from drctl.model.run import RunResult, RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import reversal, runner, switchover
from drctl.plans.kinds import rebuilt
from drctl.plans.pending import pending_reversal
from drctl.plans.runner import Progress
from drctl.plans.standing import require_unfinished
from drctl.ports import World
from tests.fakes import FakeWorld, Killed


@dataclass(slots=True)
class RecordingObserver:
    """Who watches the live display."""

    seen: list[Progress] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.seen.append(progress)


@contextmanager
def killed_at(earth: FakeWorld, effect: str) -> Iterator[None]:
    """The process dies right before that effect."""

    def die(name: str) -> None:
        if name == effect:
            raise Killed

    earth.effects.watchers.append(die)
    with pytest.raises(Killed):
        yield
    earth.effects.watchers.remove(die)


def switch(
    world: World,
    source: str = "north",
    target: str = "south",
    *,
    accept_repeats: bool = False,
    terms: Terms = Terms(),  # noqa: B008 - frozen
) -> RunResult:
    """One process' attempt."""
    plan = switchover.plan(world, source, target, observe=observe, accept_repeats=accept_repeats)
    return runner.run(plan, world, RecordingObserver(), terms)


def make_up(world: World) -> RunResult:
    """Begin the replication home that a move left pending, as 'drctl runs resume' does."""
    owed = pending_reversal(world)
    assert owed is not None
    return runner.run(reversal.ordered(owed.run.source, owed.run.target, owed.run.id), world, RecordingObserver())


def go_on(world: World, terms: Terms = Terms()) -> RunResult:  # noqa: B008 - frozen
    """Continue the unfinished run from the journal alone, or abort it."""
    plan, smaller = rebuilt(world, require_unfinished(world, ""), observe)
    return runner.run(plan, smaller, RecordingObserver(), terms)


def cut_then_resumed(earth: FakeWorld, effect: int, *, before: bool) -> RunResult | None:
    """A switchover killed at that effect and run again by a new process; None if it ended before the cut."""
    earth.effects.cut_off(effect, before=before)
    try:
        return switch(earth.ports())
    except Killed:
        earth.settle(1)
        return switch(earth.new_process())


def watch_for_two_open_sites(earth: FakeWorld) -> list[str]:
    """Effects at which anybody could do anything at both sites, in any scope; stays empty if all is well."""
    found: list[str] = []

    def look(effect: str) -> None:
        if len(earth.open_sites()) > 1:
            found.append(effect)

    earth.effects.watchers.append(look)
    return found


def require_nothing_lost_or_repeated(earth: FakeWorld, served_by: str) -> None:
    """Every acknowledged record is at the serving site once, in order, and every group processed it once, in order."""
    earth.come_to_rest()
    for producer in earth.producers:
        for partition, acknowledged in producer.acknowledged.items():
            assert acknowledged, f"{producer.name} wrote nothing to {partition}"
            assert earth.sites[served_by].payloads(partition) == acknowledged
            for group, consumer in earth.consumers.items():
                assert consumer.processed[partition] == acknowledged, (group, partition)


def require_served_by(earth: FakeWorld, site: str) -> None:
    """That site is open and in use, the other fenced, and the one link that runs leads to the other."""
    other = next(name for name in earth.sites if name != site)
    assert earth.open_sites() == {site}
    assert earth.routing.site() == site
    assert earth.ports().links[site, other].replication.status().working
    assert earth.mirrors[other, site].state in (ConnectorState.STOPPED, ConnectorState.ABSENT)
    assert not earth.sites[site].denials


def require_rolled_back(earth: FakeWorld, error: RolledBack) -> None:
    """The source serves as if nothing had happened."""
    require_served_by(earth, "north")
    assert earth.ports().sites["north"].fence.canary().refused is False
    assert earth.journal.runs()[-1][1] is RunState.ROLLED_BACK
    assert "north is open again" in str(error)
