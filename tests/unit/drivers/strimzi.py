"""A site that Strimzi runs, in memory: its API, the operator's stand-in, and Connect behind it."""

from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drctl.drivers.strimzi.operator import WOKEN
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.model.links import Link
from drctl.model.resources import MIRROR_MAKER, STRIMZI, STRIMZI_CORE, Object
from tests.fakes import FakeApi, FakeClock, FakeResources
from tests.fakes.strimzi_schedule import OperatorSchedule
from tests.fakes.strimzi_stand_in import FakeConnectRest, StrimziStandIn

LINK = Link("north-to-south", "north", "south", Path(), "User:mm2", mirror_maker="home")
SOURCE = "north->south.MirrorSourceConnector"
OFFSETS = {
    "listOffsets": {"toConfigMap": {"name": "home-offsets"}},
    "alterOffsets": {"fromConfigMap": {"name": "home-altered"}},
}


def resource(version: str, state: str = "running") -> Object:
    """A KafkaMirrorMaker2 with a mirror of somebody else before ours, and fields that drctl knows nothing of."""
    part = {"config": {"exactly.once.support": "required", "refresh.topics.interval.seconds": 10}, "state": state}
    ours: dict[str, Any] = {"sourceConnector": {**part, **OFFSETS}, "checkpointConnector": part, "topicsPattern": ".*"}
    if version == "v1":
        aliases = {"source": {"alias": "north", "bootstrapServers": "n:9092", "unheard": [1]}}
        other = {"source": {"alias": "west"}, "sourceConnector": {"tasksMax": 2}}
        spec = {"target": {"alias": "south", "groupId": "g"}, "mirrors": [other, {**aliases, **ours}], "new": {"x": 1}}
    else:
        both = {"sourceCluster": "north", "targetCluster": "south", "heartbeatConnector": part}
        other = {"sourceCluster": "west", "targetCluster": "south", "sourceConnector": {"tasksMax": 2}}
        spec = {"connectCluster": "south", "clusters": [], "mirrors": [other, {**both, **ours}], "new": {"x": 1}}
    return {"metadata": {"name": "home"}, "spec": deepcopy(spec)}


class StrimziSite:
    """``version`` is what the site serves. ``owner`` applied the resource, so drctl has to ``take`` what it sets."""

    def __init__(
        self, version: str = "v1", *, state: str = "running", owner: str = "kubectl", take: bool = True
    ) -> None:
        self.api, self.clock = FakeApi({STRIMZI: (version,), STRIMZI_CORE: (version,)}), FakeClock()
        self.kind = MIRROR_MAKER.at(version)
        self.api.put(self.kind, resource(version, state), manager=owner)
        self.connect = FakeConnectRest(self.clock)
        operator = FakeResources(self.api, self.clock, manager="strimzi-cluster-operator")
        self.operator = StrimziStandIn(operator, self.connect, self.api.write_status, version)
        self.clock.actors.append(self.operator.reconcile)
        self.operator.reconcile()
        self.resources = FakeResources(self.api, self.clock)
        self.replication = StrimziReplication(LINK, self.resources, self.clock, take=take)

    def as_another_process(self) -> StrimziReplication:
        """Return the link as another process drives it."""
        return StrimziReplication(LINK, FakeResources(self.api, self.clock), self.clock, take=True)

    def stored(self) -> dict[str, Any]:
        return self.api.objects["kafkamirrormaker2s", "kafka", "home"]

    def questions(self) -> dict[str, str]:
        """The annotations by which the operator is asked for something."""
        return {key: each for key, each in self.stored()["metadata"]["annotations"].items() if key != WOKEN}

    def naps(self, takes: float) -> OperatorSchedule:
        """The operator acts only when it is woken, and Connect ``takes`` its time from now on."""
        self.clock.actors.remove(self.operator.reconcile)
        self.connect.takes = takes
        schedule = OperatorSchedule(self.api, self.clock, self.operator.reconcile, [self.kind.plural])
        self.clock.sleep(1)
        return schedule

    def annotate(self, **annotations: str | None) -> None:
        named = {f"strimzi.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
        self.resources.patch(self.kind, "home", {"metadata": {"annotations": named}})

    def set_offset(self, topic: str, partition: int, offset: int) -> None:
        key = f'{{"cluster": "north", "partition": {partition}, "topic": "{topic}"}}'
        self.connect.connectors[quote(SOURCE, safe="")]["offsets"][key] = offset
