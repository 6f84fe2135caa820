"""Events on the resources of Strimzi that a run has touched: on KafkaUsers that it denied, and on links.

| a step of a run has | Events on | at the site where it acts |
| --- | --- | --- |
| denied writers, or let them write again | the KafkaUsers of those whom its evidence names | namespace of its pods |
| stopped a link, or brought it to run | its KafkaMirrorMaker2, or its KafkaConnectors | the same |

They are written from the journal, by the service that leads and behind the run: no step waits for them, and none fails
with them. Each has a name of its run, step and resource, so that one that is written again is the same.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from drctl.errors import DrctlError, NotFound
from drctl.model.links import Link
from drctl.model.resources import EVENT, KAFKA_CONNECTOR, KAFKA_USER, MIRROR_MAKER, Kind, Object, Where
from drctl.model.run import Event, JournalEntry, Run
from drctl.plans.link_evidence import CONNECTORS
from drctl.plans.plan import Place, Step
from drctl.plans.standing import Told
from drctl.plans.steps.ask_link_to_stop import AskLinkToStop
from drctl.plans.steps.fence_standby import FenceStandby
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.resume_link import ResumeLink
from drctl.plans.steps.reverse_replication import ReverseReplication
from drctl.plans.steps.start_link_home import StartLinkHome
from drctl.plans.steps.stop_checkpoints import StopCheckpoints
from drctl.plans.steps.stop_link import StopLink
from drctl.plans.steps.stop_link_at_once import StopRestOfLink
from drctl.plans.steps.unfence_site import UnfenceSite
from drctl.plans.steps.unfence_source import UnfenceSource
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.ports import Resources, World
from drctl.redaction import describe

KEPT = timedelta(hours=1)
"""As long as an API server keeps Events by default: what a run did before would come up again as if it were new."""
APART = 60.0
"""Seconds until a site that refused an Event is asked again: its API server may be down, or the right missing."""

AT_USERS: Mapping[str, type[Step]] = {
    step.name: step
    for step in (
        FenceWrites, FenceTransactions, FenceStandby, FenceWhatAnswers, UnfenceTarget, UnfenceSource, UnfenceSite,
    )
}  # fmt: skip
AT_LINKS: Mapping[str, type[Step]] = {
    step.name: step
    for step in (
        AskLinkToStop, StopCheckpoints, StopLink, StopRestOfLink, ResumeLink, ReverseReplication, StartLinkHome,
    )
}  # fmt: skip


class TouchedResources:
    """Writes what is new of runs. ``trouble`` is by site why the last Event could not be written there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.trouble: dict[str, str] = {}
        self._written: set[str] = set()
        self._again_at: dict[str, float] = {}

    def tell(self, runs: tuple[Told, ...]) -> None:
        """Write Events of steps that were done within the last hour; never raises for a site."""
        since = self.world.clock.now() - KEPT
        for told in reversed(runs):
            for entry in told.entries:
                step = AT_USERS.get(entry.step) or AT_LINKS.get(entry.step)
                if step is not None and entry.event is Event.STEP_OBSERVED and entry.at >= since:
                    self._tell_or_note(told, entry, step)

    def _tell_or_note(self, told: Told, entry: JournalEntry, step: type[Step]) -> None:
        key, site = f"{told.run.id}.{entry.sequence}", _site(told.run, step)
        kube = self.world.sites[site].kubernetes if site in self.world.sites else None
        now = self.world.clock.monotonic()
        if kube is None or key in self._written or now < self._again_at.get(site, 0.0):
            return
        try:
            for kind, item in self._touched(kube.resources, told, entry, site):
                name, body = _event(told.run, entry, step, kind, item)
                kube.resources.apply(EVENT, name, body, take=True)
        except NotFound:
            pass  # nothing is left to tell it on
        except Exception as error:  # noqa: BLE001 - another site's Events, and all else, go on
            self.trouble[site] = str(error) if isinstance(error, DrctlError) else describe(error)
            self._again_at[site] = now + APART
            return
        self.trouble.pop(site, None)
        self._written.add(key)

    def _touched(
        self, resources: Resources, told: Told, entry: JournalEntry, site: str
    ) -> Iterator[tuple[Kind, Object]]:
        """The resources at that site which the step has changed, with their kinds."""
        strimzi = self.world.plan.site(site).strimzi
        if strimzi is None:
            return
        if entry.step in AT_USERS:
            if not (names := _principals(told, entry, site)):
                return  # such as a fence that is pending, at a site that does not answer
            kind = _served(resources, KAFKA_USER)
            for item in resources.list(kind, Where(labels=f"strimzi.io/cluster={strimzi.cluster}")).items:
                if names & _known_as(item):
                    yield kind, item
            return
        other = told.run.source if site == told.run.target else told.run.target
        ports = self.world.links.get((other, site))
        if ports is not None and ports.link.has_operator and entry.body.get("asked", True):
            yield from _of_link(resources, ports.link, entry)


