"""How many tasks a link may copy with, through the Connect worker at its target."""

from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.connect.worker import path
from drctl.errors import Conflict, NotFound, Unsupported
from drctl.model.link import Connector, ConnectorState
from drctl.model.link_tasks import TASKS_MAX, TaskLimit, limit_of
from drctl.ports.permit import Permit, always


class ConnectLinkTasks:
    """Implements :class:`drctl.ports.LinkTasks`. A worker of Kafka 3.8 or newer changes one key (KIP-477).

    An older one is given the whole configuration as it was just read, with that key changed.
    """

    def __init__(self, replication: ConnectReplication) -> None:
        self.worker, self.name = replication.worker, replication.definitions.source.name

    def state(self) -> TaskLimit:
        return limit_of(self._source())

    def rehearse(self, most: int) -> None:  # noqa: ARG002 - nobody else's word stands against a number at a worker
        self._require_running(self._source())

    def set_most(self, most: int, permit: Permit = always) -> None:
        before = self.worker.patiently(self._source)
        self._require_running(before)
        if before.config.get(TASKS_MAX) == str(most):
            return
        where = f"{path(self.name)}/config"
        try:
            self.worker.settled("PATCH", where, {TASKS_MAX: str(most)}, permit)
        except Unsupported:
            self.worker.settled("PUT", where, {**before.config, TASKS_MAX: str(most)}, permit)
        # Read back: a change goes through the config topic, and counts once the worker has read it there.
        self.worker.until(self.name, f"has {TASKS_MAX}={most}", lambda seen: seen.config.get(TASKS_MAX) == str(most))
        after = self.worker.patiently(self._source)
        if changed := sorted(_but_tasks(before) ^ _but_tasks(after)):
            keys = ", ".join(dict.fromkeys(key for key, _ in changed))
            raise Conflict(
                f"{self.name}: more than {TASKS_MAX} has changed meanwhile: {keys}",
                remedy="see who else changes this connector",
            )

    def _source(self) -> Connector:
        found = self.worker.certain(self.name)
        if found.state is ConnectorState.ABSENT:
            raise NotFound(f"Connect worker {self.worker.client.url}: there is no connector {self.name}")
        return found

    def _require_running(self, source: Connector) -> None:
        if not limit_of(source).runs:
            raise Conflict(
                f"{self.name} is {source.state}: its {TASKS_MAX} is left as it is",
                remedy="it is set once the link runs",
            )


def _but_tasks(connector: Connector) -> set[tuple[str, str]]:
    return {(key, value) for key, value in connector.config.items() if key != TASKS_MAX}
