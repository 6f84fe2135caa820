"""MirrorMaker 2 on one link, through the KafkaMirrorMaker2 at its target. Connect itself is never spoken to."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drctl.drivers.strimzi.kinds import served
from drctl.drivers.strimzi.mirrors import KINDS, Mirror, find, understood
from drctl.errors import Conflict, DeadlinePassed, DrctlError, NotProven, Unreachable
from drctl.model.documents import json_of
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.offsets import TopicPartition
from drctl.model.resources import CONFIG_MAP, MIRROR_MAKER, Object
from drctl.model.site import Link
from drctl.ports import Clock, Resources
from drctl.ports.permit import Permit, always
from drctl.redaction import redact_foreign

OFFSETS = "strimzi.io/connector-offsets"
CONNECTOR = "strimzi.io/mirrormaker-connector"
RESTART, RESTART_TASK = "strimzi.io/restart-connector", "strimzi.io/restart-connector-task"
SOURCE = "sourceConnector"
PATIENCE = 60.0
"""Seconds that the operator may take to act. Its own rounds come every two minutes, but a change wakes it at once."""


class StrimziReplication:
    """Implements :class:`drctl.ports.Replication`.

    The resource must exist; its connectors' state is what is changed in it, by server-side apply. Offsets are listed
    and altered by annotation and config map, which the resource names; what has failed is restarted by annotation.
    Every answer is the operator's for the newest generation, or none.
    """

    def __init__(self, link: Link, resources: Resources, clock: Clock, *, take: bool = False) -> None:
        self.link, self.resources, self.clock, self.take = link, resources, clock, take

    def status(self) -> LinkStatus:
        mirror = self._look()
        mirror.refuse_if_paused()
        # Its state is of an older generation until the operator has seen the newest: a link that was just
        # stopped would still look as if it ran, or the other way round.
        mirror.refuse_if_behind()
        with understood(self.link.mirror_maker):
            found = LinkStatus(*(mirror.connector(part) for part in KINDS))
        if found.source.state is ConnectorState.UNASSIGNED:
            raise Unreachable(
                f"{mirror.label}: its operator does not know the state of {found.source.name}{_said(mirror.item)}",
                remedy="look at the conditions of the resource",
            )
        return found

    def frontier(self) -> Mapping[TopicPartition, int]:
        return {partition: offset + 1 for partition, offset in self._listed().items() if offset is not None}

    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:  # noqa: ARG002 - the operator waits
        self._set("stopped", permit)

    def stop_checkpoints(self, permit: Permit = always) -> None:
        self._set("stopped", permit, [part for part in KINDS if part != SOURCE])

    def resume(self, permit: Permit = always) -> None:
        self._set("running", permit)

    def restart_failed(self, permit: Permit = always) -> Mapping[str, str]:
        mirror = self._look()
        mirror.refuse_if_paused()
        mirror.refuse_if_behind()
        with understood(self.link.mirror_maker):
            connectors = [mirror.connector(part) for part in KINDS]
        restarted: dict[str, str] = {}
        for each in filter(lambda found: found.failed, connectors):
            if each.state is ConnectorState.FAILED:
                self._annotated(mirror, {RESTART: each.name}, f"{each.name} is restarted", permit)
            # One annotation names one task, and the operator takes it off once Connect has taken the request.
            for task in each.tasks:
                if task.state is ConnectorState.FAILED:
                    goal = f"task {task.id} of {each.name} is restarted"
                    self._annotated(mirror, {RESTART_TASK: f"{each.name}:{task.id}"}, goal, permit)
            restarted |= each.failed
        return restarted

    def restart_from(self, ends: Mapping[TopicPartition, int], permit: Permit = always) -> None:
        mirror = self._look()
        mirror.refuse_if_paused()
        mirror.refuse_if_behind()
        if not mirror.connector(SOURCE).halted:
            raise Conflict(f"{mirror.label}: {mirror.name(SOURCE)} is not stopped", remedy="stop it first")
        if not ends:
            return
        wanted = {partition: end - 1 if end else None for partition, end in ends.items()}
        entries = [
            {
                "partition": {"cluster": self.link.source, "topic": each.topic, "partition": each.partition},
                "offset": None if offset is None else {"offset": offset},
            }
            for each, offset in wanted.items()
        ]
        with understood(self.link.mirror_maker):
            name = mirror.config_map(SOURCE, "alterOffsets", "fromConfigMap")
        permit()
        # Taken in any case: the config map exists for nothing else, and Strimzi itself may have listed into it.
        self.resources.apply(CONFIG_MAP, name, {"data": {_key(mirror): json.dumps({"offsets": entries})}}, take=True)
        self._asked(mirror, "alter", permit)
        stored = self._listed()
        wrong = [each for each, offset in wanted.items() if stored.get(each) != offset]
        if wrong:
            where = ", ".join(map(str, wrong[:5]))
            raise Conflict(f"link {self.link.name}: offsets read back differ from those set, at {where}")

    def _look(self) -> Mirror:
        item = self.resources.get(served(self.resources, MIRROR_MAKER), self.link.mirror_maker)
        with understood(self.link.mirror_maker):
            return find(item, self.link.source, self.link.target)

    def _set(self, state: str, permit: Permit, parts: Iterable[str] = KINDS) -> None:
        """Set the state of these of this mirror's connectors and of nothing else. Idempotent."""

        def change() -> None:
            mirror = self._look()
            mirror.refuse_if_paused()
            with understood(self.link.mirror_maker):
                mirrors = mirror.with_state(state, parts)
            if mirrors is not None:
                # A list is one field to Kubernetes: it goes back whole, and only onto what it was read from.
                version = mirror.item["metadata"]["resourceVersion"]
                body: Object = {"metadata": {"resourceVersion": version}, "spec": {"mirrors": mirrors}}
                permit()
                self.resources.apply(served(self.resources, MIRROR_MAKER), self.link.mirror_maker, body, take=self.take)

        self._again(change)

    def _again(self, change: Callable[[], None]) -> None:
        """The operator writes into the same resource: once more where it came between look and change."""
        # The operator writes its status into the same resource while it acts on our change; five times in a row
        # is somebody else.
        for _ in range(4):
            try:
                return change()
            except Conflict as conflict:
                if "modified" not in str(conflict):
                    raise
        return change()

    def _listed(self) -> dict[TopicPartition, int | None]:
        """The stored offsets of the source connector. Asking annotates the resource; nothing that runs is changed."""
        mirror = self._look()
        mirror.refuse_if_paused()
        with understood(self.link.mirror_maker):
            name = mirror.config_map(SOURCE, "listOffsets", "toConfigMap")
        self._asked(mirror, "list")
        data = self.resources.get(CONFIG_MAP, name).get("data") or {}
        try:
            text = data[_key(mirror)]
            told = json_of(text, largest=len(text))["offsets"]
            return {
                TopicPartition(each["partition"]["topic"], int(each["partition"]["partition"])): _offset(each)
                for each in told
                if each["partition"].get("cluster") in (None, self.link.source)
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotProven(
                f"ConfigMap/{name}: {_key(mirror)} holds no offsets that can be read",
                remedy="look at the config map; another version of Strimzi may write it otherwise",
            ) from error

    def _asked(self, mirror: Mirror, what: str, permit: Permit = always) -> None:
        """Let the operator list or alter the source connector's offsets."""
        self._annotated(mirror, {OFFSETS: what, CONNECTOR: mirror.name(SOURCE)}, f"offsets are {what}ed", permit)

    def _annotated(self, mirror: Mirror, asked: Mapping[str, str], goal: str, permit: Permit) -> None:
        """Annotate, and wait until the operator took the first annotation off, which says that it is done.

        Who may not act any more, or waits too long, takes them off again.
        """
        kind, name, first = served(self.resources, MIRROR_MAKER), self.link.mirror_maker, next(iter(asked))
        present = mirror.item["metadata"].get("annotations") or {}
        # One annotation of each name is all there is to ask by: answered for somebody else's question, the
        # config map would hold what we take for ours.
        other = {key: present[key] for key in asked if present.get(key, asked[key]) != asked[key]}
        if other:
            raise Conflict(
                f"{mirror.label}: somebody else asks its operator: {other}", remedy="let that come to its end"
            )
        permit()
        self.resources.patch(kind, name, {"metadata": {"annotations": dict(asked)}})
        deadline = self.clock.monotonic() + PATIENCE
        while first in ((seen := self._look()).item["metadata"].get("annotations") or {}):
            if self.clock.monotonic() > deadline:
                self._withdraw(asked)
                raise DeadlinePassed(
                    f"{mirror.label}: timed out waiting until {goal}{_said(seen.item)}",
                    remedy="check that Strimzi's cluster operator runs and Connect answers it",
                )
            try:
                permit()
            except DrctlError:
                self._withdraw(asked)
                raise
            self.clock.sleep(0.2)

    def _withdraw(self, asked: Mapping[str, str]) -> None:
        """Nobody is to alter offsets, or restart anything, later, when it is no longer meant."""
        try:
            self.resources.patch(
                served(self.resources, MIRROR_MAKER),
                self.link.mirror_maker,
                {"metadata": {"annotations": dict.fromkeys(asked)}},
            )
        except DrctlError:
            return


def _key(mirror: Mirror) -> str:
    return f"{mirror.name(SOURCE).replace('->', '--')}.json"


def _offset(entry: Mapping[str, Any]) -> int | None:
    return int(entry["offset"]["offset"]) if entry.get("offset") else None


def _said(item: Object) -> str:
    """The newest complaint of the operator, with a colon before it; empty where it has none."""
    for each in (item.get("status") or {}).get("conditions") or ():
        if each.get("type") in ("NotReady", "Warning") and each.get("status") == "True":
            return f": {each.get('reason')}: {_public(each.get('message'), item)}"
    return ""


def _public(message: object, item: Object) -> str:
    """The operator's words, which may repeat what Connect said about a configuration."""
    return redact_foreign(str(message or ""), *(mirror for mirror in (item.get("spec") or {}).get("mirrors") or ()))[
        :300
    ]
