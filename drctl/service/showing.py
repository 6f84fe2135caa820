"""Plan and runs as Kubernetes resources, for ``kubectl get`` and ``kubectl describe``, where somebody wants them shown.

A mirror: nothing here is ever read to decide anything, so drctl works as well while the API server is down. It is
written by a thread of its own, by the service that leads, and an answer that does not come delays nothing else.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import structlog

from drctl.decide.health import diagnose
from drctl.errors import DrctlError, NotFound
from drctl.model.cause import CauseScope
from drctl.model.facts import Status
from drctl.model.resources import EVENT, Kind, Object
from drctl.model.shown import (
    ENDED,
    GROUP,
    HEALTHY,
    SHOWN_PLAN,
    SHOWN_RUN,
    UNFINISHED,
    VERSION,
    ShownCondition,
    ShownPlanStatus,
    ShownRunSpec,
    ShownRunStatus,
    ShownSite,
)
from drctl.plans.standing import RunStanding, Told, told_runs
from drctl.ports import Resources, World
from drctl.redaction import describe
from drctl.service.telling import Telling, Trouble
from drctl.service.touched import TouchedResources

NEWEST = 20
"""Runs that are shown: older ones stay as they were written last. A year has fewer."""
AFRESH = 600.0
"""Seconds until all is written again, changed here or not: somebody may have changed or deleted it there, and a plan
that came back has another uid, by which its runs would be taken for orphans and deleted."""

NOT_ENDED = (RunStanding.RUNNING, RunStanding.INTERRUPTED, RunStanding.PAUSED, RunStanding.ROLLING_BACK)
WELL_ENDED = (RunStanding.DONE, RunStanding.EXCEPTIONS)


class ResourceMirror:
    """Writes what changed since it was written last. ``spec`` is the plan file's own, as it stands there."""

    def __init__(
        self, world: World, resources: Resources, namespace: str, spec: Mapping[str, Any], leads: Callable[[], bool]
    ) -> None:
        self.world, self.resources, self.namespace = world, resources, namespace
        self.spec, self.leads = dict(spec), leads
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.trouble = Trouble("resources-not-written")
        self._newest: Status | None = None
        self._due = threading.Event()
        self._written: dict[tuple[str, str], object] = {}
        self._uids: dict[tuple[str, str], str] = {}
        self._told: dict[str, RunStanding] = {}
        self._afresh_at = 0.0
        self._touched, self._refusals = TouchedResources(world), Telling()

    def take(self, seen: Status) -> None:
        """Have this look shown soon; one that was not shown yet is passed over."""
        self._newest = seen
        self._due.set()

    def run(self, ended: threading.Event) -> None:
        """Show each look, until ``ended``."""
        while not ended.is_set():
            if self._due.wait(0.5) and self._newest is not None:
                self._due.clear()
                self.write_or_tell(self._newest)

    def write_or_tell(self, seen: Status) -> None:
        """Write; what fails is told when it changes, and the next look is shown all the same."""
        try:
            self.write(seen)
        except DrctlError as error:
            self.trouble.met(self.log.warning, str(error), {"remedy": error.remedy})
        except Exception as error:  # noqa: BLE001 - it is logged with its traceback
            self.trouble.met(self.log.exception, describe(error))
        else:
            self.trouble.over(self.log)

    def write(self, seen: Status) -> None:
        """Write what changed. NotFound where the definitions are missing; DrctlError for the journal."""
        if not self.leads():
            self._written.clear()  # whoever leads meanwhile may write something else
            return
        if VERSION not in self.resources.served(GROUP):
            raise NotFound(
                f"the API server knows no {GROUP}/{VERSION}",
                remedy="apply deploy/components/resources/definitions.yaml, or leave --show-resources out",
            )
        if (now := self.world.clock.monotonic()) >= self._afresh_at:
            self._written.clear()
            self._afresh_at = now + AFRESH
        runs = told_runs(self.world)[:NEWEST]
        name = resource_name(self.world.plan.name)
        uid = self._show(SHOWN_PLAN, name, self.spec, plan_status(seen, runs), {})
        # With the plan they go too, by Kubernetes' own hand.
        owner = {"apiVersion": SHOWN_PLAN.api_version, "kind": SHOWN_PLAN.name, "name": name, "uid": uid}
        for told in reversed(runs):
            self._show_run(told, {"ownerReferences": [owner]})
        self._tell_on_touched(runs)

    def _tell_on_touched(self, runs: tuple[Told, ...]) -> None:
        """Events at the sites come last: one that does not answer delays nothing that is shown here."""
        if self.leads():
            self._touched.tell(runs)
        for site in self.world.sites:
            why = self._touched.trouble.get(site)
            if self._refusals.changed(site, why) and why:
                self.log.info("events-not-written", site=site, why=why)

    def _show_run(self, told: Told, meta: Object) -> None:
        name, status = resource_name(told.run.id), run_status(told)
        uid = self._show(SHOWN_RUN, name, document(run_spec(told)), status, meta)
        if self._told.get(name) is not told.standing and self.leads():
            self._tell(told, name, uid)
            self._told[name] = told.standing

    def _show(self, kind: Kind, name: str, spec: Object, status: Any, meta: Object) -> str:
        """Write one resource if it is not so yet; returns its uid."""
        key, wanted = (kind.plural, name), (spec, status)
        if self._written.get(key) == wanted or not self.leads():
            return self._uids.get(key, "")
        # Spec and status are two requests: where a kind has a status subresource, the API server drops from
        # each what belongs to the other.
        item = self.resources.apply(kind, name, {"metadata": dict(meta), "spec": spec}, take=True)
        generation = int(item["metadata"]["generation"])
        told = document(status) | {
            "observedGeneration": generation,
            "conditions": [*self._dated(status.conditions, item.get("status") or {}, generation)],
        }
        self.resources.patch(kind, name, {"status": told}, subresource="status")
        self._written[key], self._uids[key] = wanted, str(item["metadata"]["uid"])
        return self._uids[key]

    def _dated(self, conditions: tuple[ShownCondition, ...], before: Object, generation: int) -> Iterator[Object]:
        """Conditions since when they have been so: as was written before where it is the same."""
        known = {each["type"]: each for each in before.get("conditions", ())}
        for each in conditions:
            last = known.get(each.type, {})
            # Kubernetes' convention: when the condition last changed, and not when it was last looked at.
            since = last.get("lastTransitionTime") if last.get("status") == each.status else None
            now = self.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            yield document(each) | {"lastTransitionTime": since or now, "observedGeneration": generation}

    def _tell(self, told: Told, name: str, uid: str) -> None:
        """Add an Event per state of a run; its name makes a second one, such as of another leader, the same."""
        state = told.standing.value
        stamp = self.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"apiVersion": SHOWN_RUN.api_version, "kind": SHOWN_RUN.name, "name": name, "uid": uid}
        body = {
            "involvedObject": {**about, "namespace": self.namespace},
            "reason": in_one_word(state),
            "message": f"{told.run.kind} from {told.run.source} to {told.run.target}: {told.why or state}",
            "type": "Normal" if told.standing in (RunStanding.RUNNING, *WELL_ENDED) else "Warning",
            "source": {"component": "drctl"},
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
        self.resources.apply(EVENT, f"{name}.{state}", body, take=True)


def plan_status(seen: Status, runs: tuple[Told, ...]) -> ShownPlanStatus:
    """The plan's status as of a look; times and generation are for who writes it."""
    sites = tuple(
        _site(site.facts.name, site.role.value, diagnose(site.sight, seen.seen_at).scope) for site in seen.sites
    )
    left = next((told.run.id for told in runs if told.standing in NOT_ENDED), "")
    unfinished = (
        ShownCondition(UNFINISHED, "True", "Unfinished", f"run {left}: see 'drctl runs show'")
        if left
        else ShownCondition(UNFINISHED, "False", "NoneLeft", "no run is unfinished")
    )
    primary = seen.client_routing.value or ""
    return ShownPlanStatus(seen.epoch.value, primary, left, sites, (_healthy(sites), unfinished))


def run_spec(told: Told) -> ShownRunSpec:
    """Return what the run is."""
    run = told.run
    return ShownRunSpec(run.id, run.plan, run.kind, run.source, run.target, run.epoch, run.plan_digest, told.by)


def run_status(told: Told) -> ShownRunStatus:
    """How the run stands; times and generation of the condition are for who writes it."""
    state = told.standing.value
    over = told.standing not in NOT_ENDED
    condition = ShownCondition(ENDED, "True" if over else "False", in_one_word(state), told.why or state)
    began, ended = (each.isoformat() if each else "" for each in (told.began, told.ended))
    return ShownRunStatus(state, told.step, told.why, began, ended, (condition,))


def document(shown: Any) -> dict[str, Any]:
    """A class of :mod:`drctl.model.shown` as the API has it: names in camel case, and no None."""
    made = _named(asdict(shown))
    return {key: value for key, value in made.items() if value is not None}


def resource_name(name: str) -> str:
    """The name of a plan file or a run as Kubernetes takes it, which knows neither capitals nor underscores."""
    return name.lower().replace("_", "-")


def in_one_word(state: str) -> str:
    """A state as Kubernetes writes reasons: ``paused-by-failed-step`` is ``PausedByFailedStep``."""
    return "".join(part.capitalize() for part in state.split("-"))


def _healthy(sites: tuple[ShownSite, ...]) -> ShownCondition:
    """Judge all sites: trouble that is seen counts before what is not seen, and that is never healthy."""
    health = [site.health for site in sites]
    well, unknown = (health.count(scope.value) for scope in (CauseScope.WELL, CauseScope.UNKNOWN))
    said = "; ".join(f"{site.name}: {site.health}" for site in sites)
    if well == len(sites):
        return ShownCondition(HEALTHY, "True", "AllWell", said)
    if well + unknown == len(sites):
        return ShownCondition(HEALTHY, "Unknown", "NotSeen", said)
    return ShownCondition(HEALTHY, "False", "Trouble", said)


def _site(name: str, role: str, health: CauseScope) -> ShownSite:
    return ShownSite(name, role, health.value)


def camel(name: str) -> str:
    """A field's name as the API has it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {camel(key): _named(each) for key, each in value.items()}
    return [_named(each) for each in value] if isinstance(value, list | tuple) else value
