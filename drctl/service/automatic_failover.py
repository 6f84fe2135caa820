"""The service fails over by itself where the plan file lets it: never without the arbiter and a sure fence."""

from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import Gauge

from drctl.decide.automatic import (
    PASSING,
    ArbiterStanding,
    AutomaticCase,
    AutomaticHindrance,
    automatic_hindrances,
)
from drctl.decide.course import Courses, follow
from drctl.decide.health import diagnose
from drctl.errors import DrctlError, Locked
from drctl.model.arbiter import ArbiterRecord, AutomaticFailoverTerms
from drctl.model.cause import CauseScope, Phase
from drctl.model.facts import Status
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Run
from drctl.monitors import observe
from drctl.plans import automatic_failover, runner
from drctl.plans.arbitration import as_it_stands, asked
from drctl.plans.kinds import rebuilt
from drctl.plans.plan import Plan
from drctl.plans.progress import Progress, StepState
from drctl.plans.selection import moving
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from drctl.service.acting import Opened, own_terms
from drctl.service.metrics import Metrics
from drctl.service.telling import Telling, Trouble

FIRST, LONGEST = 15.0, 300.0
"""Seconds until the second attempt, doubled after each that fails, and the most of them: what gates refuse, such as a
target whose link does not tell yet, changes within seconds, and each attempt is a run in the journal."""


