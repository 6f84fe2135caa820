"""A workload's connectors, such as sinks, at the Connect worker of its site."""

from collections.abc import Mapping

from drctl.drivers.connect.worker import Worker, path
from drctl.errors import NotFound
from drctl.model.link import Connector, ConnectorState
from drctl.ports import Clock
from drctl.ports.permit import Permit, always


class ConnectConnectors:
    """Implements :class:`drctl.ports.Connectors`. Needs a worker of Kafka 3.7 or newer (``initial_state``)."""

    def __init__(self, worker_url: str, clock: Clock, *, doubted: bool = False) -> None:
        self.worker = Worker(worker_url, clock, doubted=doubted)

    def close(self) -> None:
        """Close the connections."""
        self.worker.client.close()

    def names(self) -> tuple[str, ...]:
        # A worker that waits for its group has a list, too: an empty one. See refuse_unsettled.
        self.worker.refuse_unsettled("drctl-asks-for-all")
        found = self.worker.client.get("/connectors")
        with self.worker.client.understood("its connectors"):
            return tuple(sorted(str(name) for name in (*found,)))

    def definition(self, name: str) -> Mapping[str, str] | None:
        found = self.worker.certain(name)
        # The worker adds the name.
        return {key: value for key, value in found.config.items() if key != "name"} if _exists(found) else None

    def state(self, name: str) -> Connector:
        found = self.worker.certain(name)
        return Connector(name, found.state, found.tasks, trace=found.trace)

    def put(self, name: str, config: Mapping[str, str], permit: Permit = always) -> None:
        wanted = {**config, "name": name}
        found = self.worker.patiently(lambda: self.worker.certain(name))
        if not _exists(found):
            # Created STOPPED (KIP-980): a sink that runs for a moment before its positions are handed over
            # begins where its reset policy says, and delivers that to its database.
            self.worker.create_missing(name, wanted, permit)
        elif found.config != wanted:
            self.worker.settled("PUT", f"{path(name)}/config", wanted, permit)
        # Read back: a change goes through the config topic, and counts once the worker has read it there.
        self.worker.until(name, "has its configuration", lambda seen: seen.config == wanted)

    def stop(self, name: str, permit: Permit = always) -> None:
        try:
            self.worker.settled("PUT", f"{path(name)}/stop", permit=permit)
        # Absent for certain, and so stopped; a worker that has not joined its group would say the same of
        # one that runs.
        except NotFound:
            self.worker.patiently(lambda: self.worker.refuse_unsettled(name))
        # Connect answers once the wish stands in its config topic, and the tasks go on until they read it
        # there. Positions that are taken before none is left may be passed by a last delivery.
        self.worker.until(name, "has stopped", lambda seen: seen.halted)

    def resume(self, name: str, permit: Permit = always) -> None:
        self._ask(name, "resume", permit)

    def pause(self, name: str, permit: Permit = always) -> None:
        self._ask(name, "pause", permit)

    def _ask(self, name: str, what: str, permit: Permit) -> None:
        try:
            self.worker.settled("PUT", f"{path(name)}/{what}", permit=permit)
        except NotFound:
            self.worker.patiently(lambda: self.worker.refuse_unsettled(name))
            raise


def _exists(connector: Connector) -> bool:
    return connector.state is not ConnectorState.ABSENT
