"""Replication home that a move left pending is begun by the service as soon as the old site lets it."""

import structlog

from drctl.errors import DrctlError, Locked
from drctl.model.facts import Status
from drctl.plans import reversal, runner
from drctl.plans.pending import PendingReversal, pending_reversal
from drctl.plans.progress import Progress, StepState
from drctl.plans.selection import REVERSAL
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from drctl.service.acting import Opened, own_terms
from drctl.service.metrics import Metrics
from drctl.service.telling import Trouble

FIRST, LONGEST = 15.0, 300.0
"""Seconds until the second attempt, doubled after each that fails, and the most of them: a site that returns does so
within minutes, and each attempt asks it for all of its log ends."""
FOR_GOOD = 3600.0
"""Seconds until the next attempt after a failure that does not pass by itself: a person has to see to it first."""


class PendingReversals:
    """Makes up for it with the run that 'drctl runs resume' would make."""

    def __init__(self, world: World, opened: Opened, metrics: Metrics) -> None:
        self.world, self.opened, self.metrics = world, opened, metrics
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.trouble = Trouble("replication-not-reversed", first=FIRST, most=LONGEST)
        self._again_at = 0.0

    def note(self, seen: Status) -> None:  # noqa: ARG002 - the journal tells
        """Show whether one is pending."""
        owed = pending_reversal(self.world)
        self.metrics.reversal_pending.set(0 if owed is None else 1)

    def act(self, seen: Status) -> None:
        """Reverse replication if it is pending, the old site answers, and nobody else is at work."""
        owed = pending_reversal(self.world)
        if owed is None or not self._may(owed, seen):
            return
        plan = reversal.ordered(owed.run.source, owed.run.target, owed.run.id)
        try:
            with self.opened([owed.run.source]) as world:
                runner.run(plan, world, self._announce, own_terms())
        except Locked as other:
            self.log.info("replication-not-reversed-now", site=owed.run.source, why=str(other))
        except DrctlError as error:
            self._failed(owed, error)
        else:
            self.trouble.over(self.log)
            self.log.warning("replication-reversed", site=owed.run.source, move=owed.run.id)

    def _failed(self, owed: PendingReversal, error: DrctlError) -> None:
        about = {"site": owed.run.source, "move": owed.run.id, "remedy": error.remedy}
        self.trouble.met(self.log.error, str(error), about)
        self._again_at = self.world.clock.monotonic() + (self.trouble.pause if error.transient else FOR_GOOD)

    def _may(self, owed: PendingReversal, seen: Status) -> bool:
        answers = any(site.facts.name == owed.run.source and site.facts.cluster.known for site in seen.sites)
        # A reversal of that site which was cut off is gone on with here; any other run is a person's, or
        # another deputy's, and may be why this one has to wait.
        others = [run for run in unfinished(self.world) if (run.kind, run.source) != (REVERSAL, owed.run.source)]
        waiting = self.world.clock.monotonic() < self._again_at
        return answers and not others and not waiting and not self.world.lease.holder()

    def _announce(self, progress: Progress) -> None:
        if progress.state is not StepState.WAITING:
            self.log.debug("reversing", step=progress.step, state=progress.state.value, detail=progress.detail)
