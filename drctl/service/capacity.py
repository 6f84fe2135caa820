"""Capacity by shift, as the service shows it and as it scales a standby up ahead of a shift."""

from collections.abc import Iterator, Sequence

import structlog
from prometheus_client import Counter, Gauge

from drctl.decide.capacity import needs
from drctl.decide.scale_ahead import DueScaling
from drctl.errors import DrctlError, Locked, Refused
from drctl.model.facts import Status
from drctl.plans.capacity_ahead import TIMES, WITHIN, AheadResult, cut_off, due_ahead, scale_ahead, times_scaled
from drctl.plans.pausing import standing_pause
from drctl.plans.selection import left_by_failover
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from drctl.service.acting import Opened, own_terms
from drctl.service.metrics import Metrics
from drctl.service.telling import Telling, Trouble

FIRST, LONGEST = 15.0, 900.0
"""Seconds until a scaling that failed is tried again, doubled after each, and the most of them: an API server that is
upgraded is back within minutes, a right that is missing is not granted sooner for being asked for, and each time is a
run in the journal."""


class CapacityWatch:
    """Shows for every standby what the shift that is on demands of it, and what is there; nothing without a schedule.

    A workload's Deployment is left out: it is at 0 at a standby, and scaled up by the move.
    """

    def __init__(self, world: World, metrics: Metrics) -> None:
        self.world, self.unknown = world, metrics.unknown
        labels, registry = ("site", "what"), metrics.registry
        self.demanded = Gauge(
            "drctl_capacity_demanded", "What the shift that is on demands of a standby", labels, registry=registry
        )
        self.present = Gauge(
            "drctl_capacity_present",
            "What can work there of it; no value where nobody knows",
            labels,
            registry=registry,
        )

    def cycle(self, seen: Status) -> None:
        """Set both from one look."""
        self.demanded.clear()
        self.present.clear()
        plan = self.world.plan
        if plan.capacity is None or not seen.client_routing.known:
            return
        shift, carried = plan.capacity.on(seen.seen_at), tuple(each.what for each in plan.carriers)
        for site in seen.sites:
            name = site.facts.name
            if name == seen.client_routing.value:
                continue
            link = next((each for each in seen.links if each.link.target == name), None)
            demanded = needs(shift, site.facts, link, (*carried, *plan.node_pools(name)))
            told = [need for need in demanded if not need.carried]
            for need in told:
                self.demanded.labels(name, need.what).set(need.required)
                if need.present is not None:
                    self.present.labels(name, need.what).set(need.present)
            self.unknown.labels("capacity", name).set(any(need.present is None for need in told))


class CapacityAhead:
    """Scales standbys up ahead of a shift where the plan file lets it (``capacity.scaleAhead``), and never down.

    But for the tasks of links: what was raised of them is set back.
    """

    def __init__(self, world: World, opened: Opened, metrics: Metrics) -> None:
        self.world, self.opened = world, opened
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.scalings = Counter(
            "drctl_capacity_scalings",
            "Times that the service has scaled something up at a standby ahead of a shift",
            ("site",),
            registry=metrics.registry,
        )
        self._telling = Telling()
        self._troubles: dict[str, Trouble] = {}
        self._again_at: dict[str, float] = {}
        if self._lets():
            for site in world.plan.sites:
                self.scalings.labels(site.name)  # from zero: a first one is a change, too

    def note(self, seen: Status) -> None:
        """Nothing is remembered: the journal tells what was done."""

    def act(self, seen: Status) -> None:
        """Scale what is due at every standby of the site that serves, unless somebody is at work or has left a run."""
        serving = seen.client_routing.value
        if not self._lets() or serving is None or not self._may():
            return
        for site in self.world.plan.standbys(serving):
            due = [each for each in self._due(seen, serving, site) if not self._is_left(site, each)]
            waiting = self.world.clock.monotonic() < self._again_at.get(site, 0.0)
            if (due or cut_off(self.world)) and not waiting:
                self._scale(serving, site, due)

    def _lets(self) -> bool:
        capacity = self.world.plan.capacity
        return capacity is not None and capacity.scale_ahead is not None

    def _may(self) -> bool:
        world = self.world
        return not unfinished(world) and not world.lease.holder() and standing_pause(world) is None

    def _due(self, seen: Status, serving: str, site: str) -> Iterator[DueScaling]:
        """Return what is due there; nothing at a site that a failover left: it is no standby before it was salvaged."""
        if left_by_failover(self.world, site):
            return
        facts = next(each.facts for each in seen.sites if each.facts.name == site)
        link = next((each for each in seen.links if (each.link.source, each.link.target) == (serving, site)), None)
        yield from due_ahead(self.world, serving, facts, link, seen.seen_at)

    def _is_left(self, site: str, due: DueScaling) -> bool:
        """Whether it is left as it is, which is told once."""
        why = due.against
        if not why and times_scaled(self.world, site, due) >= TIMES:
            hours = WITHIN.total_seconds() / 3600
            why = f"it was scaled to {due.replicas} {TIMES} times in {hours:g} hours, and something sets it back"
        if self._telling.changed(f"{site} {due.what}", why or None) and why:
            self.log.error("standby-not-scaled", site=site, what=str(due.what), shift=due.shift, why=why)
        return bool(why)

    def _scale(self, serving: str, site: str, due: Sequence[DueScaling]) -> None:
        trouble = self._troubles.setdefault(site, Trouble("standby-scaling-failed", first=FIRST, most=LONGEST))
        try:
            with self.opened(()) as world:
                done = scale_ahead(world, serving, site, due, own_terms().by)
        except (Locked, Refused) as why:
            # Nothing was tried: somebody else is at work, or has paused drctl.
            self.log.info("standby-not-scaled-now", site=site, why=str(why))
        except DrctlError as error:
            self._failed(trouble, site, str(error))
        else:
            self._tell(site, done)
            if done.failed:
                self._failed(trouble, site, "; ".join(f"{what}: {why}" for what, why in done.failed.items()))
            else:
                trouble.over(self.log)

    def _tell(self, site: str, done: AheadResult) -> None:
        for each in done.scaled:
            self.scalings.labels(site).inc()
            begins = None if each.begins is None else each.begins.isoformat()
            about = {"site": site, "what": str(each.what), "shift": each.shift, "begins": begins}
            self.log.warning("standby-scaled", had=each.had, replicas=each.replicas, **about)

    def _failed(self, trouble: Trouble, site: str, why: str) -> None:
        trouble.met(self.log.error, why, {"site": site})
        self._again_at[site] = self.world.clock.monotonic() + trouble.pause
