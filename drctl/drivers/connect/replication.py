"""MirrorMaker 2 on one link, through the Connect worker at the link's target."""

from collections.abc import Callable, Mapping
from typing import Any

from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.connect.definitions import Definition, read
from drctl.errors import Conflict, DeadlinePassed, NotFound, Unreachable
from drctl.model.link import Connector, ConnectorState, LinkStatus, Task
from drctl.model.offsets import TopicPartition
from drctl.model.site import Link
from drctl.ports import Clock

PATIENCE = 30.0
"""Seconds that a worker may take to settle: it answers 409 or 500 while its group rebalances."""


class ConnectReplication:
    """Implements :class:`drctl.ports.Replication`. Offsets are Connect's own (KIP-875)."""

    def __init__(self, link: Link, worker_url: str, clock: Clock) -> None:
        self.link = link
        self.clock = clock
        self.definitions = read(link)
        self.client = ConnectClient(worker_url)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def status(self) -> LinkStatus:
        self._refuse_unsettled()
        source, checkpoint, heartbeat = (self._connector(each.name) for each in self.definitions.all)
        return LinkStatus(source, checkpoint, heartbeat)

    def frontier(self) -> Mapping[TopicPartition, int]:
        stored = self.client.get(f"/connectors/{self.definitions.source.name}/offsets")
        return {partition: offset + 1 for partition, offset in self._stored(stored).items()}

    def stop(self) -> None:
        for each in self.definitions.all:
            try:
                self._settled("PUT", f"/connectors/{each.name}/stop")
            except NotFound:
                self._patiently(self._refuse_unsettled)

    def resume(self) -> None:
        for each in self.definitions.all:
            self._create_missing(each)
            self._settled("PUT", f"/connectors/{each.name}/resume")

    def restart_from(self, ends: Mapping[TopicPartition, int]) -> None:
        for each in self.definitions.all:
            self._create_missing(each)
        source = self.definitions.source.name
        if not self._patiently(lambda: self._connector(source)).halted:
            raise Conflict(
                f"link {self.link.name}: {source} is not stopped", remedy="stop it before its offsets change"
            )
        if not ends:
            return
        wanted = {tp: end - 1 if end else None for tp, end in ends.items()}
        entries = [
            {"partition": self._key(tp), "offset": None if offset is None else {"offset": offset}}
            for tp, offset in wanted.items()
        ]
        self._settled("PATCH", f"/connectors/{source}/offsets", {"offsets": entries})
        stored = self._stored(self._settled("GET", f"/connectors/{source}/offsets"))
        wrong = [tp for tp, offset in wanted.items() if stored.get(tp) != offset]
        if wrong:
            where = ", ".join(map(str, wrong[:5]))
            raise Conflict(f"link {self.link.name}: offsets read back differ from those set, at {where}")

    def _key(self, partition: TopicPartition) -> dict[str, Any]:
        return {"cluster": self.link.source, "topic": partition.topic, "partition": partition.partition}

    def _stored(self, answer: dict[str, Any]) -> dict[TopicPartition, int]:
        return {
            TopicPartition(each["partition"]["topic"], int(each["partition"]["partition"])): int(
                each["offset"]["offset"]
            )
            for each in answer["offsets"]
            if each["partition"].get("cluster") == self.link.source and each["offset"]
        }

    def _refuse_unsettled(self) -> None:
        """After a crash a worker answers 200 with no connectors while it still waits for the group to form.

        ``GET /connectors`` forwards nothing and proves nothing. An offsets request goes through the leader's herder
        thread, which answers only once the worker has joined its group and read its config topic.
        """
        try:
            self.client.get(f"/connectors/{self.definitions.source.name}/offsets")
        except NotFound:
            return

    def _connector(self, name: str) -> Connector:
        try:
            status = self.client.get(f"/connectors/{name}/status")
            config = self.client.get(f"/connectors/{name}/config")
        except NotFound:
            return self._without_status(name)
        tasks = tuple(
            Task(int(task["id"]), _state(task["state"]), _first_line(task.get("trace"))) for task in status["tasks"]
        )
        state = status["connector"]
        return Connector(name, _state(state["state"]), tasks, dict(config), _first_line(state.get("trace")))

    def _without_status(self, name: str) -> Connector:
        """Absent, or just created: then it has a configuration and no status yet."""
        try:
            config = self.client.get(f"/connectors/{name}/config")
        except NotFound:
            return Connector(name, ConnectorState.ABSENT)
        return Connector(name, ConnectorState.UNASSIGNED, config=dict(config))

    def _create_missing(self, definition: Definition) -> None:
        """Create it STOPPED unless it exists, and wait until it has a state."""
        body = {"name": definition.name, "config": definition.config, "initial_state": "STOPPED"}
        try:
            self._settled("GET", f"/connectors/{definition.name}/config")
        except NotFound:
            self._settled("POST", "/connectors", body)
        deadline = self.clock.monotonic() + PATIENCE
        while self._patiently(lambda: self._connector(definition.name)).state is ConnectorState.UNASSIGNED:
            if self.clock.monotonic() > deadline:
                raise DeadlinePassed(f"link {self.link.name}: {definition.name} was created and has no state yet")
            self.clock.sleep(0.1)

    def _settled(self, method: str, path: str, body: object = None) -> Any:
        return self._patiently(lambda: self.client.send(method, path, body))

    def _patiently[T](self, act: Callable[[], T]) -> T:
        """Do it, again while the worker rebalances, for at most half a minute."""
        deadline = self.clock.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except Unreachable:
                if self.clock.monotonic() > deadline:
                    raise
            except Conflict as refused:
                # 400 also while a stop has not reached the tasks; the same request succeeds a moment later.
                if "STOPPED" not in str(refused) or self.clock.monotonic() > deadline:
                    raise
            self.clock.sleep(0.3)


def _state(word: str) -> ConnectorState:
    try:
        return ConnectorState(word)
    except ValueError:
        return ConnectorState.UNASSIGNED


def _first_line(trace: str | None) -> str:
    return trace.splitlines()[0][:300] if trace else ""
