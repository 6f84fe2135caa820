"""The unplanned drill: line and site are lost under load, the other one goes on, and what was stranded is saved.

What an operator would do is done by the same plans: the failover with the loss that is stated, the late fence once the
site is back, the salvage, a decision per topic, and the failback, which takes the work home.
"""

import sys
from dataclasses import dataclass
from uuid import UUID, uuid4

from drctl.drills.audit_reader import fresh_reader, stranded
from drctl.drills.homecoming import BackHome, HomewardDrill
from drctl.drills.judging import judged_circle
from drctl.drills.lab_drill import Setting, StepTimer, setting_of
from drctl.drills.outcome import Drill, Material, Outage, OutageReport, StrandedTail, Work
from drctl.drills.recovery import recovered
from drctl.drills.timeline import Histories, StepSpan
from drctl.drills.way_home import came_home
from drctl.errors import DrctlError, LabError, StepFailed
from drctl.lab.faults import lose_site
from drctl.lab.injecting import PATIENCE
from drctl.lab.layout import wire
from drctl.lab.wire_faults import cut_link, heal_link
from drctl.lab.workload import CLIENTS, COMPACTED, READS, LabWorkload
from drctl.ledger.events import Stranded
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Evidence, RunResult
from drctl.model.salvage import Decision
from drctl.plans import decision, failover, fence, salvage
from drctl.plans.aftermath import Aftermath, Salvaged, aftermath, decided, last_salvage
from drctl.plans.export import read_back
from drctl.plans.forecasting import forecast
from drctl.plans.runner import run
from drctl.plans.steps.confirm_positions import origin
from drctl.ports import World

SOURCE, TARGET = "north", "south"
SERVICE = "service"
"""The lab's process that keeps the standby's positions and notices the loss."""
STANDBY, NOTICED, MOVED, BACK = 120.0, 180.0, 180.0, 180.0
"""Seconds, of which a quiet machine needs a tenth: until every position is at the standby; until the service has found
the dead site silent; until every client works at the survivor; until the brokers that came back answer."""


@dataclass(frozen=True, slots=True)
class KilledSite:
    """The loss of the site: when, and what was seen of it, by observer."""

    at: float
    observations: dict[str, str]


@dataclass(frozen=True, slots=True)
class FailedOver:
    """The failover, and when the service had noticed the loss."""

    noticed_at: float
    result: RunResult
    spans: tuple[StepSpan, ...]


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """The site that is back: when, the proof that it is closed, its tail, and each stranded record."""

    at: float
    fence: Evidence
    tail: StrandedTail
    stranded: tuple[Stranded, ...]


