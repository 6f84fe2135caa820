"""Do what every drill on the lab does: start the workload, let it work, note what happens when, end it."""

import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from drctl.drills.audit_reader import PARTITIONS
from drctl.drills.judging import Judgement
from drctl.drills.moving import StepTimer, handed_positions
from drctl.drills.outcome import Drill, Handover, JournalHead, Material, OutageReport, Provenance, SiteSettings
from drctl.drills.provenance import commit, plan_facts, versions
from drctl.drills.timeline import Histories
from drctl.errors import Blocked, StepFailed
from drctl.lab.lab import Lab
from drctl.lab.steady import SteadyTime
from drctl.lab.workload import GROUPS, LabWorkload
from drctl.model.plan_file import PlanFile
from drctl.model.terms import Terms
from drctl.plans.link_restart import restart, why_off
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.positions import mirrormaker_repeats
from drctl.plans.restarting import idle
from drctl.plans.runner import Announce, run
from drctl.ports import LinkPorts, SitePorts, World

HISTORIES = "histories"
"""The lab's folder with what the clients of a drill wrote down."""
WORKS = 60.0
"""Seconds in which a link works that was restarted; the gates tell why one does not."""
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
            workload.require_working()
            self.say(f"waiting for groups to start: {', '.join(missing)}")
            self.lab.clock.sleep(1)
        self.phase("every group is at work at north")
        return workload

    def work(self, workload: LabWorkload, seconds: float, where: str) -> None:
        """Let everything work for so long. LabError as soon as a client ends by itself."""
        until = self.lab.clock.monotonic() + seconds
        while (left := until - self.lab.clock.monotonic()) > 0:
            workload.require_working()
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

    def moved(self, plan: Callable[[], Plan], world: World, source: str, target: str) -> Handover:
        """Run a plan that moves the work from one site to the other, and take down what it did to groups and when.

        Blocked if gates refuse it, also after what has failed of a link by itself was restarted.
        """
        self.restart_failed(world)
        timer = StepTimer(self.announce, self.now, f"{source} to {target}")
        try:
            result = run(plan(), world, timer, self.terms)
        except Blocked:
            # Between the look and the gate: how long a task lives is nobody's choice.
            if not self.restart_failed(world):
                raise
            timer.spans.clear()
            result = run(plan(), world, timer, self.terms)
        repeats = mirrormaker_repeats(world, source, target, handed_positions(result))
        return Handover(source, target, result, tuple(timer.spans), dict(repeats))

    def restart_failed(self, world: World) -> bool:
        """Restart what has failed of the links that are to run, wait until they work; whether anything had.

        The service does so where it runs. Connect restarts nothing by itself, and some failures pass with a restart
        alone (:mod:`drctl.plans.restarting`): a drill without the service would end with them, and with no verdict.
        """
        links = [link for link in world.links.values() if not why_off(world, link)]
        restarted = {link.link.name: restart(world, link, self.terms.by) for link in links}
        for name, told in restarted.items():
            for what, why in told.items():
                self.phase(f"{what} of link {name} is restarted; it had failed: {why or 'nobody tells why'}")
        found = [link for link in links if restarted[link.link.name]]
        if found:
            self.waited(WORKS, "the link", lambda: ", ".join(_not_working(found)))
        return bool(found)

    def await_standby(self, world: World, source: str, target: str) -> None:
        """Wait until everything is at the standby, too: no data record beyond the link's frontier."""
        self.restart_failed(world)
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


def _not_working(links: Sequence[LinkPorts]) -> list[str]:
    return [why for link in links for why in idle(link.replication.status())]
