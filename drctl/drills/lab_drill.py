"""Do what every drill on the lab does: start the workload, let it work, note what happens when, end it."""

import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from drctl.drills.audit_reader import PARTITIONS
from drctl.drills.judging import Judgement
from drctl.drills.outcome import Drill, Handover, JournalHead, Material, OutageReport, Provenance, SiteSettings
from drctl.drills.provenance import commit, plan_facts, versions
from drctl.drills.timeline import Histories, StepSpan
from drctl.errors import StepFailed
from drctl.lab.lab import Lab
from drctl.lab.steady import SteadyTime
from drctl.lab.workload import GROUPS, LabWorkload
from drctl.model.plan_file import PlanFile
from drctl.model.terms import Terms
from drctl.plans.observing import Observe
from drctl.plans.runner import Announce, Progress, StepState
from drctl.ports import SitePorts, World

HISTORIES = "histories"
"""The lab's folder with what the clients of a drill wrote down."""
COPIED = 60.0
"""Seconds in which the standby gets what was written last; what it lacks then, the verdict names."""


class OpenWorld(Protocol):
    """``drctl.wiring.world.open_world``, handed in by the command: drills do not know the drivers of a plan file."""

    def __call__(self, plan: PlanFile, *, doubted: Collection[str] = ()) -> AbstractContextManager[World]:
        """Open what the plan file names; sites that are ``doubted`` are not waited for long."""
        ...


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """How much of what: ``rate`` records per second after ``burst`` at once; ``seconds`` of work at every stay.

    Of 6000 at once 5,100 are for the group that reads 60 a second: it is 85 s behind before the first move.
    """

    rate: float
    seconds: float
    burst: int = 6000


@dataclass(slots=True)
class StepTimer:
    """Notes when each step began and ended while passing progress on."""

    announce: Announce
    now: Callable[[], float]
    run: str
    spans: list[StepSpan] = field(default_factory=list)
    began: float = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.state is StepState.STARTED:
            self.began = self.now()
        elif progress.state in (StepState.DONE, StepState.FOUND_DONE):
            self.spans.append(StepSpan(self.run, progress.step, self.began, self.now()))
        self.announce(progress)


@dataclass(frozen=True, slots=True)
class Setting:
    """Hold what was drilled on: the protocol of each group, and how durable each site is."""

    protocols: dict[str, str]
    postures: tuple[SiteSettings, ...]