class UnplannedRehearsal(HomewardDrill):
    """North is lost without warning; the stated loss is accepted, and every lost record has to be accounted for.

    Then the work goes home, and nothing more is lost, and nothing read again.
    """

    def perform(self) -> Drill:
        """Do all of it. A run that fails raises, and so does a wait for the lab; everything else is for the verdict."""
        ledger_run = uuid4()
        workload = self.start_workload(ledger_run, leave_lost_sites=True)
        loss, move, setting = self.lose_and_move(workload)
        # A drill that raced the service for the fence would show now the one and now the other.
        self.lab.processes.terminate(SERVICE, 60)  # it would close the site by itself; here the plan is run instead
        back = self.bring_back(ledger_run)
        self.make_ready(workload, SOURCE, TARGET)
        self.work(workload, self.profile.seconds, f"at {TARGET}, {SOURCE} is back and closed")
        home = self.go_home(SOURCE, TARGET)
        self.work(workload, self.profile.seconds, f"at {SOURCE} again")
        self.finish(workload)
        with self.open_world(self.plan_file) as world:
            self.await_standby(world, SOURCE, TARGET)
        outage = Outage(
            source=SOURCE,
            target=TARGET,
            lost_at=loss.at,
            observations=loss.observations,
            noticed_at=move.noticed_at,
            result=move.result,
            spans=move.spans,
            returned_at=back.at,
            fence=back.fence,
            tail=back.tail,
        )
        return self._judge(ledger_run, outage, back, home, workload=workload, setting=setting)

    def lose_and_move(self, workload: LabWorkload) -> tuple[KilledSite, FailedOver, Setting]:
        """Keep the standby's positions, lose the site, go on at the other one, and let everybody work there a while."""
        self._start_service()
        self.work(workload, self.profile.seconds, f"at {SOURCE}")
        with self.open_world(self.plan_file) as world:
            setting = setting_of(world)
            self.await_positions(world)
        loss = self._lose_site()
        with self.open_world(self.plan_file, doubted=(SOURCE,)) as world:
            move = self.fail_over(world)
        self._await_clients(workload)
        self.work(workload, self.profile.seconds, f"at {TARGET}")
        return loss, move, setting

    def _start_service(self) -> None:
        """As it runs in production: looks every few seconds, and keeps the standby's positions."""
        words = ("service", "run", "--sync-groups", "--listen", "127.0.0.1:0", "--interval", "3s")
        self.lab.processes.start(SERVICE, [sys.executable, "-m", "drctl", "-v", "-f", str(self.lab.plan_file), *words])
        self.phase("the service keeps the groups' positions at the standby")

    def await_positions(self, world: World) -> None:
        """Until every position is at the standby, and the growth of north's logs is known. Who is late is told."""
        if late := self.waited(STANDBY, "positions at the standby", lambda: not_at_standby(world)):
            self.phase(f"not at the standby in time: {late}")
        else:
            self.phase("every group's positions are at the standby")

    def _lose_site(self) -> KilledSite:
        """Break the line between the sites, and kill the site as soon as that is seen, about a second later.

        What is acknowledged in between is at the lost site only. Killed without it, the site may leave no tail, and the
        drill would show nothing of what becomes of one.
        """
        layout = self.lab.layout[SOURCE]
        processes = (*layout.brokers, layout.worker)
        self.say(f"the line from {SOURCE} breaks: SIGSTOP to {wire(SOURCE)}")
        cut = cut_link(self.lab, SOURCE)
        self.phase(f"the line from {SOURCE} is broken: nothing is copied any more")
        self.say(f"{SOURCE} is lost: SIGKILL to {', '.join(processes)}")
        at = self.now()
        refused = lose_site(self.lab, SOURCE)
        heal_link(self.lab, SOURCE)  # it leads nowhere now; a wire that stands still would outlast the return
        alive = self.waited(PATIENCE, f"the end of {SOURCE}'s processes", lambda: self._alive(processes))
        if alive:
            raise LabError(f"{SOURCE} was to be lost, and after {PATIENCE:.0f} s there still is {alive}")
        pids = ", ".join(f"{name} (pid {self.lab.processes.status(name).pid})" for name in processes)
        self.phases.append((at, f"{SOURCE} is lost: every process of it is killed"))
        seen = {cut.observer: cut.observation, refused.observer: refused.observation}
        return KilledSite(at, {**seen, "the process table": f"gone: {pids}"})

    def _alive(self, processes: tuple[str, ...]) -> str:
        return ", ".join(name for name in processes if self.lab.processes.status(name).state != "gone")

    def fail_over(self, world: World) -> FailedOver:
        """As an operator does: wait for the alarm, read what it would cost, accept just that."""

        def unseen() -> str:
            sighting = world.sightings.last(SOURCE)
            return "" if sighting is not None and sighting.silent_since else f"{SOURCE} counts as answering"

        if self.waited(NOTICED, f"the service to find {SOURCE} silent", unseen):
            raise StepFailed(
                f"the service did not find {SOURCE} silent within {NOTICED:.0f} s", remedy="see its log in logs/"
            )
        noticed = self.now()
        self.phase(f"the service has found {SOURCE} silent")
        costs = forecast(world, SOURCE, TARGET)
        total = costs.loss.total if costs.loss else None
        told = "an unknown number of" if total is None else f"up to {total}"
        self.phase(f"{told} records would be lost, and are accepted")
        # Just what was stated, and no more: a drill that accepted any number would never show that the
        # number holds.
        accepted = AcceptedLoss(unknown=True) if total is None else AcceptedLoss(total)
        timer = StepTimer(self.announce, self.now, f"{SOURCE} to {TARGET}")
        result = run(
            failover.plan(world, SOURCE, TARGET, observe=self.observe, accepted=accepted), world, timer, self.terms
        )
        return FailedOver(noticed, result, tuple(timer.spans))

    def _await_clients(self, workload: LabWorkload) -> None:
        late = self.waited(MOVED, f"clients at {TARGET}", lambda: ", ".join(workload.absent(TARGET)))
        self.phase(f"not at {TARGET} in time: {late}" if late else f"every client works at {TARGET}")

    def bring_back(self, ledger_run: UUID) -> BroughtBack:
        """Start north's brokers on the disks that they had, close the site, save what only it has, decide."""
        self.say(f"{SOURCE}'s brokers are started again")
        self.phase(f"{SOURCE}'s brokers are started again, on their disks")
        self.lab.start_brokers(SOURCE)
        with self.open_world(self.plan_file) as world:
            if silent := self.waited(BACK, f"{SOURCE}'s logs", lambda: _silent(world)):
                raise LabError(f"{SOURCE} was started again and does not answer: {silent}", remedy="see the lab's logs")
            at = self.now()
            self.phase(f"{SOURCE} answers")
            left = aftermath(world)
            proof = run(fence.ordered(SOURCE, TARGET, left.run.id), world, self.announce, self.terms).evidence[
                "prove-fence"
            ]
            self.phase(f"{SOURCE} is closed: {proof['why']}")
            run(salvage.ordered(SOURCE, TARGET, left.run.id), world, self.announce, self.terms)
            salvaged = last_salvage(world, left)
            self.phase(f"what only {SOURCE} has is saved")
            self._decide(world, left, salvaged)
            return BroughtBack(
                at,
                proof,
                _tail(world, left, salvaged),
                _stranded(world, salvaged, ledger_run),
            )

    def _decide(self, world: World, left: Aftermath, salvaged: Salvaged) -> None:
        """Hand the records over to their owners as files: nothing is written at the survivor that was not there."""
        for topic, count in sorted(salvaged.committed.items()):
            if count:
                reason = "the drill leaves stranded records to their owners, as files"
                made = decision.made(left, salvaged, topic, Decision.HAND_OVER, by="drctl drill", reason=reason)
                run(made, world, self.announce, self.terms)
                self.phase(f"{count} stranded records of {topic} are handed over")

    def _judge(
        self,
        ledger_run: UUID,
        outage: Outage,
        back: BroughtBack,
        home: BackHome,
        *,
        workload: LabWorkload,
        setting: Setting,
    ) -> Drill:
        self.say("a fresh reader reads both sites, the checker compares them and the tail with what was acknowledged")
        self.phase("a fresh reader reads both sites")
        histories = Histories.read(workload.histories)
        material = Material(
            Work(READS, CLIENTS, COMPACTED),
            workload.complete(),
            primary=tuple(fresh_reader(self.lab, SOURCE, ledger_run)),
            standby=tuple(fresh_reader(self.lab, TARGET, ledger_run)),
            stranded=back.stranded,
            journal=home.journal,
        )
        found = judged_circle(
            material.work,
            histories,
            outage,
            home.move,
            primary=material.primary,
            standby=material.standby,
            stranded=material.stranded,
            complete=material.complete,
        )
        cost = recovered(
            histories,
            back.stranded,
            self.plan_file.objectives,
            lost_at=outage.lost_at,
            began=outage.began,
            survivor=TARGET,
        )
        moved = came_home(home.move, histories, material.primary, back.stranded)
        report = OutageReport(outage, cost, moved)
        return self.told(found, histories, setting, material=material, handovers=(home.move,), outage=report)


