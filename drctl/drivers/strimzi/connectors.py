"""KafkaConnectors: one connector each, looked at, brought to a state, and created stopped."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drctl.config.values import RESOURCE
from drctl.drivers.strimzi.connect_status import as_texts, connector_of, settled, told_state, understood, wanted_state
from drctl.drivers.strimzi.kinds import served
from drctl.drivers.strimzi.operator import refuse_if_behind, refuse_if_paused
from drctl.drivers.strimzi.stopping import has_turned, next_state
from drctl.errors import ConfigInvalid, Conflict, NotFound, Unsupported
from drctl.model.link import Connector, ConnectorState, WantedConnector
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_CONNECTOR, Kind, Object
from drctl.ports import Resources
from drctl.ports.permit import Permit

USED = "strimzi.io/use-connector-resources"
CLUSTER = "strimzi.io/cluster"
CREATES_STOPPED = (1, 2)
"""The version of Strimzi since which a connector is created in the state that its resource says. One before creates it
running and stops it then: a link home would copy from its beginning meanwhile."""


@dataclass(frozen=True, slots=True)
class ConnectorResource:
    """A KafkaConnector as it was looked at."""

    item: Object = field(repr=False)

    @property
    def name(self) -> str:
        """The resource's name, which is the connector's, too."""
        return str(self.item["metadata"]["name"])

    @property
    def label(self) -> str:
        """As kubectl names it."""
        return f"{KAFKA_CONNECTOR.name}/{self.name}"

    @property
    def spec(self) -> Mapping[str, Any]:
        """Return what is wanted."""
        found: Mapping[str, Any] = self.item.get("spec") or {}
        return found

    def trust(self) -> None:
        """Conflict while it is paused, Unreachable until the operator has acted on the newest generation."""
        refuse_if_paused(self.label, self.item)
        refuse_if_behind(self.label, self.item)

    def connector(self) -> Connector:
        """How it stands, by the raw Connect status; UNASSIGNED where the operator has written none yet."""
        own = {"connector.class": self.spec.get("class"), "tasks.max": self.spec.get("tasksMax")}
        known = {key: value for key, value in own.items() if value is not None}
        config = as_texts(known | dict(self.spec.get("config") or {}))
        told = (self.item.get("status") or {}).get("connectorStatus")
        if not told:
            return Connector(self.name, ConnectorState.UNASSIGNED, config=config)
        by_operator = (self.spec.get("autoRestart") or {}).get("enabled") is True
        return settled(connector_of(self.name, config, told, restarts_itself=by_operator), self.spec)

    @property
    def told(self) -> ConnectorState | None:
        """Connect's word for the newest generation, None where there is none."""
        return told_state(self.item, self.name, (self.item.get("status") or {}).get("connectorStatus"))

    @property
    def state_to_stop(self) -> str:
        """Return the state to ask for now so that it stops: ``stopped``, or ``paused`` before it."""
        with understood(self.label):
            return next_state(self.spec, self.told, turned=has_turned(self.item))

    @property
    def stops_unseen(self) -> bool:
        """Whether it was asked to stop and Connect's word for that is not there yet."""
        with understood(self.label):
            return wanted_state(self.spec) == "stopped" and self.told is not ConnectorState.STOPPED

    def config_map(self, way: str, end: str) -> str:
        """The config map that offsets are listed to or altered from. ConfigInvalid where none is named."""
        name = ((self.spec.get(way) or {}).get(end) or {}).get("name")
        if not name:
            remedy = f"add {way}: {{{end}: {{name: …}}}} to its spec"
            raise ConfigInvalid(f"{self.label} names no config map for offsets", remedy=remedy)
        return str(name)


