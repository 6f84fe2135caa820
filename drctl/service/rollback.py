"""A rollback that waits for its target is run to its end by the service as soon as the target answers."""

import structlog

from drctl.errors import DrctlError, Locked, RollbackPending, RolledBack
from drctl.model.facts import Status
from drctl.model.run import Run
from drctl.monitors import observe
from drctl.plans import runner
from drctl.plans.kinds import rebuilt
from drctl.plans.progress import Progress, StepState
from drctl.plans.rolled_back import waiting_rollback
from drctl.ports import World
from drctl.service.acting import Opened, own_terms
from drctl.service.metrics import Metrics
from drctl.service.reversal import FIRST, FOR_GOOD, LONGEST
from drctl.service.telling import Trouble


class PendingRollbacks:
    """Goes on with the run as 'drctl runs resume' would; clients are at work at its source meanwhile."""

    def __init__(self, world: World, opened: Opened, metrics: Metrics) -> None:  # noqa: ARG002 - made as all deputies are
        self.world, self.opened = world, opened
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.trouble = Trouble("rollback-not-ended", first=FIRST, most=LONGEST)
        self._again_at = 0.0

    def note(self, seen: Status) -> None:
        """Nothing: the journal tells."""

    def act(self, seen: Status) -> None:
        """Run it to its end if the target answers, and nobody else is at work."""
        run = waiting_rollback(self.world)
        if run is None or not self._may(run, seen):
            return
        try:
            with self.opened([run.target]) as world:
                plan, moving = rebuilt(world, run, observe)
                runner.run(plan, moving, self._announce, own_terms())
        except RolledBack:
            self.trouble.over(self.log)
            self.log.warning("rollback-ended", site=run.target, run=run.id)
        except Locked as other:
            self.log.info("rollback-not-ended-now", site=run.target, why=str(other))
        except DrctlError as error:
            self._failed(run, error)

    def _failed(self, run: Run, error: DrctlError) -> None:
        self.trouble.met(self.log.error, str(error), {"site": run.target, "run": run.id, "remedy": error.remedy})
        passes = error.transient or isinstance(error, RollbackPending)
        self._again_at = self.world.clock.monotonic() + (self.trouble.pause if passes else FOR_GOOD)

    def _may(self, run: Run, seen: Status) -> bool:
        answers = any(site.facts.name == run.target and site.facts.cluster.known for site in seen.sites)
        waiting = self.world.clock.monotonic() < self._again_at
        return answers and not waiting and not self.world.lease.holder()

    def _announce(self, progress: Progress) -> None:
        if progress.state is not StepState.WAITING:
            self.log.debug("rolling-back", step=progress.step, state=progress.state.value, detail=progress.detail)
