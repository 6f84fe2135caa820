"""MirrorMaker 2 on one link, through three KafkaConnectors at its target. Connect itself is never spoken to."""

from collections.abc import Callable, Iterable, Mapping

from drctl.drivers.strimzi.connect_status import understood
from drctl.drivers.strimzi.connectors import ConnectorResource, ConnectorResources
from drctl.drivers.strimzi.operator import OFFSETS, PATIENCE, Operator, complaint, refuse_if_paused
from drctl.drivers.strimzi.stopping import TURNED, has_turned, until_asked
from drctl.drivers.strimzi.waking import Waker, reached
from drctl.errors import Conflict, DeadlinePassed, Unreachable
from drctl.model.link import Connector, ConnectorState, LinkDefinitions, LinkStatus
from drctl.model.links import Link
from drctl.model.offsets import TopicPartition
from drctl.ports import Clock
from drctl.ports.newest import onto_newest
from drctl.ports.permit import Permit, always

RESTART, RESTART_TASK = "strimzi.io/restart", "strimzi.io/restart-task"
KEY = "offsets.json"
"""Of the config maps for a KafkaConnector's offsets."""


class KafkaConnectorReplication:
    """Implements :class:`drctl.ports.Replication`.

    The connectors are called as the link's definitions call them. Their state is what is changed, by server-side apply;
    what does not exist is created stopped, as defined. Offsets are listed and altered by annotation and config map;
    what has failed is restarted by annotation. Every answer is the operator's for the newest generation, or none.
    """

    def __init__(self, link: Link, definitions: LinkDefinitions, connectors: ConnectorResources, clock: Clock) -> None:
        self.link, self.definitions, self.connectors, self.clock = link, definitions, connectors, clock
        self.operator = Operator(connectors.resources, clock)
        self.waker, self._wanted = Waker(self.operator, clock), dict[str, str]()

    def status(self) -> LinkStatus:
        self.connectors.require_used()
        found = [self._state(each.name) for each in self.definitions.all]
        return LinkStatus(*found, woken=self.waker.times)

    def frontier(self) -> Mapping[TopicPartition, int]:
        return {partition: offset + 1 for partition, offset in self._listed().items() if offset is not None}

    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:
        wanted = self.definitions.all[:1] if copying_only else self.definitions.all
        self._stop((each.name for each in wanted), permit)

    def stop_checkpoints(self, permit: Permit = always) -> None:
        self._stop((each.name for each in self.definitions.all[1:]), permit)

    def resume(self, permit: Permit = always) -> None:
        self._create_missing(permit)
        for each in self.definitions.all:
            found = self.connectors.get(each.name)
            refuse_if_paused(found.label, found.item)
            if found.stops_unseen and not has_turned(found.item):
                self._note(each.name, TURNED, "true", permit)
            self._bring(each.name, lambda _: "running", permit)

    def restart_failed(self, permit: Permit = always) -> Mapping[str, str]:
        self.connectors.require_used()
        restarted: dict[str, str] = {}
        for each in self.definitions.all:
            found = self._state(each.name)
            if not found.failed:
                continue
            if found.state is ConnectorState.FAILED:
                self._ask(each.name, {RESTART: "true"}, f"{each.name} is restarted", permit)
            # One annotation names one task, and the operator takes it off once Connect has taken the request.
            for task in (task for task in found.tasks if task.state is ConnectorState.FAILED):
                self._ask(
                    each.name, {RESTART_TASK: str(task.id)}, f"task {task.id} of {each.name} is restarted", permit
                )
            # It looks right after it has asked Connect for a restart: what it writes down may be from before.
            self._asked_for(each.name, "running", permit, changed=True)
            restarted |= found.failed
        return restarted

    def restart_from(self, ends: Mapping[TopicPartition, int], permit: Permit = always) -> None:
        self._create_missing(permit)
        name = self.definitions.source.name
        source = self._once_known(name)
        if not source.connector().halted:
            raise Conflict(f"{source.label} is not stopped", remedy="stop it first")
        if not ends:
            return
        wanted = {partition: end - 1 if end else None for partition, end in ends.items()}
        with understood(source.label):
            config_map = source.config_map("alterOffsets", "fromConfigMap")
        self.operator.write_offsets(config_map, KEY, self.link.source, wanted, permit)
        self._ask(name, {OFFSETS: "alter"}, "offsets are altered", permit)
        stored = self._listed()
        wrong = [each for each, offset in wanted.items() if stored.get(each) != offset]
        if wrong:
            where = ", ".join(map(str, wrong[:5]))
            raise Conflict(f"link {self.link.name}: offsets read back differ from those set, at {where}")

    def _state(self, name: str) -> Connector:
        # An operator that acts on KafkaConnectors deletes a connector without one, so what has none is absent.
        found = self.connectors.find(name)
        if found is None:
            self.connectors.require_kept()
            return Connector(name, ConnectorState.ABSENT)
        try:
            seen = self._told(found)
        except Unreachable:
            self.waker.see(self.connectors.kind, name, reached=False)
            raise
        copies = name == self.definitions.source.name
        as_asked = name not in self._wanted or reached(seen, self._wanted[name], needs_task=copies)
        self.waker.see(self.connectors.kind, name, reached=as_asked)
        return seen

    @staticmethod
    def _told(found: ConnectorResource) -> Connector:
        found.trust()
        with understood(found.label):
            seen = found.connector()
        if seen.state is ConnectorState.UNASSIGNED and not seen.tasks:
            raise Unreachable(
                f"{found.label}: its operator does not know its state{complaint(found.item)}",
                remedy="look at the conditions of the resource",
            )
        return seen

    def _once_known(self, name: str) -> ConnectorResource:
        """The resource once the operator has told how it stands. DeadlinePassed, with its complaint."""
        deadline = self.clock.monotonic() + PATIENCE
        while True:
            try:
                self._state(name)
                return self.connectors.get(name)
            except Unreachable as unknown:
                if self.clock.monotonic() > deadline:
                    said = f"KafkaConnector/{name}: timed out waiting until its operator tells how it stands: {unknown}"
                    raise DeadlinePassed(said, remedy="check that Strimzi's cluster operator runs") from unknown
            self.clock.sleep(0.2)

    def _create_missing(self, permit: Permit) -> None:
        self.connectors.require_used()
        for each in self.definitions.all:
            if self.connectors.find(each.name) is None:
                self.connectors.create_stopped(each, permit)
                self._asked_for(each.name, "stopped", permit, changed=True)

    def _stop(self, names: Iterable[str], permit: Permit) -> None:
        """Ask these to stop; one that may not have begun yet is paused first, and waited for."""
        self.connectors.require_used()
        left = [name for name in names if self.connectors.find(name) is not None]

        def ask() -> list[str]:
            states = {name: self._bring(name, lambda found: found.state_to_stop, permit) for name in left}
            waiting = [name for name, state in states.items() if state != "stopped"]
            for name in set(left).difference(waiting):
                if has_turned(self.connectors.get(name).item):
                    self._note(name, TURNED, None, permit)
            left[:] = waiting
            return waiting

        def wake() -> None:
            for name in left:
                self.operator.wake(self.connectors.kind, name)

        until_asked(self.clock, f"KafkaConnect/{self.connectors.connect}", ask, wake, permit)

    def _bring(self, name: str, choose: Callable[[ConnectorResource], str], permit: Permit) -> str:
        """Set the state that is chosen by the look that it is written onto; returns it."""
        state, changed = "", False

        def change() -> None:
            nonlocal state, changed
            found = self.connectors.get(name)
            refuse_if_paused(found.label, found.item)
            state = choose(found)
            changed = self.connectors.bring(found, state, permit)

        onto_newest(change)
        self._asked_for(name, state, permit, changed=changed)
        return state

    def _note(self, name: str, annotation: str, value: str | None, permit: Permit) -> None:
        permit()
        self.operator.note(self.connectors.kind, name, annotation, value)

    def _asked_for(self, name: str, state: str, permit: Permit, *, changed: bool) -> None:
        self._wanted[name] = state
        self.waker.asked(name, state, permit, changed=changed)

    def _listed(self) -> dict[TopicPartition, int | None]:
        """The stored offsets of the source connector. Asking annotates the resource; nothing that runs is changed."""
        source = self.connectors.get(self.definitions.source.name)
        refuse_if_paused(source.label, source.item)
        with understood(source.label):
            config_map = source.config_map("listOffsets", "toConfigMap")
        self._ask(source.name, {OFFSETS: "list"}, "offsets are listed", always)
        return self.operator.read_offsets(config_map, KEY, self.link.source)

    def _ask(self, name: str, asked: Mapping[str, str], goal: str, permit: Permit) -> None:
        self.operator.ask(self.connectors.kind, name, asked, goal, permit)
