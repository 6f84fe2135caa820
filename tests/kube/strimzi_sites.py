"""Both sites of the Kubernetes lab described by Strimzi's resources, with stand-ins for its operators at work."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from ruamel.yaml import YAML

from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.fence import IGNORED, StrimziFence
from drctl.errors import DrctlError
from drctl.lab.kube import ControlPlane, KubeLab
from drctl.lab.kube.lab import SITE
from drctl.lab.layout import CANARY_TOPIC
from drctl.lab.rights import WORKER
from drctl.model.fence import DenyRule
from drctl.model.resources import KAFKA, KAFKA_USER, MIRROR_MAKER, Kind
from drctl.model.site import Canary, Strimzi
from tests.contract.link import delete, manifest
from tests.fakes.strimzi_stand_in import PARTS, StrimziStandIn
from tests.fakes.strimzi_users import SCOPES
from tests.kube.harness import StrimziPlane, StrimziSpace, namespace, prepare
from tests.kube.strimzi_manifests import kafka, kafka_user

CLOCK = SystemClock()
VERSION = "v1"
INTERVAL = 15.0
"""Seconds between two rounds in any case; Strimzi's is two minutes, unless it is told otherwise."""
LINK = "mirror"
LEFT_ALONE = WORKER.removeprefix("User:")
"""Connect's own user has no KafkaUser; it may write to no topic that moves."""