class ConnectorResources:
    """The KafkaConnectors of one KafkaConnect. ``cluster`` is the Kafka whose status tells the operator's version.

    ``resources`` set states as ``drctl``; ``definer`` has a field manager of its own for what it creates, so that a
    state can be set later without naming all the rest again.
    """

    def __init__(
        self, resources: Resources, definer: Resources, connect: str, cluster: str, *, take: bool = False
    ) -> None:
        self.resources, self.definer, self.connect, self.cluster = resources, definer, connect, cluster
        self.take = take

    @property
    def kind(self) -> Kind:
        """In the version that is served now."""
        return served(self.resources, KAFKA_CONNECTOR)

    def require_used(self) -> None:
        """Conflict unless the operator acts on KafkaConnectors of that KafkaConnect, and deletes other connectors."""
        item = self.resources.get(served(self.resources, KAFKA_CONNECT), self.connect)
        if (item["metadata"].get("annotations") or {}).get(USED) != "true":
            raise Conflict(
                f"KafkaConnect/{self.connect}: its operator does not act on KafkaConnectors",
                remedy=f"annotate it with {USED}: 'true'",
            )

    def require_kept(self) -> None:
        """Conflict while the KafkaConnect is paused: its operator deletes no connector without a resource then."""
        refuse_if_paused(
            f"KafkaConnect/{self.connect}", self.resources.get(served(self.resources, KAFKA_CONNECT), self.connect)
        )

    def get(self, name: str) -> ConnectorResource:
        """One of them. NotFound; Conflict where it belongs to another KafkaConnect."""
        found = ConnectorResource(self.resources.get(self.kind, name))
        at = (found.item["metadata"].get("labels") or {}).get(CLUSTER)
        if at != self.connect:
            raise Conflict(
                f"{found.label}: its label {CLUSTER} is {at or 'missing'}, not {self.connect}",
                remedy="correct the label, or kafkaConnect in the plan file",
            )
        return found

    def find(self, name: str) -> ConnectorResource | None:
        """The same; None where there is none, or one whose creation was cut off."""
        try:
            found = self.get(name)
        except NotFound:
            return None
        return found if found.spec.get("class") else None

    def bring(self, found: ConnectorResource, state: str, permit: Permit) -> bool:
        """Set the state that is wanted, onto what was looked at; returns whether that changed something.

        Idempotent; Conflict names who owns the field, unless it may be taken.
        """
        # Counts before the older pause, where somebody has set that, too.
        if found.spec.get("state") == state:
            return False
        version = found.item["metadata"]["resourceVersion"]
        permit()
        body: Object = {"metadata": {"resourceVersion": version}, "spec": {"state": state}}
        self.resources.apply(self.kind, found.name, body, take=self.take)
        return True

    def create_stopped(self, wanted: WantedConnector, permit: Permit) -> None:
        """Create it stopped. ConfigInvalid for a name that no resource can have; Unsupported before Strimzi 1.2."""
        if not re.fullmatch(RESOURCE, wanted.name):
            raise ConfigInvalid(
                f"{wanted.name} is no name of a KafkaConnector", remedy="name it in lower case in the connectors' file"
            )
        self._require_version(wanted.name)
        config = {key: value for key, value in wanted.config.items() if key not in ("connector.class", "tasks.max")}
        offsets = {"name": f"{wanted.name}-offsets"}
        spec: dict[str, Any] = {
            "class": wanted.config["connector.class"],
            "config": config,
            "listOffsets": {"toConfigMap": offsets},
            "alterOffsets": {"fromConfigMap": offsets},
        }
        if "tasks.max" in wanted.config:
            spec["tasksMax"] = int(wanted.config["tasks.max"])
        labels = {"labels": {CLUSTER: self.connect}}
        # The state first: cut off in between, there is a resource that the operator can make no connector of,
        # and never one that runs.
        permit()
        self.resources.apply(self.kind, wanted.name, {"metadata": labels, "spec": {"state": "stopped"}}, take=self.take)
        permit()
        self.definer.apply(self.kind, wanted.name, {"metadata": labels, "spec": spec})

    def _require_version(self, name: str) -> None:
        status = self.resources.get(served(self.resources, KAFKA), self.cluster).get("status") or {}
        told = str(status.get("operatorLastSuccessfulVersion") or "")
        if tuple(int(part) for part in re.findall(r"\d+", told)[:2]) < CREATES_STOPPED:
            version = told or "of an unknown version"
            raise Unsupported(
                f"KafkaConnector/{name} does not exist, and Strimzi {version} would run it first",
                remedy="create it by hand with state: stopped, or upgrade: Strimzi 1.2 creates it so",
            )