def _event(run: Run, entry: JournalEntry, step: type[Step], kind: Kind, item: Object) -> tuple[str, Object]:
    """The name and the body of the Event on that resource."""
    meta, stamp = item["metadata"], entry.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {"apiVersion": kind.api_version, "kind": kind.name, "name": meta["name"], "uid": meta["uid"]}
    where = {"namespace": meta["namespace"]} if "namespace" in meta else {}
    body = {
        "involvedObject": about | where,
        "reason": "".join(part.capitalize() for part in step.name.split("-")),
        "message": f"{run.kind} from {run.source} to {run.target}, run {run.id}, step {step.name}: {step.title}",
        "type": "Normal",
        "source": {"component": "drctl"},
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }
    return f"{run.id}.{step.name}.{kind.name}.{meta['name']}".lower().replace("_", "-"), body


def _site(run: Run, step: type[Step]) -> str:
    return run.source if step.at is Place.SOURCE else run.target


def _principals(told: Told, entry: JournalEntry, site: str) -> set[str]:
    """Whom the step denied or let write again: by its evidence, else whom the run had denied there before."""
    if named := _named(entry.body.get("denied")) | _named(entry.body.get("lifted")):
        return named
    steps = {name for name, step in AT_USERS.items() if _site(told.run, step) == site}
    before = [_named(each.body.get("denied")) for each in told.entries if each.step in steps]
    return set().union(*before)


def _named(evidence: Any) -> set[str]:
    """Principals as steps write them down: a list, or one for each scope."""
    lists = evidence.values() if isinstance(evidence, Mapping) else [evidence or ()]
    return {str(principal) for each in lists for principal in each}


def _known_as(user: Object) -> set[str]:
    """The principals that a KafkaUser may be to Kafka: by its status, else by its name, with or without TLS."""
    told = (user.get("status") or {}).get("username")
    name = user["metadata"]["name"]
    return {f"User:{told}"} if told else {f"User:{name}", f"User:CN={name}"}


def _of_link(resources: Resources, link: Link, entry: JournalEntry) -> Iterator[tuple[Kind, Object]]:
    if link.mirror_maker:
        kind = _served(resources, MIRROR_MAKER)
        yield kind, resources.get(kind, link.mirror_maker)
        return
    # Their resources have the names of the connectors, in lower case.
    names, kind = {name.lower() for name in entry.body.get(CONNECTORS, ())}, _served(resources, KAFKA_CONNECTOR)
    for item in resources.list(kind, Where(labels=f"strimzi.io/cluster={link.kafka_connect}")).items:
        if item["metadata"]["name"].lower() in names:
            yield kind, item


def _served(resources: Resources, kind: Kind) -> Kind:
    """The kind in the version that this API server prefers. NotFound where it serves none."""
    versions = resources.served(kind.group)
    if not versions:
        raise NotFound(f"the API server knows no {kind.group}", remedy="see that Strimzi's definitions are there")
    return kind.at(versions[0])
