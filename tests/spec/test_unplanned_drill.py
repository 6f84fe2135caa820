"""The unplanned drill's own way through failover, return, salvage and decision, on the fake world."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import pytest

from drctl.drills.lab_drill import Pattern
from drctl.drills.unplanned import UnplannedRehearsal, not_at_standby
from drctl.errors import StepFailed
from drctl.lab.lab import Lab
from drctl.model.site import PlanFile
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.ports import Clock, World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import beyond_the_frontier, lose, some_lag, synced

RUN = UUID(int=7)


@dataclass
class ReturningLab:
    """What the drill needs of a lab whose site it has lost."""

    earth: FakeWorld
    started: list[str] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return self.earth.clock

    def start_brokers(self, site: str) -> None:
        self.started.append(site)
        self.earth.sites[site].down = False


def rehearsal(earth: FakeWorld) -> UnplannedRehearsal:
    @contextmanager
    def open_world(plan: PlanFile, *, doubted: Collection[str] = ()) -> Iterator[World]:
        assert plan is earth.plan
        assert not doubted
        yield earth.ports()

    lab = cast(Lab, ReturningLab(earth))
    return UnplannedRehearsal(
        lab, earth.plan, open_world, observe, pattern=Pattern(rate=1, seconds=1), terms=Terms(account="erin")
    )


def test_a_lost_site_is_failed_over_closed_saved_and_decided_on() -> None:
    earth = synced(fake_world())
    assert not_at_standby(earth.ports()) == ""
    some_lag(earth)
    lose(earth, sighted=True)
    drill = rehearsal(earth)
    moved = drill.fail_over(earth.ports())
    assert earth.door.site() == "south"
    assert [span.step for span in moved.spans] == [timing.name for timing in moved.result.timings]
    assert moved.noticed_at <= moved.spans[0].began
    lost = beyond_the_frontier(earth)
    back = drill.bring_back(RUN)
    assert back.fence["fence"] == "proven"
    assert sum(back.tail.records.values()) == len(back.stranded) == sum(map(len, lost.values())) > 0
    assert moved.result.evidence["measure-loss"]["total"] >= len(back.stranded)
    assert (back.tail.faults, back.tail.moved, back.tail.undecided) == ((), (), ())
    assert {(each.topic, each.partition) for each in back.stranded} == {
        tuple(p) for p, values in lost.items() if values
    }


def test_a_site_that_nobody_finds_silent_is_not_failed_over() -> None:
    earth = synced(fake_world())
    with pytest.raises(StepFailed, match="did not find north silent"):
        rehearsal(earth).fail_over(earth.ports())
    assert earth.door.site() == "north"


def test_groups_whose_positions_are_not_at_the_standby_are_named() -> None:
    earth = fake_world()
    earth.settle(3)
    assert not_at_standby(earth.ports()) == "billing, dispatch, how fast north's logs grow"
