"""The drill: real work on two real sites, a switchover under load, and the way home, judged by what clients saw."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from drctl.drills.fresh import PARTITIONS, fresh_reader
from drctl.drills.timeline import Histories, Span
from drctl.errors import StepFailed
from drctl.lab.lab import Lab
from drctl.lab.layout import other
from drctl.lab.workload import COMPACTED, GROUPS, Workload
from drctl.ledger.checker import Findings, check
from drctl.ledger.control import caught
from drctl.ledger.history import read
from drctl.ledger.verdict import Weight, judge
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult
from drctl.model.site import PlanFile
from drctl.model.translation import Proof, Translated
from drctl.model.verdict import Verdict
from drctl.plans.positions import mirrormaker_repeats
from drctl.plans.runner import Announce, Progress, StepState, run
from drctl.plans.steps.check_gates import Observe
from drctl.plans.switchover import plan
from drctl.ports import World

type OpenWorld = Callable[[PlanFile], AbstractContextManager[World]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How much of what: ``rate`` records per second after ``burst`` at once; seconds of work before, between, after."""

    rate: float = 120
    burst: int = 6000
    before: float = 12
    between: float = 12
    after: float = 10


@dataclass(frozen=True, slots=True)
class Handover:
    """One switchover of the drill, with what MirrorMaker 2 alone would have made each group read again."""

    source: str
    target: str
    result: RunResult
    spans: tuple[Span, ...]
    mirrormaker: dict[str, int]


@dataclass(frozen=True, slots=True)
class Drill:
    """Everything a report says."""

    id: str
    began: float
    ended: float
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    weight: Weight
    control: dict[str, bool]
    standby: Findings
    handovers: tuple[Handover, ...]
    histories: Histories
    protocols: dict[str, str]


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

    def perform(self) -> Drill:
        """Do all of it. A switchover that fails raises; everything else is for the verdict."""
        ledger_run = uuid4()
        began = self._now()
        workload = Workload.start(
            self.lab, ledger_run, self.lab.folder / "histories", rate=self.pattern.rate, burst=self.pattern.burst
        )
        self._await_groups(workload)
        self._work(workload, self.pattern.before, "at north")
        with self.open_world(self.plan_file) as world:
            protocols = {
                name: g.protocol.value for name, g in world.sites["north"].positions.describe(world.plan.groups).items()
            }
            there = self._hand_over(world, "north", "south")
            self._work(workload, self.pattern.between, "at south")
            home = self._hand_over(world, "south", "north")
            self._work(workload, self.pattern.after, "at north again")
            self.say("producers stop, groups finish what is in hand")
            workload.stop_producers()
            self._work(workload, 3, "reading on")
            workload.stop_consumers()
            self._await_standby(world)
        return self._judge(ledger_run, began, (there, home), workload.histories, protocols)

    def _now(self) -> float:
        return self.lab.clock.now().timestamp()

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
        self, ledger_run: UUID, began: float, handovers: tuple[Handover, ...], folder: Path, protocols: dict[str, str]
    ) -> Drill:
        self.say("a fresh reader reads both sites, the checker compares")
        history = list(read(folder))
        events = [*history, *fresh_reader(self.lab, "north", ledger_run)]
        findings = check(events, compacted=COMPACTED)
        standby = check([*history, *fresh_reader(self.lab, "south", ledger_run)], compacted=COMPACTED)
        control = caught(events, compacted=COMPACTED)
        histories = Histories.read(folder)
        weight = Weight(_windows(histories, handovers), _evidence(histories, handovers, standby), all(control.values()))
        verdict, reasons = judge(findings, weight)
        identity = f"drill-{self.lab.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        return Drill(
            identity,
            began,
            self._now(),
            verdict,
            reasons,
            findings,
            weight,
            control,
            standby,
            handovers,
            histories,
            protocols,
        )


def handed_positions(result: RunResult) -> dict[str, dict[TopicPartition, Translated]]:
    """The positions that a switchover handed over, from its evidence."""
    found: dict[str, dict[TopicPartition, Translated]] = {}
    for group, handed in result.evidence["hand-over-positions"]["groups"].items():
        found[group] = {}
        for name, line in handed["positions"].items():
            topic, _, number = name.rpartition("-")
            tp = TopicPartition(topic, int(number))
            found[group][tp] = Translated(tp, line["here"], line["there"], Proof.COUNTED, line.get("compared", 0))
    return found


def _windows(histories: Histories, handovers: Sequence[Handover]) -> dict[str, tuple[int, int]]:
    """Records acknowledged around the first switchover, with the floor below which they prove nothing."""
    spans = handovers[0].spans
    began, ended, home = spans[0].began, spans[-1].ended, handovers[1].spans[0].began
    return {
        "before the switchover": (histories.acknowledged_between(0, began), 500),
        "during the switchover": (histories.acknowledged_between(began, ended), 50),
        f"at {handovers[0].target}": (histories.acknowledged_between(ended, home), 200),
        "after the return": (histories.acknowledged_between(handovers[1].spans[-1].ended, float("inf")), 100),
    }


def _evidence(histories: Histories, handovers: Sequence[Handover], standby: Findings) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for handover in handovers:
        source, target = handover.source, handover.target
        began = handover.spans[0].began
        lines = [line for client in histories.lines.values() for line in client]
        # The clients are the witnesses: drctl does not know what they saw.
        denied = any(line.kind == "denied" and line.site == source and line.at > began for line in lines)
        moved = all(any(x.site == target for x in histories.done(client)) for client in histories.lines)
        lag = handover.result.evidence["hand-over-positions"]["groups"]["reporting"]["lag"]
        found[f"producers were denied at {source}"] = denied
        found[f"every client worked at {target}"] = moved
        found[f"a group lagged when {source} handed over"] = lag > 0 or source == other("north")
    found["the standby holds every record, too"] = not any(standby.records.faults.values())
    return found
