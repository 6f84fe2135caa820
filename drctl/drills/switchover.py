"""The drill: real work on two real sites, a switchover under load, and the way home, judged by what clients saw."""

import platform
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from uuid import UUID, uuid4

from drctl import __version__
from drctl.drills.fresh import PARTITIONS, fresh_reader
from drctl.drills.judging import Work, judged
from drctl.drills.outcome import Drill, Handover, Posture
from drctl.drills.timeline import Histories, Span
from drctl.errors import StepFailed
from drctl.lab.lab import Lab
from drctl.lab.layout import KAFKA
from drctl.lab.steady import SteadyTime
from drctl.lab.workload import CLIENTS, COMPACTED, GROUPS, READS, Workload
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult
from drctl.model.site import PlanFile
from drctl.model.translation import Proof, Translated
from drctl.plans.evidence import partition_of
from drctl.plans.positions import mirrormaker_repeats
from drctl.plans.runner import Announce, Progress, StepState, run
from drctl.plans.steps.check_gates import Observe
from drctl.plans.switchover import plan
from drctl.ports import SitePorts, World

type OpenWorld = Callable[[PlanFile], AbstractContextManager[World]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How much of what: ``rate`` records per second after ``burst`` at once; ``seconds`` of work at every stay."""

    rate: float
    seconds: float
    burst: int = 6000


@dataclass(slots=True)
class _Clockwork:
    """Notes when each step began and ended while passing progress on."""

    announce: Announce
    now: Callable[[], float]
    run: str
    spans: list[Span] = field(default_factory=list)
    began: float = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.state is StepState.STARTED:
            self.began = self.now()
        elif progress.state in (StepState.DONE, StepState.FOUND_DONE):
            self.spans.append(Span(self.run, progress.step, self.began, self.now()))
        self.announce(progress)


class Rehearsal:
    """A drill under way on a running lab. ``say`` shows a line, ``announce`` a step's progress."""

    def __init__(
        self, lab: Lab, plan_file: PlanFile, open_world: OpenWorld, observe: Observe, *, pattern: Pattern
    ) -> None:
        self.lab = lab
        self.plan_file = plan_file
        self.open_world = open_world
        self.observe = observe
        self.pattern = pattern
        self.say: Callable[[str], None] = lambda _: None
        self.announce: Announce = lambda _: None
        self.phases: list[tuple[float, str]] = []
        self.time = SteadyTime.begun(lab.clock)

    def perform(self) -> Drill:
        """Do all of it. A switchover that fails raises; everything else is for the verdict."""
        ledger_run = uuid4()
        self._phase("the workload starts")
        histories, pattern = self.lab.folder / "histories", self.pattern
        workload = Workload.start(self.lab, ledger_run, histories, self.time, rate=pattern.rate, burst=pattern.burst)
        self._await_groups(workload)
        self._phase("every group is at work at north")
        self._work(workload, self.pattern.seconds, "at north")
        with self.open_world(self.plan_file) as world:
            protocols = {
                name: g.protocol.value for name, g in world.sites["north"].positions.describe(world.plan.groups).items()
            }
            postures = tuple(_posture(site, world.plan.topics) for site in world.sites.values())
            there = self._hand_over(world, "north", "south")
            self._work(workload, self.pattern.seconds, "at south")
            home = self._hand_over(world, "south", "north")
            self._work(workload, self.pattern.seconds, "at north again")
            self.say("producers stop, groups finish what is in hand")
            workload.stop_producers()
            self._phase("the producers have stopped")
            caught_up = workload.catch_up(self.say)
            self._phase("every group has reached the end" if caught_up else "groups have not reached the end in time")
            # Whoever reads again does so now.
            self._work(workload, 3, "reading on")
            workload.stop_consumers()
            self._phase("the groups have stopped")
            self._await_standby(world)
        return self._judge(ledger_run, (there, home), workload, protocols, postures)

    def _phase(self, what: str) -> None:
        self.phases.append((self._now(), what))

    def _now(self) -> float:
        return self.time.now()

    def _await_groups(self, workload: Workload) -> None:
        deadline = self.lab.clock.monotonic() + 60
        while missing := [g.name for g in GROUPS if not workload.counts()[f"processed {g.name}"]]:
            if self.lab.clock.monotonic() > deadline:
                raise StepFailed(
                    f"the workload's groups did not start: {', '.join(missing)}", remedy="see the lab's logs"
                )
            self.say(f"waiting for groups to start: {', '.join(missing)}")
            self.lab.clock.sleep(1)

    def _work(self, workload: Workload, seconds: float, where: str) -> None:
        until = self.lab.clock.monotonic() + seconds
        while (left := until - self.lab.clock.monotonic()) > 0:
            counts = workload.counts()
            read = sum(n for kind, n in counts.items() if kind.startswith("processed"))
            self.say(f"{where}: {counts['acknowledged']} records acknowledged, {read} processed, {left:.0f} s to go")
            self.lab.clock.sleep(min(2, left))

    def _hand_over(self, world: World, source: str, target: str) -> Handover:
        self.say(f"switchover from {source} to {target}")
        clockwork = _Clockwork(self.announce, self._now, f"{source} to {target}")
        result = run(plan(world, source, target, observe=self.observe), world, clockwork)
        repeats = mirrormaker_repeats(world, source, target, handed_positions(result))
        return Handover(source, target, result, tuple(clockwork.spans), dict(repeats))

    def _await_standby(self, world: World) -> None:
        """Wait until everything is at the standby, too: no data record beyond the link's frontier."""
        records = world.sites["north"].records
        deadline = self.lab.clock.monotonic() + 60
        while self.lab.clock.monotonic() < deadline:
            frontier = world.links["north", "south"].replication.frontier()
            ends = records.bounds(PARTITIONS)
            if not any(records.following(tp, frontier.get(tp, ends[tp].start), 1) for tp in PARTITIONS):
                return
            self.lab.clock.sleep(0.5)

    def _judge(
        self,
        ledger_run: UUID,
        handovers: tuple[Handover, ...],
        workload: Workload,
        protocols: dict[str, str],
        postures: tuple[Posture, ...],
    ) -> Drill:
        self.say("a fresh reader reads both sites, the checker compares")
        self._phase("a fresh reader reads both sites")
        histories = Histories.read(workload.histories)
        found = judged(
            Work(READS, CLIENTS, COMPACTED),
            histories,
            handovers,
            primary=list(fresh_reader(self.lab, "north", ledger_run)),
            standby=list(fresh_reader(self.lab, "south", ledger_run)),
            complete=workload.complete(),
        )
        self._phase(f"the verdict: {found.verdict.value}")
        return Drill(
            id=f"drill-{self.lab.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            began=self.phases[0][0],
            ended=self._now(),
            verdict=found.verdict,
            reasons=found.reasons,
            findings=found.findings,
            weight=found.weight,
            standby=found.standby,
            handovers=handovers,
            histories=histories,
            protocols=protocols,
            postures=postures,
            versions=_versions(),
            phases=tuple(self.phases),
        )


def handed_positions(result: RunResult) -> dict[str, dict[TopicPartition, Translated]]:
    """The positions that a switchover handed over, from its evidence."""
    return {
        group: {
            (tp := partition_of(name)): Translated(
                tp, line["here"], line["there"], Proof.COUNTED, line.get("compared", 0)
            )
            for name, line in handed["positions"].items()
        }
        for group, handed in result.evidence["hand-over-positions"]["groups"].items()
    }


def _posture(site: SitePorts, topics: Sequence[str]) -> Posture:
    cluster, found = site.brokers.cluster(), site.brokers.topics(topics).values()
    replicas = min(len(partition.replicas) for topic in found for partition in topic.partitions)
    in_sync = min(int(topic.config.get("min.insync.replicas", 1)) for topic in found)
    return Posture(site.name, cluster.cluster_id, len(cluster.brokers), replicas, in_sync)


def _versions() -> dict[str, str]:
    return {
        "drctl": __version__,
        "Kafka and MirrorMaker 2": KAFKA,
        "confluent-kafka": version("confluent-kafka"),
        "Python": platform.python_version(),
    }