class AutomaticFailover:
    """Fails over from a site that is lost, once nothing stands against it; goes on with such a run that was cut off.

    In good times it keeps the arbiter told which site is primary, so that in bad ones a controller that does not know
    the newest decision is refused.
    """

    def __init__(self, world: World, opened: Opened, metrics: Metrics) -> None:
        self.world, self.opened = world, opened
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.trouble = Trouble("automatic-failover-failed", first=FIRST, most=LONGEST)
        self._courses: dict[str, Courses] = {}
        self._again_at = 0.0
        self._telling = Telling()
        self._acts = False
        self.armed = Gauge(
            "drctl_automatic_failover_armed",
            "Whether the service would fail over by itself if the site were lost; no value where only a person does",
            ("site",),
            registry=metrics.registry,
        )

    @property
    def terms(self) -> AutomaticFailoverTerms | None:
        """Of the plan file; None where only a person fails over."""
        return self.world.plan.automatic_failover

    def note(self, seen: Status) -> None:
        """Follow for how long each site has been lost, also where this service does not lead."""
        if self.terms is None:
            return
        if not self._acts:  # nobody asked since the last look: another one leads, and tells
            self.armed.clear()
        self._acts = False
        for site in seen.sites:
            found, before = diagnose(site.sight, seen.seen_at), self._courses.get(site.facts.name, {})
            self._courses[site.facts.name] = follow(before, found, seen.seen_at)

    def act(self, seen: Status) -> None:
        """Go on with what was begun, or fail over, or keep the arbiter told."""
        terms, serving = self.terms, seen.client_routing.value
        if terms is None:
            return
        self._acts = True
        begun = automatic_failover.begun(self.world)
        if begun is not None:
            if self._may_go_on():
                self._go_on(begun)
            return
        standing, held = asked(self.world, serving or "")
        if serving is not None:
            self._keep_told(seen, serving, standing, held)
        against = tuple(automatic_hindrances(self._case(terms, seen, serving, standing)))
        self._tell(serving, against)
        if not against and serving is not None:
            (target,) = self.world.plan.standbys(serving)
            self._begin(terms, serving, target)

    def _case(
        self, terms: AutomaticFailoverTerms, seen: Status, serving: str | None, standing: ArbiterStanding
    ) -> AutomaticCase:
        world = self.world
        return AutomaticCase(
            serving=serving,
            lost=serving is not None and self._lost(terms, serving, seen.seen_at),
            standbys=0 if serving is None else len(world.plan.standbys(serving)),
            at_work=bool(world.lease.holder()),
            unfinished=bool(unfinished(world)),
            seen_to=automatic_failover.seen_to(world),
            arbiter=standing,
            waiting=world.clock.monotonic() < self._again_at,
        )

    def _lost(self, terms: AutomaticFailoverTerms, site: str, now: datetime) -> bool:
        """Whether it is confirmed that the site is lost, in the newest look, too, and was for as long as demanded."""
        return any(
            course.phase is Phase.CONFIRMED and course.present and now - course.since >= terms.after
            for course in self._courses.get(site, {}).values()
            if course.cause.scope is CauseScope.SITE
        )

    def _keep_told(self, seen: Status, serving: str, standing: ArbiterStanding, held: ArbiterRecord | None) -> None:
        """Tell the arbiter what is so while the site that serves answers and nobody is about to change it."""
        world = self.world
        answers = any(site.facts.name == serving and site.facts.cluster.known for site in seen.sites)
        known = standing in (ArbiterStanding.OURS, ArbiterStanding.NEVER_TOLD)
        if world.arbiter is None or not known or not answers or unfinished(world) or world.lease.holder():
            return
        record = as_it_stands(world, serving)
        if record == held:
            return
        try:
            world.arbiter.write(record, expected=held)
        except DrctlError as error:
            if self._telling.changed("arbiter", str(error)):
                self.log.warning("arbiter-not-told", why=str(error), remedy=error.remedy)
            return
        self._telling.changed("arbiter", None)
        self.log.info("arbiter-told", primary=record.primary, epoch=record.epoch, run=record.run)

    def _tell(self, serving: str | None, against: tuple[AutomaticHindrance, ...]) -> None:
        """Show whether it would act if the site were lost, and log once for each change of what keeps it from that."""
        lasting = [each.value for each in against if each not in PASSING]
        self.armed.clear()
        if serving is not None:
            self.armed.labels(serving).set(not lasting)
        if self._telling.changed("against", tuple(lasting)):
            tell = self.log.warning if lasting else self.log.info
            tell("automatic-failover-not-armed" if lasting else "automatic-failover-armed", reasons=lasting)

    def _may_go_on(self) -> bool:
        return not self.world.lease.holder() and self.world.clock.monotonic() >= self._again_at

    def _begin(self, terms: AutomaticFailoverTerms, source: str, target: str) -> None:
        self.log.error("automatic-failover-begun", site=source, target=target)
        accepted = AcceptedLoss(terms.accept_loss)

        def planned(world: World) -> tuple[Plan, World]:
            smaller = moving(world, target)
            plan = automatic_failover.ordered(source, target, observe=observe, accepted=accepted, trusted=terms.fences)
            return plan, smaller

        self._run(source, planned)

    def _go_on(self, run: Run) -> None:
        self.log.error("automatic-failover-continued", site=run.source, target=run.target, run=run.id)
        self._run(run.source, lambda world: rebuilt(world, run, observe))

    def _run(self, source: str, planned: Callable[[World], tuple[Plan, World]]) -> None:
        try:
            with self.opened([source]) as world:
                plan, smaller = planned(world)
                result = runner.run(plan, smaller, self._announce, own_terms())
        except Locked as other:
            self.log.info("automatic-failover-not-now", site=source, why=str(other))
        except DrctlError as error:
            self.trouble.met(self.log.error, str(error), {"site": source, "remedy": error.remedy})
            self._again_at = self.world.clock.monotonic() + self.trouble.pause
        else:
            self.trouble.over(self.log)
            loss, fence = result.evidence["measure-loss"], result.evidence["fence-what-answers"]
            about = {"run": result.run.id, "lost": loss["total"], "fence": fence["fence"], "by": fence["by"]}
            self.log.error("automatic-failover-done", site=source, target=result.run.target, **about)

    def _announce(self, progress: Progress) -> None:
        if progress.state is not StepState.WAITING:
            self.log.info("failing-over", step=progress.step, state=progress.state.value, detail=progress.detail)