def not_at_standby(world: World) -> str:
    """The groups that lack a position at the standby which the service keeps; or what else it does not know yet."""
    own = world.sites[SOURCE].positions.committed(world.plan.groups)
    there = world.sites[TARGET].positions.committed(world.plan.groups)
    epoch, late = world.epochs.current(), list[str]()
    for group in world.plan.groups:
        held = there.get(group, {}).values()
        kept = sum(origin(each, world.plan.name, epoch) == "group-sync" for each in held)
        if not own.get(group) or kept < len(own[group]):
            late.append(group)
    sighting = world.sightings.last(SOURCE)
    if sighting is None or not sighting.rates:
        late.append(f"how fast {SOURCE}'s logs grow")
    return ", ".join(late)


def _silent(world: World) -> str:
    """Why the site that comes back cannot tell yet where its logs end; nothing if it does."""
    site = world.sites[SOURCE]
    try:
        topics = site.brokers.topics(world.plan.topics)
        site.records.bounds([p for name in sorted(topics) for p in topics[name].spread()])
    except DrctlError as error:
        return str(error)
    return ""


def _tail(world: World, left: Aftermath, salvaged: Salvaged) -> StrandedTail:
    tails = salvaged.tails.values()
    moved = (str(t.partition) for t in tails if t.span.start < t.span.stop and t.span.start != t.frontier)
    return StrandedTail(
        salvage=salvaged.run.id,
        records=dict(sorted(salvaged.committed.items())),
        decisions={topic: made.value for topic, (made, _) in decided(world, left.run.id).items()},
        faults=world.vault.faults(salvaged.run.id),
        moved=tuple(sorted(moved)),
    )


def _stranded(world: World, salvaged: Salvaged, ledger_run: UUID) -> tuple[Stranded, ...]:
    return tuple(
        each
        for _, tail in sorted(salvaged.tails.items())
        for each in stranded(read_back(world.vault, salvaged.run.id, tail), ledger_run)
    )
