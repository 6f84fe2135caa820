"""The unplanned drill: line and site are lost under load, the other one goes on, and what was stranded is saved.

What an operator would do is done by the same plans: the failover with the loss that is stated, the late fence once the
site is back, the salvage, a decision per topic, and the failback, which takes the work home.
"""

import sys
from dataclasses import dataclass
from uuid import UUID, uuid4

from drctl.drills.audit_reader import fresh_reader
from drctl.drills.homecoming import BackHome
from drctl.drills.judging import judged_circle
from drctl.drills.lab_drill import Setting, setting_of
from drctl.drills.moving import StepTimer
from drctl.drills.outcome import Drill, Material, Outage, OutageReport, Work
from drctl.drills.recovery import recovered
from drctl.drills.returned_site import BroughtBack, ReturnDrill
from drctl.drills.timeline import Histories, StepSpan
from drctl.drills.way_home import came_home
from drctl.errors import LabError, StepFailed
from drctl.lab.faults import lose_site
from drctl.lab.injecting import PATIENCE, FaultEvidence
from drctl.lab.layout import wire
from drctl.lab.wire_faults import cut_link, heal_link
from drctl.lab.workload import CLIENTS, COMPACTED, READS, LabWorkload
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunResult
from drctl.plans import failover
from drctl.plans.forecasting import forecast
from drctl.plans.runner import run
from drctl.plans.steps.confirm_positions import origin
from drctl.ports import World

SOURCE, TARGET = "north", "south"
SERVICE = "service"
"""The lab's process that keeps the standby's positions and notices the loss."""
STANDBY, NOTICED, MOVED = 120.0, 180.0, 180.0
"""Seconds, of which a quiet machine needs a tenth: until every position is at the standby; until the service has found
the dead site silent; until every client works at the survivor."""


@dataclass(frozen=True, slots=True)
class KilledSite:
    """The loss of the site: when, and what was seen of it, by observer; ``refused`` is what a client of it saw."""

    at: float
    observations: dict[str, str]
    refused: FaultEvidence


@dataclass(frozen=True, slots=True)
class FailedOver:
    """The failover, and when the service had noticed the loss."""

    noticed_at: float
    result: RunResult
    spans: tuple[StepSpan, ...]


class UnplannedRehearsal(ReturnDrill):
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
        back = self.bring_back(ledger_run, SOURCE, TARGET)
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
        self.start_service()
        self.work(workload, self.profile.seconds, f"at {SOURCE}")
        with self.open_world(self.plan_file) as world:
            setting = setting_of(world)
            self.await_positions(world)
        loss = self.lose_site()
        with self.open_world(self.plan_file, doubted=(SOURCE,)) as world:
            move = self.fail_over(world)
        self.await_clients(workload)
        self.work(workload, self.profile.seconds, f"at {TARGET}")
        return loss, move, setting

    def start_service(self) -> None:
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

    def lose_site(self) -> KilledSite:
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
        return KilledSite(at, {**seen, "the process table": f"gone: {pids}"}, refused)

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

    def await_clients(self, workload: LabWorkload) -> None:
        late = self.waited(MOVED, f"clients at {TARGET}", lambda: ", ".join(workload.absent(TARGET)))
        self.phase(f"not at {TARGET} in time: {late}" if late else f"every client works at {TARGET}")

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
