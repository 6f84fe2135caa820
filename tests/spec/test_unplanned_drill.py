"""The unplanned drill's own way through failover, return, salvage, decision and failback, on the fake world."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from drctl.drills.homecoming import behind_failover
from drctl.drills.lab_drill import LoadProfile
from drctl.drills.unplanned import FailedOver, UnplannedRehearsal, not_at_standby
from drctl.drills.way_home import made_anew
from drctl.errors import Blocked, StepFailed
from drctl.lab.lab import Lab
from drctl.lab.workload import LabWorkload
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed
from drctl.model.plan_file import PlanFile
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans.aftermath import aftermath
from drctl.ports import Clock, World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import beyond_the_frontier, lose, some_lag, synced

RUN = UUID(int=7)


@dataclass
class ReturningLab:
    """What the drill needs of a lab whose site it has lost."""

    earth: FakeWorld
    started: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return self.earth.clock

    @property
    def layout(self) -> dict[str, SimpleNamespace]:
        return {site: SimpleNamespace(worker=site) for site in self.earth.sites}

    @property
    def processes(self) -> "ReturningLab":
        return self

    def status(self, worker: str) -> SimpleNamespace:
        return SimpleNamespace(state="gone" if self.earth.workers[worker].worker_down else "running")

    def start_brokers(self, site: str) -> None:
        self.started.append(site)
        self.earth.sites[site].down = False

    def start_worker(self, site: str) -> None:
        self.workers.append(site)
        self.earth.workers[site].worker_down = False
        self.earth.mirrors["south", site].worker_down = False


@dataclass
class Paced:
    """A workload that remembers how it was told to read."""

    told: list[str] = field(default_factory=list)

    def hurry(self) -> None:
        self.told.append("hurry")

    def slow_down(self) -> None:
        self.told.append("slow down")


def rehearsal(earth: FakeWorld) -> UnplannedRehearsal:
    @contextmanager
    def open_world(plan: PlanFile, *, doubted: Collection[str] = ()) -> Iterator[World]:
        assert plan is earth.plan
        assert not doubted
        yield earth.ports()

    lab = cast(Lab, ReturningLab(earth))
    return UnplannedRehearsal(
        lab, earth.plan, open_world, observe, profile=LoadProfile(rate=1, seconds=1), terms=Terms(account="erin")
    )


def test_a_lost_site_is_failed_over_closed_saved_and_decided_on() -> None:
    earth = synced(fake_world())
    assert not_at_standby(earth.ports()) == ""
    some_lag(earth)
    lose(earth, sighted=True)
    drill = rehearsal(earth)
    moved = drill.fail_over(earth.ports())
    assert earth.routing.site() == "south"
    assert [span.step for span in moved.spans] == [timing.name for timing in moved.result.timings]
    assert moved.noticed_at <= moved.spans[0].began
    lost = beyond_the_frontier(earth)
    back = drill.bring_back(RUN, "north", "south")
    assert back.fence["fence"] == "proven"
    assert sum(back.tail.records.values()) == len(back.stranded) == sum(map(len, lost.values())) > 0
    assert moved.result.evidence["measure-loss"]["total"] >= len(back.stranded)
    assert (back.tail.faults, back.tail.moved, back.tail.undecided) == ((), (), ())
    assert {(each.topic, each.partition) for each in back.stranded} == {
        tuple(p) for p, values in lost.items() if values
    }


def lost_and_back() -> tuple[FakeWorld, UnplannedRehearsal, FailedOver]:
    """North was lost with a tail, is back, salvaged and decided on; the work goes on at south."""
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    drill = rehearsal(earth)
    moved = drill.fail_over(earth.ports())
    earth.settle(3)
    assert drill.bring_back(RUN, "north", "south").stranded
    return earth, drill, moved


def test_the_work_goes_home_once_every_group_has_read_past_the_failover() -> None:
    earth, drill, moved = lost_and_back()
    workload = Paced()
    drill.make_ready(cast(LabWorkload, workload), "north", "south")
    assert (cast(ReturningLab, drill.lab).workers, workload.told) == (["north"], ["hurry", "slow down"])
    assert behind_failover(earth.ports()) == ""
    assert {what for _, what in drill.phases} >= {
        "north's Connect worker answers",
        "nobody is a member of a group there",
        "every group has read past the failover",
    }
    home = drill.go_home("north", "south")
    assert earth.routing.site() == "north"
    seen = home.move.result.evidence
    assert home.move.result.run.kind == "failback"
    assert seen["check-homecoming"]["failover"] == moved.result.run.id
    assert seen["start-link-home"]["from"] == moved.result.evidence["record-handover-point"]["ends"]
    assert [span.step for span in home.move.spans] == [timing.name for timing in home.move.result.timings]
    assert set(home.move.mirrormaker) == set(seen["hand-over-positions"]["groups"])
    assert home.journal == earth.ports().journal.lines()
    assert made_anew(home.move) == frozenset()


def test_a_compacted_topic_with_a_tail_is_made_anew() -> None:
    """Whoever reads it whole would find the stranded value of a key."""
    earth, drill, _ = lost_and_back()
    for site in earth.sites.values():
        site.topic_config["turbines.readings"] = {"cleanup.policy": "compact"}
    drill.make_ready(cast(LabWorkload, Paced()), "north", "south")
    home = drill.go_home("north", "south")
    assert made_anew(home.move) == {"turbines.readings"}
    assert {name.rpartition("-")[0] for name in home.move.result.evidence["start-link-home"]["from"]} == {"shop.orders"}


def test_a_gate_that_opens_in_time_holds_the_failback_up_and_no_longer() -> None:
    earth, drill, _ = lost_and_back()
    drill.make_ready(cast(LabWorkload, Paced()), "north", "south")
    away = earth.mirrors["north", "south"]
    away.state = ConnectorState.RUNNING
    said: list[str] = []

    def say(what: str) -> None:
        said.append(what)
        if what.startswith("waiting for the gates: "):
            away.state = ConnectorState.STOPPED

    drill.say = say
    assert drill.go_home("north", "south").move.result.state is RunState.DONE
    assert "is not stopped" in next(what for what in said if what.startswith("waiting for the gates: "))


def test_a_gate_that_stays_shut_ends_the_drill() -> None:
    earth, drill, _ = lost_and_back()
    earth.mirrors["north", "south"].state = ConnectorState.RUNNING
    with pytest.raises(Blocked):
        drill.go_home("north", "south")
    assert earth.routing.site() == "south"


def test_groups_that_have_not_read_past_the_failover_are_named() -> None:
    earth, _, moved = lost_and_back()
    place, end = next((p, e) for p, e in aftermath(earth.ports()).ends.items() if e)
    earth.south.group("dispatch").committed[place] = Committed(0)
    assert moved.result.evidence["record-handover-point"]["ends"][str(place)] == end
    assert "dispatch" in behind_failover(earth.ports())


def test_a_site_that_nobody_finds_silent_is_not_failed_over() -> None:
    earth = synced(fake_world())
    with pytest.raises(StepFailed, match="did not find north silent"):
        rehearsal(earth).fail_over(earth.ports())
    assert earth.routing.site() == "north"


def test_groups_whose_positions_are_not_at_the_standby_are_named() -> None:
    earth = fake_world()
    earth.settle(3)
    assert not_at_standby(earth.ports()) == "billing, dispatch, how fast north's logs grow"
