"""How many tasks a link may copy with, through the resource that Strimzi makes its source connector of."""

import re
from collections.abc import Callable

from drctl.drivers.strimzi.connect_status import understood
from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.kinds import served
from drctl.drivers.strimzi.operator import PATIENCE, refuse_if_paused
from drctl.drivers.strimzi.replication import SOURCE, StrimziReplication
from drctl.errors import Conflict, DeadlinePassed, NotFound, Unreachable
from drctl.model.link import ConnectorState
from drctl.model.link_tasks import TASKS_MAX, TaskLimit, limit_of
from drctl.model.resources import MIRROR_MAKER, Object
from drctl.ports import Clock, Resources
from drctl.ports.newest import onto_newest
from drctl.ports.permit import Permit, always

DEFINER = "drctl-definitions"
"""The field manager under which drctl creates KafkaConnectors: what it owns is no other's."""


class MirrorLinkTasks:
    """Implements :class:`drctl.ports.LinkTasks` for a KafkaMirrorMaker2: ``sourceConnector.tasksMax`` of its mirror.

    By server-side apply as ``drctl``, which also sets the connectors' state there: to Kubernetes all mirrors are one
    field, so they go back whole, and only onto what they were read from.
    """

    def __init__(self, replication: StrimziReplication, clock: Clock) -> None:
        self.replication, self.clock = replication, clock

    def state(self) -> TaskLimit:
        return limit_of(self.replication.status().source)

    def rehearse(self, most: int) -> None:
        _require_running(self.replication.label, self.state())
        onto_newest(lambda: self._apply(most, always, rehearse=True))

    def set_most(self, most: int, permit: Permit = always) -> None:
        _require_running(self.replication.label, self.state())
        onto_newest(lambda: self._apply(most, permit, rehearse=False))
        _await(self.clock, self.replication.label, most, self.state)

    def _apply(self, most: int, permit: Permit, *, rehearse: bool) -> None:
        mirror, resources = self.replication.look(), self.replication.resources
        refuse_if_paused(mirror.label, mirror.item)
        with understood(mirror.label):
            mirrors = mirror.with_tasks(SOURCE, most)
        if mirrors is not None:
            permit()
            version = mirror.item["metadata"]["resourceVersion"]
            body: Object = {"metadata": {"resourceVersion": version}, "spec": {"mirrors": mirrors}}
            name, kind = self.replication.link.mirror_maker, served(resources, MIRROR_MAKER)
            resources.apply(kind, name, body, take=self.replication.take, rehearse=rehearse)


class ConnectorLinkTasks:
    """Implements :class:`drctl.ports.LinkTasks` for a KafkaConnector: its ``tasksMax``.

    ``setter`` has a field manager of its own: server-side apply takes away what its manager does not name any more, and
    ``drctl`` names the state. What drctl itself defined when it created the connector may be taken in any case.
    """

    def __init__(self, replication: KafkaConnectorReplication, setter: Resources, clock: Clock) -> None:
        self.replication, self.setter, self.clock = replication, setter, clock
        self.connectors, self.name = replication.connectors, replication.definitions.source.name

    def state(self) -> TaskLimit:
        source = self.replication.status().source
        if source.state is ConnectorState.ABSENT:
            raise NotFound(f"KafkaConnector/{self.name} does not exist", remedy="create it, or let a run create it")
        return limit_of(source)

    def rehearse(self, most: int) -> None:
        _require_running(f"KafkaConnector/{self.name}", self.state())
        onto_newest(lambda: self._apply(most, always, rehearse=True))

    def set_most(self, most: int, permit: Permit = always) -> None:
        _require_running(f"KafkaConnector/{self.name}", self.state())
        onto_newest(lambda: self._apply(most, permit, rehearse=False))
        _await(self.clock, f"KafkaConnector/{self.name}", most, self.state)

    def _apply(self, most: int, permit: Permit, *, rehearse: bool) -> None:
        found = self.connectors.get(self.name)
        refuse_if_paused(found.label, found.item)
        if found.spec.get("tasksMax") == most:
            return
        version = found.item["metadata"]["resourceVersion"]
        body: Object = {"metadata": {"resourceVersion": version}, "spec": {"tasksMax": most}}
        permit()
        try:
            self.setter.apply(self.connectors.kind, self.name, body, take=self.connectors.take, rehearse=rehearse)
        except Conflict as conflict:
            if set(re.findall(r'conflicts? with "([^"]+)"', str(conflict))) != {DEFINER}:
                raise
            permit()
            self.setter.apply(self.connectors.kind, self.name, body, take=True, rehearse=rehearse)


def _require_running(label: str, seen: TaskLimit) -> None:
    if not seen.runs:
        said = f"{label}: its source connector does not run: its {TASKS_MAX} is left as it is"
        raise Conflict(said, remedy="it is set once the link runs")


def _await(clock: Clock, label: str, most: int, look: Callable[[], TaskLimit]) -> None:
    """Wait until the operator has acted on the change. DeadlinePassed naming what it says meanwhile."""
    deadline, said = clock.monotonic() + PATIENCE, ""
    while True:
        try:
            if look().most == most:
                return
        except Unreachable as unknown:
            said = f": {unknown}"
        if clock.monotonic() > deadline:
            raise DeadlinePassed(
                f"{label}: timed out waiting until its operator has set {TASKS_MAX} to {most}{said}",
                remedy="check that Strimzi's cluster operator runs and Connect answers it",
            )
        clock.sleep(0.2)