class StrimziLabSite:
    """One site: its namespace, its users, the KafkaMirrorMaker2 of the link that leads here, and both stand-ins.

    They act as the operators do: when a resource of theirs has changed, and in their interval.
    """

    def __init__(self, lab: KubeLab, plane: StrimziPlane, name: str, source: str) -> None:
        self.lab, self.name, self.source = lab, name, source
        # North's are beside its brokers, as Strimzi's are, so that its pods are seen; south's brokers are no pods.
        self.space = StrimziSpace(plane.plane, VERSION, "default" if name == SITE else namespace(plane.plane))
        self.worker = ConnectClient(lab.site(name).connect_url)
        self.kafka = lab.site(name).kafka("admin")
        self.strike = AclFence(self.kafka, Canary(lab.site(name).client_properties("canary"), CANARY_TOPIC))
        self.ended = Event()
        self.deleted: set[DenyRule] = set()
        self._put()
        operator = self.space.resources("strimzi-cluster-operator")
        users = self.space.resources("strimzi-user-operator")
        self.links = StrimziStandIn(operator, self.worker.send, self.space.write_status, VERSION)
        self.threads = [
            Thread(target=self._operate, args=(operator, MIRROR_MAKER, self.links.reconcile)),
            Thread(target=self._operate, args=(users, KAFKA_USER, lambda: self._reconcile_users(users))),
        ]
        for each in self.threads:
            each.start()

    def plan(self) -> dict[str, Any]:
        """What the plan file says of the site besides how its brokers are reached."""
        place = {
            "kubeconfig": str(self.space.plane.kubeconfig),
            "context": "lab",
            "namespace": self.space.namespace,
        }
        return {"kubernetes": place, "strimzi": {"cluster": self.name, "takeOwnership": True}}

    def mirror(self) -> dict[str, Any]:
        """The link's resource as it is now."""
        found: dict[str, Any] = dict(self.space.resources().get(MIRROR_MAKER.at(VERSION), LINK))
        return found

    def states(self) -> set[str]:
        """What the link's resource asks of its connectors."""
        (mirror,) = self.mirror()["spec"]["mirrors"]
        return {part["state"] for name, part in mirror.items() if name.endswith("Connector")}

    def denied_in_resources(self) -> set[DenyRule]:
        """What the site's KafkaUsers deny."""
        return self._denied(self.space.resources())

    def close(self) -> None:
        self.ended.set()
        for each in self.threads:
            each.join()
        self.space.close()
        self.worker.close()
        self.kafka.close()

    def _put(self) -> None:
        item = kafka(VERSION)
        item["metadata"]["name"] = self.name
        env = [{"name": IGNORED, "value": LEFT_ALONE}]
        item["spec"]["entityOperator"] = {"userOperator": {}, "template": {"userOperatorContainer": {"env": env}}}
        self.space.put(KAFKA.at(VERSION), item)
        for principal in sorted(self.strike.writers().principals - {WORKER}):
            name = principal.removeprefix("User:")
            user = kafka_user(name, "scram-sha-512")
            user["metadata"]["labels"]["strimzi.io/cluster"] = self.name
            self.space.put(KAFKA_USER.at(VERSION), user)
            # At south they log in by certificate; the lab's brokers make the same short name of that.
            self.space.write_status(KAFKA_USER.at(VERSION), name, {"username": name})
        # The lab closes its standby by rules at the brokers. Where the users do not say so, too, their operator
        # would open it.
        fence = StrimziFence(self.strike, self.space.resources(), Strimzi(self.name, "", "", "", take_ownership=True))
        fence.deny(self.strike.standing())
        self._put_link()

    def _put_link(self) -> None:
        """In place of the lab's own connectors, which nobody needs any more: nothing was copied yet."""
        definitions = json.loads((self.lab.folder / "links" / f"{self.source}-to-{self.name}.json").read_text())
        delete(self.worker, definitions)
        made: Any = manifest(VERSION, self.source, self.name, definitions)
        mirror = made["spec"]["mirrors"][0]
        for part in set(PARTS).intersection(mirror):
            mirror[part]["state"] = "running" if self.source == "north" else "stopped"
        target = {f"{each}StorageTopic": f"{LINK}-{each}" for each in ("config", "offset", "status")}
        target["groupId"] = LINK
        made["spec"] |= {"version": "4.3.1", "replicas": 1}
        made["spec"]["target"] |= {"bootstrapServers": self.lab.site(self.name).bootstrap_servers, **target}
        mirror["source"]["bootstrapServers"] = self.lab.site(self.source).bootstrap_servers
        self.space.put(MIRROR_MAKER.at(VERSION), made)

    def _operate(self, resources: KubeResources, kind: Kind, reconcile: Callable[[], None]) -> None:
        seen, due = dict[str, str](), 0.0
        while not self.ended.wait(0.2):
            with suppress(DrctlError):  # an answer that did not come: what has changed is still new then
                now = {
                    str(each["metadata"]["name"]): str(each["metadata"]["resourceVersion"])
                    for each in resources.list(kind.at(VERSION)).items
                }
                if now != seen or due <= CLOCK.monotonic():
                    reconcile()
                    seen, due = now, CLOCK.monotonic() + INTERVAL

    def _reconcile_users(self, resources: KubeResources) -> None:
        """Bring the deny rules to what the users say, and delete those of users without a KafkaUser."""
        # The rules first: drctl writes the users before it strikes, so what stands by now is in them, if it is to be.
        standing = self.strike.standing()
        wanted = self._denied(resources)
        kept = {each for each in standing if re.fullmatch(LEFT_ALONE, each.principal.removeprefix("User:"))}
        gone = {each for each in standing if each not in wanted} - kept
        self.deleted |= gone
        self.strike.lift(gone)
        self.strike.deny({each for each in wanted if each not in standing})

    @staticmethod
    def _denied(resources: KubeResources) -> set[DenyRule]:
        found: set[DenyRule] = set()
        for user in resources.list(KAFKA_USER.at(VERSION)).items:
            for rule in user["spec"]["authorization"]["acls"]:
                if rule["type"] == "deny" and rule["resource"]["name"] == "*":
                    found.add(DenyRule(f"User:{user['metadata']['name']}", SCOPES[rule["resource"]["type"]]))
        return found


@contextmanager
def strimzi_sites(lab: KubeLab, near: ControlPlane | None = None) -> Iterator[dict[str, StrimziLabSite]]:
    """Both sites by name. The lab's plan file describes them so from now on.

    South's resources are in ``near`` if one is given, which outlives north; else in the lab's own Kubernetes.
    """
    own = prepare(lab.cluster.plane, VERSION)
    planes = {"north": own, "south": prepare(near, VERSION) if near is not None else own}
    sites: dict[str, StrimziLabSite] = {}
    try:
        for name, source in (("north", "south"), ("south", "north")):
            sites[name] = StrimziLabSite(lab, planes[name], name, source)
        _describe(lab, sites)
        yield sites
    finally:
        for each in sites.values():
            each.close()


def _describe(lab: KubeLab, sites: dict[str, StrimziLabSite]) -> None:
    yaml = YAML(typ="safe")
    plan = yaml.load(lab.plan_file)
    for site in plan["spec"]["sites"]:
        site.update(sites[site["name"]].plan())
    for link in plan["spec"]["links"]:
        del link["connectors"]
        link["mirrorMaker2"] = LINK
    yaml.dump(plan, lab.plan_file)
