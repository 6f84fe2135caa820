"""A site that a failover left behind and could not close is closed by the service as soon as it answers."""

from datetime import datetime

import structlog

from drctl.decide.returned import URGENT, Hindrance, LeftSite, hindrances
from drctl.errors import DrctlError, Locked
from drctl.model.facts import Status
from drctl.plans import fence, runner
from drctl.plans.failovers import StandingFailover, standing
from drctl.plans.plan import Plan
from drctl.plans.progress import Progress, StepState
from drctl.plans.selection import FENCE
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from drctl.service.acting import Opened, own_terms
from drctl.service.metrics import Metrics

FIRST, LONGEST = 15.0, 300.0
"""Seconds until the second attempt, doubled after each that fails, and the most of them."""


class ReturnedSites:
    """Closes what came back, with the run that 'drctl fence' would make, and tells for how long it was open."""

    def __init__(self, world: World, opened: Opened, metrics: Metrics) -> None:
        self.world, self.opened, self.metrics = world, opened, metrics
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self._silent: dict[str, datetime] = {}
        self._answered: dict[str, datetime] = {}
        self._pause, self._again_at = FIRST, 0.0
        self._told: tuple[Hindrance, ...] = ()

    def note(self, seen: Status) -> None:
        """When each site was last found silent, and when it was first met after that."""
        for site in seen.sites:
            name, cluster = site.facts.name, site.facts.cluster
            if cluster.known:
                self._answered.setdefault(name, cluster.seen_at)
            elif cluster.silent:
                self._silent[name] = seen.seen_at  # a look that found it silent began no later
                self._answered.pop(name, None)

    def act(self, seen: Status) -> None:
        """Close the site that was left, unless something stands against it."""
        left = standing(self.world)
        if left is None:
            return
        against = tuple(hindrances(self._facts(left, seen)))
        if against:
            self._tell(left, against)
            return
        self._told = ()
        plan = fence.ordered(
            left.left,
            left.run.target,
            left.run.id,
            silent=self._silent.get(left.left),
            answered=self._answered.get(left.left),
        )
        self._close(plan, left)

    def _facts(self, left: StandingFailover, seen: Status) -> LeftSite:
        cut_off = [(run.kind, run.source) == (FENCE, left.left) for run in unfinished(self.world)]
        return LeftSite(
            fence=left.fence,
            answers=any(site.facts.name == left.left and site.facts.cluster.known for site in seen.sites),
            serves=seen.client_routing.value == left.left if seen.client_routing.known else None,
            at_work=bool(self.world.lease.holder()),
            begun=any(cut_off),
            unfinished=not all(cut_off),
            waiting=self.world.clock.monotonic() < self._again_at,
        )

    def _tell(self, left: StandingFailover, against: tuple[Hindrance, ...]) -> None:
        """Once for each change; loudly where it is open and nobody but a person can help."""
        if against == self._told:
            return
        self._told = against
        is_open = Hindrance.CLOSED not in against and Hindrance.SILENT not in against
        tell = self.log.error if is_open and URGENT.intersection(against) else self.log.info
        tell("left-site-not-closed-now", site=left.left, reasons=[each.value for each in against])

    def _close(self, plan: Plan, left: StandingFailover) -> None:
        self.log.warning("closing-left-site", site=left.left, run=left.run.id)
        try:
            # Doubted, though it has just answered: a site that comes back goes away again, and may not hold
            # this up for the full timeouts each time.
            with self.opened([left.left]) as world:
                proven = runner.run(plan, world, self._announce, own_terms()).evidence["prove-fence"]
        except Locked as other:
            self.log.info("left-site-not-closed-now", site=left.left, reasons=[str(other)])
        except DrctlError as error:
            self._failed(left, error)
        else:
            self._pause = FIRST
            self.log.warning("left-site-closed", site=left.left, **_words(proven["open"]))

    def _failed(self, left: StandingFailover, error: DrctlError) -> None:
        self.metrics.closing_failed.inc()
        self._again_at = self.world.clock.monotonic() + self._pause
        self._pause = min(LONGEST, 2 * self._pause)
        self.log.error("left-site-not-closed", site=left.left, why=str(error), remedy=error.remedy)

    def _announce(self, progress: Progress) -> None:
        if progress.state is not StepState.WAITING:
            self.log.debug("closing", step=progress.step, state=progress.state.value, detail=progress.detail)


def _words(opened: dict[str, object]) -> dict[str, object]:
    return {name.replace(" ", "_"): value for name, value in opened.items()}
