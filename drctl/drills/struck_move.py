"""A failover away from a struck site and the failback to it, under an experiment whose workload is at work already.

Done by the same plans as in the unplanned drill; what is judged is told as a :class:`RoundTrip`.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Event

from drctl.drills.client_evidence import OPENED
from drctl.drills.experiments.round_trip import RoundTrip
from drctl.drills.homecoming import BackHome
from drctl.drills.moving import StepTimer
from drctl.drills.returned_site import BroughtBack
from drctl.drills.unplanned import SERVICE, SOURCE, TARGET, FailedOver, KilledSite, UnplannedRehearsal
from drctl.lab.faults import FAULTS
from drctl.lab.injecting import FaultEvidence
from drctl.lab.observers import await_seen, none_listed
from drctl.lab.wholeness import await_in_sync
from drctl.lab.workload import LabWorkload
from drctl.ledger.events import Stranded
from drctl.model.fence import FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.plans import failover
from drctl.plans.runner import Progress, run
from drctl.plans.steps.check_failover import CheckFailover
from drctl.ports import World

PEERS = "the other brokers"
HELD_DOWN = 120.0
"""Seconds for which the first broker stays down at most, until the failover is past its gates: they refuse one from a
site that is well, which it would be again if its broker came back before."""

type Trip = tuple[RoundTrip, tuple[Stranded, ...]]


class StruckMove(UnplannedRehearsal):
    """The work leaves a struck site and comes home; ``seen`` is given what others saw of each fault, at once."""

    seen: Callable[[FaultEvidence], object] = staticmethod(lambda _: None)

    def lose_and_return(self, workload: LabWorkload) -> Trip:
        """Lose the site with a tail that only it has, fail over, bring it back, save the tail, fail back."""
        _, move, _ = self.lose_and_move(workload)
        self.lab.processes.terminate(SERVICE, 60)  # it would close the site by itself, too
        back = self.bring_back(workload.run, SOURCE, TARGET)
        return self._return(workload, move, back, diverges=True)

    def leave_amid_restarts(self, workload: LabWorkload) -> Trip:
        """Restart every broker of the site in turn, fail over while the first one is down, and fail back at the end."""
        self.start_service()
        self.work(workload, self.profile.seconds, f"at {SOURCE}")
        with self.open_world(self.plan_file) as world:
            self.await_positions(world)
            move = self._amid_restarts(lambda go_on: self._fail_over_amid(world, workload, go_on))
            self.lab.processes.terminate(SERVICE, 60)
            back = self.close_and_save(world, workload.run, SOURCE, TARGET, at=self.now())
        return self._return(workload, move, back, diverges=False)

    def lose_site(self) -> KilledSite:
        """Lose it as the unplanned drill does, and tell at once what a client of it saw."""
        loss = super().lose_site()
        self.seen(loss.refused)
        return loss

    def _amid_restarts(self, move: Callable[[Event], FailedOver]) -> FailedOver:
        """Do it as soon as the first broker is gone, while the others are restarted; wait for them, too."""
        down, go_on = Event(), Event()
        with ThreadPoolExecutor(1) as pool:
            restarts = pool.submit(self._restart_in_turn, down, go_on)
            try:
                _await_down(restarts, down)
                moved = move(go_on)
            finally:
                go_on.set()
            restarts.result()
        return moved

    def _restart_in_turn(self, down: Event, go_on: Event) -> None:
        """As an upgrade does: ask a broker to end, start it again, and wait until all replicas are in sync."""
        layout = self.lab.layout[SOURCE]
        for node in layout.nodes:
            name = layout.broker(node.number)
            done = FAULTS["stop"](self.lab, name)
            look = partial(none_listed, self.lab, SOURCE, [node.number])
            told = await_seen(self.lab, f"stop of {name}", PEERS, look)
            self.seen(FaultEvidence("stop", name, done.injected_at, PEERS, told, self.lab.clock.now()))
            down.set()
            go_on.wait(HELD_DOWN)
            self.lab.start_broker(name)
            await_in_sync(self.lab, SOURCE)

    def _fail_over_amid(self, world: World, workload: LabWorkload, go_on: Event) -> FailedOver:
        """Fail over from a site that still answers, and let its restart go on once the gates are passed."""

        def announced(progress: Progress) -> None:
            if progress.step != CheckFailover.name:
                go_on.set()
            self.announce(progress)

        timer = StepTimer(announced, self.now, f"{SOURCE} to {TARGET}")
        # Any loss: of a source that takes writes until it is fenced the number grows while it is looked at. What it
        # comes to is saved with the tail, and the verdict accounts for every record of it.
        plan = failover.plan(world, SOURCE, TARGET, observe=self.observe, accepted=AcceptedLoss(unknown=True))
        noticed, result = self.now(), run(plan, world, timer, self.terms)
        self.await_clients(workload)
        self.work(workload, self.profile.seconds, f"at {TARGET}")
        return FailedOver(noticed, result, tuple(timer.spans))

    def _return(self, workload: LabWorkload, move: FailedOver, back: BroughtBack, *, diverges: bool) -> Trip:
        self.make_ready(workload, SOURCE, TARGET)
        self.work(workload, self.profile.seconds, f"at {TARGET}, {SOURCE} is back and closed")
        home = self.go_home(SOURCE, TARGET)
        self.work(workload, self.profile.seconds, f"at {SOURCE} again")
        return _told(move, back, home, diverges=diverges), back.stranded


def _await_down(restarts: Future[None], down: Event) -> None:
    """Wait until the first broker is gone; raises what kept it from going."""
    while not down.wait(0.5):
        if restarts.done():
            restarts.result()
            return


def _told(move: FailedOver, back: BroughtBack, home: BackHome, *, diverges: bool) -> RoundTrip:
    checked = home.move.result.evidence.get("check-homecoming", {})
    run_of, tail = move.result.run, back.tail
    joined = (checked.get("failover"), checked.get("salvage")) == (run_of.id, tail.salvage)
    return RoundTrip(
        home=SOURCE,
        survivor=TARGET,
        began=move.spans[0].began,
        opened=next(span.began for span in move.spans if span.step == OPENED),
        homeward=home.move.began,
        reopened=home.move.step_began(OPENED),
        closed=back.fence.get("fence") == FenceState.PROVEN,
        saved=not tail.faults and not tail.moved,
        decided=not tail.undecided and {each.topic for each in back.stranded} <= tail.decisions.keys(),
        joined=joined and home.move.result.state is RunState.DONE,
        recreated=tuple(sorted(checked.get("recreated", {}))),
        diverges=diverges,
    )
