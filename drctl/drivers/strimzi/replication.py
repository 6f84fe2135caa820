"""MirrorMaker 2 on one link, through the KafkaMirrorMaker2 at its target. Connect itself is never spoken to."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from drctl.drivers.strimzi.connect_status import understood
from drctl.drivers.strimzi.kinds import served
from drctl.drivers.strimzi.mirrors import KINDS, Mirror, find
from drctl.drivers.strimzi.operator import OFFSETS, Operator, complaint, refuse_if_behind, refuse_if_paused
from drctl.drivers.strimzi.stopping import TURNED, has_turned, until_asked
from drctl.drivers.strimzi.waking import Waker, reached
from drctl.errors import Conflict, Unreachable
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.links import Link
from drctl.model.offsets import TopicPartition
from drctl.model.resources import MIRROR_MAKER, Object
from drctl.ports import Clock, Resources
from drctl.ports.newest import onto_newest
from drctl.ports.permit import Permit, always

CONNECTOR = "strimzi.io/mirrormaker-connector"
RESTART, RESTART_TASK = "strimzi.io/restart-connector", "strimzi.io/restart-connector-task"
SOURCE = "sourceConnector"


class StrimziReplication:
    """Implements :class:`drctl.ports.Replication`.

    The resource must exist; its connectors' state is what is changed in it, by server-side apply. Offsets are listed
    and altered by annotation and config map, which the resource names; what has failed is restarted by annotation.
    Every answer is the operator's for the newest generation, or none; one that does not show for a while what was asked
    for here is asked for anew, see :mod:`drctl.drivers.strimzi.waking`.
    """

    def __init__(self, link: Link, resources: Resources, clock: Clock, *, take: bool = False) -> None:
        self.link, self.resources, self.take = link, resources, take
        self.label, self.operator = f"KafkaMirrorMaker2/{link.mirror_maker}", Operator(resources, clock)
        self.waker, self._wanted = Waker(self.operator, clock), dict[str, str]()

    def status(self) -> LinkStatus:
        mirror = self.look()
        refuse_if_paused(mirror.label, mirror.item)
        try:
            found = self._told(mirror)
        except Unreachable:
            self._see(reached=False)
            raise
        parts = dict(zip(KINDS, found.connectors, strict=True))
        self._see(
            reached=all(reached(parts[part], state, needs_task=part == SOURCE) for part, state in self._wanted.items())
        )
        return replace(found, woken=self.waker.times)

    def _told(self, mirror: Mirror) -> LinkStatus:
        # Its state is of an older generation until the operator has seen the newest: a link that was just
        # stopped would still look as if it ran, or the other way round.
        refuse_if_behind(mirror.label, mirror.item)
        with understood(self.label):
            found = LinkStatus(*(mirror.connector(part) for part in KINDS))
        if found.source.state is ConnectorState.UNASSIGNED:
            raise Unreachable(
                f"{mirror.label}: its operator does not know the state of {found.source.name}{complaint(mirror.item)}",
                remedy="look at the conditions of the resource",
            )
        return found

    def frontier(self) -> Mapping[TopicPartition, int]:
        return {partition: offset + 1 for partition, offset in self._listed().items() if offset is not None}

    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:  # noqa: ARG002 - the operator waits
        self._stop(tuple(KINDS), permit)
        if has_turned(self.look().item):
            self._note(TURNED, None, permit)

    def stop_checkpoints(self, permit: Permit = always) -> None:
        self._stop([part for part in KINDS if part != SOURCE], permit)

    def resume(self, permit: Permit = always) -> None:
        mirror = self.look()
        refuse_if_paused(mirror.label, mirror.item)
        with understood(self.label):
            turns = not has_turned(mirror.item) and any(map(mirror.stops_unseen, KINDS))
        if turns:
            self._note(TURNED, "true", permit)
        _, changed = self._set(lambda _: dict.fromkeys(KINDS, "running"), permit)
        self._asked_for("running", KINDS, permit, changed=changed)

    def restart_failed(self, permit: Permit = always) -> Mapping[str, str]:
        mirror = self.look()
        refuse_if_paused(mirror.label, mirror.item)
        refuse_if_behind(mirror.label, mirror.item)
        with understood(self.label):
            connectors = [mirror.connector(part) for part in KINDS]
        restarted: dict[str, str] = {}
        for each in filter(lambda found: found.failed, connectors):
            if each.state is ConnectorState.FAILED:
                self._annotated({RESTART: each.name}, f"{each.name} is restarted", permit)
            # One annotation names one task, and the operator takes it off once Connect has taken the request.
            for task in each.tasks:
                if task.state is ConnectorState.FAILED:
                    goal = f"task {task.id} of {each.name} is restarted"
                    self._annotated({RESTART_TASK: f"{each.name}:{task.id}"}, goal, permit)
            restarted |= each.failed
        if restarted:
            # It looks right after it has asked Connect for a restart: what it writes down may be from before.
            parts = [part for part, each in zip(KINDS, connectors, strict=True) if each.failed]
            self._asked_for("running", parts, permit, changed=True)
        return restarted

    def restart_from(self, ends: Mapping[TopicPartition, int], permit: Permit = always) -> None:
        mirror = self.look()
        refuse_if_paused(mirror.label, mirror.item)
        refuse_if_behind(mirror.label, mirror.item)
        if not mirror.connector(SOURCE).halted:
            raise Conflict(f"{mirror.label}: {mirror.name(SOURCE)} is not stopped", remedy="stop it first")
        if not ends:
            return
        wanted = {partition: end - 1 if end else None for partition, end in ends.items()}
        with understood(self.label):
            name = mirror.config_map(SOURCE, "alterOffsets", "fromConfigMap")
        self.operator.write_offsets(name, _key(mirror), self.link.source, wanted, permit)
        self._asked(mirror, "alter", permit)
        stored = self._listed()
        wrong = [each for each, offset in wanted.items() if stored.get(each) != offset]
        if wrong:
            where = ", ".join(map(str, wrong[:5]))
            raise Conflict(f"link {self.link.name}: offsets read back differ from those set, at {where}")

    def look(self) -> Mirror:
        """This link's mirror as it is now. NotFound naming those that there are."""
        item = self.resources.get(served(self.resources, MIRROR_MAKER), self.link.mirror_maker)
        with understood(self.label):
            return find(item, self.link.source, self.link.target)

    def _stop(self, parts: Collection[str], permit: Permit) -> None:
        """Ask these to stop; one that may not have begun yet is paused first, and waited for."""
        changed = False

        def ask() -> list[str]:
            nonlocal changed
            states, wrote = self._set(lambda mirror: {part: mirror.state_to_stop(part) for part in parts}, permit)
            changed |= wrote
            return [part for part, state in states.items() if state != "stopped"]

        until_asked(self.operator.clock, self.label, ask, self._wake, permit)
        self._asked_for("stopped", parts, permit, changed=changed)

    def _set(self, choose: Callable[[Mirror], Mapping[str, str]], permit: Permit) -> tuple[Mapping[str, str], bool]:
        """Set the states that are chosen for this mirror's connectors and nothing else; returns whether they differed.

        Idempotent. Chosen by the look that it is written onto.
        """
        states, changed = dict[str, str](), False

        def change() -> None:
            nonlocal states, changed
            mirror = self.look()
            refuse_if_paused(mirror.label, mirror.item)
            with understood(self.label):
                states = dict(choose(mirror))
                mirrors = mirror.with_states(states)
            if mirrors is not None:
                # A list is one field to Kubernetes: it goes back whole, and only onto what it was read from.
                version = mirror.item["metadata"]["resourceVersion"]
                body: Object = {"metadata": {"resourceVersion": version}, "spec": {"mirrors": mirrors}}
                permit()
                self.resources.apply(served(self.resources, MIRROR_MAKER), self.link.mirror_maker, body, take=self.take)
                changed = True

        onto_newest(change)
        return states, changed

    def _note(self, annotation: str, value: str | None, permit: Permit) -> None:
        permit()
        self.operator.note(served(self.resources, MIRROR_MAKER), self.link.mirror_maker, annotation, value)

    def _wake(self) -> None:
        self.operator.wake(served(self.resources, MIRROR_MAKER), self.link.mirror_maker)

    def _asked_for(self, state: str, parts: Iterable[str], permit: Permit, *, changed: bool) -> None:
        self._wanted |= dict.fromkeys(parts, state)
        self.waker.asked(self.link.mirror_maker, dict(self._wanted), permit, changed=changed)

    def _see(self, *, reached: bool) -> None:
        self.waker.see(served(self.resources, MIRROR_MAKER), self.link.mirror_maker, reached=reached)

    def _listed(self) -> dict[TopicPartition, int | None]:
        """The stored offsets of the source connector. Asking annotates the resource; nothing that runs is changed."""
        mirror = self.look()
        refuse_if_paused(mirror.label, mirror.item)
        with understood(self.label):
            name = mirror.config_map(SOURCE, "listOffsets", "toConfigMap")
        self._asked(mirror, "list")
        return self.operator.read_offsets(name, _key(mirror), self.link.source)

    def _asked(self, mirror: Mirror, what: str, permit: Permit = always) -> None:
        """Let the operator list or alter the source connector's offsets."""
        self._annotated({OFFSETS: what, CONNECTOR: mirror.name(SOURCE)}, f"offsets are {what}ed", permit)

    def _annotated(self, asked: Mapping[str, str], goal: str, permit: Permit) -> None:
        self.operator.ask(served(self.resources, MIRROR_MAKER), self.link.mirror_maker, asked, goal, permit)


def _key(mirror: Mirror) -> str:
    return f"{mirror.name(SOURCE).replace('->', '--')}.json"