class LabDrill:
    """A drill under way on a running lab; ``terms`` say who runs it.

    ``say`` shows a line, ``announce`` a step's progress.
    """

    def __init__(
        self,
        lab: Lab,
        plan_file: PlanFile,
        open_world: OpenWorld,
        observe: Observe,
        *,
        profile: LoadProfile,
        terms: Terms,
    ) -> None:
        self.lab = lab
        self.plan_file = plan_file
        self.open_world = open_world
        self.observe = observe
        self.profile = profile
        self.terms = terms
        self.say: Callable[[str], None] = lambda _: None
        self.announce: Announce = lambda _: None
        self.phases: list[tuple[float, str]] = []
        self.time = SteadyTime.begun(lab.clock)

    def phase(self, what: str) -> None:
        """Note that this happens now."""
        self.phases.append((self.now(), what))

    def now(self) -> float:
        """Return the seconds since 1970 by which everything in this drill is told."""
        return self.time.now()

    def waited(self, seconds: float, what: str, left: Callable[[], str]) -> str:
        """Wait until nothing is ``left``; returns what is when the time is up."""
        deadline = self.lab.clock.monotonic() + seconds
        while still := left():
            if self.lab.clock.monotonic() > deadline:
                return still
            self.say(f"waiting for {what}: {still}")
            self.lab.clock.sleep(0.5)
        return ""

    def start_workload(self, run: UUID, *, leave_lost_sites: bool = False) -> LabWorkload:
        """Start every client and wait until every group is at work at north. StepFailed after a minute."""
        self.phase("the workload starts")
        histories, profile = self.lab.folder / HISTORIES, self.profile
        workload = LabWorkload.start(
            self.lab,
            run,
            histories,
            self.time,
            rate=profile.rate,
            burst=profile.burst,
            leave_lost_sites=leave_lost_sites,
        )
        deadline = self.lab.clock.monotonic() + 60
        while missing := [g.name for g in GROUPS if not workload.counts()[f"processed {g.name}"]]:
            if self.lab.clock.monotonic() > deadline:
                raise StepFailed(
                    f"the workload's groups did not start: {', '.join(missing)}", remedy="see the lab's logs"
                )
            self.say(f"waiting for groups to start: {', '.join(missing)}")
            self.lab.clock.sleep(1)
        self.phase("every group is at work at north")
        return workload

    def work(self, workload: LabWorkload, seconds: float, where: str) -> None:
        """Let everything work for so long."""
        until = self.lab.clock.monotonic() + seconds
        while (left := until - self.lab.clock.monotonic()) > 0:
            counts = workload.counts()
            read = sum(n for kind, n in counts.items() if kind.startswith("processed"))
            self.say(f"{where}: {counts['acknowledged']} records acknowledged, {read} processed, {left:.0f} s to go")
            self.lab.clock.sleep(min(2, left))

    def finish(self, workload: LabWorkload) -> None:
        """Stop the producers, let every group reach the end, and stop the groups."""
        self.say("producers stop, groups finish what is in hand")
        workload.stop_producers()
        self.phase("the producers have stopped")
        caught_up = workload.catch_up(self.say)
        self.phase("every group has reached the end" if caught_up else "groups have not reached the end in time")
        # Whoever reads again does so now.
        self.work(workload, 3, "reading on")
        workload.stop_consumers()
        self.phase("the groups have stopped")

    def await_standby(self, world: World, source: str, target: str) -> None:
        """Wait until everything is at the standby, too: no data record beyond the link's frontier."""
        records = world.sites[source].records
        deadline = self.lab.clock.monotonic() + COPIED
        while self.lab.clock.monotonic() < deadline:
            frontier = world.links[source, target].replication.frontier()
            ends = records.bounds(PARTITIONS)
            if not any(records.following(tp, frontier.get(tp, ends[tp].start), 1) for tp in PARTITIONS):
                return
            self.lab.clock.sleep(0.5)

    def told(
        self,
        found: Judgement,
        histories: Histories,
        setting: Setting,
        *,
        material: Material,
        handovers: tuple[Handover, ...] = (),
        outage: OutageReport | None = None,
    ) -> Drill:
        """Everything that the report says."""
        self.phase(f"the verdict: {found.verdict.value}")
        return Drill(
            id=f"drill-{self.lab.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            began=self.phases[0][0],
            ended=self.now(),
            verdict=found.verdict,
            reasons=found.reasons,
            findings=found.findings,
            weight=found.weight,
            standby=found.standby,
            handovers=handovers,
            histories=histories,
            protocols=setting.protocols,
            postures=setting.postures,
            provenance=self._provenance(JournalHead(len(material.journal), material.journal[-1].digest)),
            phases=tuple(self.phases),
            outage=outage,
            material=material,
        )

    def _provenance(self, journal: JournalHead) -> Provenance:
        return Provenance(
            user=self.terms.account,
            host=self.terms.host,
            commit=commit(),
            versions=versions(),
            plan=plan_facts(self.plan_file),
            journal=journal,
        )


def setting_of(world: World) -> Setting:
    """Look at the groups at north and at both sites. Both have to answer."""
    described = world.sites["north"].positions.describe(world.plan.groups)
    protocols = {name: group.protocol.value for name, group in described.items()}
    return Setting(protocols, tuple(_posture(site, world.plan.topics) for site in world.sites.values()))


def _posture(site: SitePorts, topics: Sequence[str]) -> SiteSettings:
    cluster, found = site.brokers.cluster(), site.brokers.topics(topics).values()
    replicas = min(len(partition.replicas) for topic in found for partition in topic.partitions)
    in_sync = min(int(topic.config.get("min.insync.replicas", 1)) for topic in found)
    return SiteSettings(site.name, cluster.cluster_id, len(cluster.brokers), replicas, in_sync)
