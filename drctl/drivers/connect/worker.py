"""The connectors of one Connect worker: seen, created, and waited for while the worker settles."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from drctl.drivers.connect.client import ConnectClient, NotSettled
from drctl.errors import Conflict, DeadlinePassed, NotFound, Unreachable
from drctl.model.link import Connector, ConnectorState, Task
from drctl.model.wording import counted
from drctl.ports import Clock
from drctl.ports.permit import Permit, always
from drctl.redaction import redact_trace

PATIENCE = 30.0
"""Seconds that a worker may take to settle: it answers 409 or 500 while its group rebalances."""
SETTLES = 4.0
"""Seconds for which a worker is asked again what it cannot answer while its group rebalances: one that joins, or whose
connectors have just changed, is done within two. No look takes longer by a worker that never settles."""

SHOWS = 5.0
"""Seconds in which a restart must show: the request is written to the worker's config topic and read there."""


class Worker:
    """Share what is the same for every connector, whatever it is for."""

    def __init__(self, url: str, clock: Clock, *, doubted: bool = False) -> None:
        self.client = ConnectClient(url, doubted=doubted)
        self.clock = clock
        # A site that is doubted is probably lost, and clients wait for the failover away from it: what its
        # worker cannot answer at once is unknown.
        self._settles = 0.0 if doubted else SETTLES

    def connector(self, name: str) -> Connector:
        """Return the connector as it is now; ABSENT is certain only after :meth:`refuse_unsettled`.

        The configuration is asked for first: the worker's herder thread answers it (DistributedHerder.connectorInfo),
        and only while it is a member of its group and no rebalance is due. So the state, which any thread reads from
        the status topic's copy, is that of a worker which has settled.
        """
        try:
            config = self.asked(f"{path(name)}/config")
        except NotFound:
            return Connector(name, ConnectorState.ABSENT)
        with self.client.understood(name):
            self.client.known[name] = held = dict(config)
        try:
            status = self.asked(f"{path(name)}/status")
        except NotFound:  # just created: it has a configuration and no status yet
            return Connector(name, ConnectorState.UNASSIGNED, config=held)
        with self.client.understood(name):
            tasks = tuple(
                Task(int(task["id"]), _state(task["state"]), redact_trace(task.get("trace"), held))
                for task in status["tasks"]
            )
            state = status["connector"]
            return Connector(name, _state(state["state"]), tasks, held, redact_trace(state.get("trace"), held))

    def certain(self, name: str) -> Connector:
        """Return the connector as it is now; ABSENT is certain, too.

        Only one that seems to be absent costs :meth:`refuse_unsettled`, for which a worker reads its offsets topic from
        beginning to end: half a second, which a failover would wait for before each of its steps.
        """
        found = self.connector(name)
        # Only absence can be an illusion; a connector that is told exists.
        if found.state is not ConnectorState.ABSENT:
            return found
        self.refuse_unsettled(name)
        return self.connector(name)

    def refuse_unsettled(self, name: str) -> None:
        """After a crash a worker answers 200 with no connectors while it still waits for the group to form.

        ``GET /connectors`` forwards nothing and proves nothing. An offsets request goes through the leader's herder
        thread, which answers only once the worker has joined its group and read its config topic.
        """
        try:
            self.asked(f"{path(name)}/offsets")
        except NotFound:
            return

    def asked(self, where: str) -> Any:
        """GET it, and again while the worker's group rebalances, within bounds."""
        deadline = self.clock.monotonic() + self._settles
        while True:
            try:
                return self.client.get(where)
            except NotSettled:
                if self.clock.monotonic() >= deadline:
                    raise
            self.clock.sleep(0.1)

    def create_missing(self, name: str, config: Mapping[str, str], permit: Permit = always) -> None:
        """Create it STOPPED unless it exists, and wait until it has a state."""
        body = {"name": name, "config": dict(config), "initial_state": "STOPPED"}

        def create() -> None:
            # Looked for in every attempt: one that seemed to fail may have created it.
            try:
                self.client.get(f"{path(name)}/config")
            except NotFound:
                permit()
                self.client.post("/connectors", body)

        self.patiently(create)
        self.until(name, "has a state", lambda seen: seen.state not in (ConnectorState.UNASSIGNED, _ABSENT))

    def restart_failed(self, name: str, permit: Permit = always) -> dict[str, str]:
        """Restart the connector and those of its tasks that have failed, if it is meant to run; returns which, and why.

        What has failed again by the time that is looked at is told by its state, as before.
        """
        failed = self.patiently(lambda: self.certain(name)).failed
        if not failed:
            return {}
        # KIP-745. Connect brings each to the state that its connector is meant to be in: one that somebody stops just
        # now stays stopped.
        self.settled("POST", f"{path(name)}/restart?includeTasks=true&onlyFailed=true", permit=permit)
        deadline = self.clock.monotonic() + SHOWS
        while self.patiently(lambda: self.connector(name)).failed and self.clock.monotonic() < deadline:
            self.clock.sleep(0.1)
        return failed

    def until(self, name: str, what: str, reached: Callable[[Connector], bool]) -> None:
        """Wait until the connector is so. DeadlinePassed naming it otherwise."""
        deadline = self.clock.monotonic() + PATIENCE
        while not reached(seen := self.patiently(lambda: self.connector(name))):
            if self.clock.monotonic() > deadline:
                raise DeadlinePassed(
                    f"Connect worker {self.client.url}: timed out waiting until {name} {what}; it is {seen.state},"
                    f" with {counted(len(seen.tasks), 'task')}",
                    remedy="look at the worker's log",
                )
            self.clock.sleep(0.1)

    def settled(self, method: str, where: str, body: object = None, permit: Permit = always) -> Any:
        """A request, made again while the worker settles, and only as long as one may."""

        def send() -> Any:
            permit()
            return self.client.send(method, where, body)

        return self.patiently(send)

    def patiently[T](self, act: Callable[[], T]) -> T:
        """Do it, again while the worker rebalances, for at most half a minute."""
        deadline = self.clock.monotonic() + PATIENCE
        while True:
            try:
                return act()
            # Of a change, too: whatever is asked through here may be done twice.
            except Unreachable:
                if self.clock.monotonic() > deadline:
                    raise
            except Conflict as refused:
                # 400 also while a stop has not reached the tasks; the same request succeeds a moment later.
                if "STOPPED" not in str(refused) or self.clock.monotonic() > deadline:
                    raise
            self.clock.sleep(0.3)


_ABSENT = ConnectorState.ABSENT


def path(name: str) -> str:
    """Where a connector is found. A name with a slash in it cannot be asked for: Jetty declines such a path."""
    return f"/connectors/{quote(name, safe='')}"


def _state(word: str) -> ConnectorState:
    try:
        return ConnectorState(word)
    except ValueError:
        return ConnectorState.UNASSIGNED
