"""Ask Strimzi's operator by annotation, and what it answers by config map and conditions."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from drctl.drivers.strimzi.schedule import WakeSchedule
from drctl.errors import Conflict, DeadlinePassed, DrctlError, NotProven, Unreachable
from drctl.model.documents import json_of
from drctl.model.offsets import TopicPartition
from drctl.model.resources import CONFIG_MAP, Kind, Object
from drctl.ports import Clock, Resources
from drctl.ports.permit import Permit, always
from drctl.redaction import redact_foreign

PAUSE = "strimzi.io/pause-reconciliation"
OFFSETS = "strimzi.io/connector-offsets"
WOKEN = "drctl.io/woken"
"""Holds when drctl last woke the operator. It stays: taken off, it would wake it once more."""
PATIENCE = 60.0
"""Seconds that the operator may take to act. Its own rounds come every two minutes, but a change wakes it at once."""


class Operator:
    """Strimzi's operator, as far as its resources speak for it. ``kind`` is in the version that is served."""

    def __init__(self, resources: Resources, clock: Clock) -> None:
        self.resources, self.clock = resources, clock

    def ask(self, kind: Kind, name: str, asked: Mapping[str, str], goal: str, permit: Permit = always) -> None:
        """Annotate, and wait until the operator took the first annotation off, which says that it is done.

        Who may not act any more, or waits too long, takes them off again. Conflict where somebody else asks.
        """
        label, first = f"{kind.name}/{name}", next(iter(asked))
        present = self.resources.get(kind, name)["metadata"].get("annotations") or {}
        # One annotation of each name is all there is to ask by: answered for somebody else's question, the
        # config map would hold what we take for ours.
        other = {key: present[key] for key in asked if present.get(key, asked[key]) != asked[key]}
        if other:
            raise Conflict(f"{label}: somebody else asks its operator: {other}", remedy="let that come to its end")
        permit()
        self.resources.patch(kind, name, {"metadata": {"annotations": dict(asked)}})
        deadline, schedule = self.clock.monotonic() + PATIENCE, WakeSchedule(self.clock)
        while first in ((seen := self.resources.get(kind, name))["metadata"].get("annotations") or {}):
            if self.clock.monotonic() > deadline:
                self._withdraw(kind, name, asked)
                raise DeadlinePassed(
                    f"{label}: timed out waiting until {goal}{complaint(seen)}",
                    remedy="check that Strimzi's cluster operator runs and Connect answers it",
                )
            try:
                permit()
            except DrctlError:
                self._withdraw(kind, name, asked)
                raise
            # What Connect declined, such as while it rebalances, it asks for again only when it looks again.
            if schedule.due():
                with suppress(DrctlError):
                    self.wake(kind, name)
            self.clock.sleep(0.2)

    def wake(self, kind: Kind, name: str) -> None:
        """Let the operator look at the resource now, by an annotation that means nothing to it."""
        # A value of its own each time: what changes nothing wakes nobody.
        moment = self.clock.now().isoformat()
        self.note(kind, name, WOKEN, moment)

    def note(self, kind: Kind, name: str, annotation: str, value: str | None) -> None:
        """Write something down on the resource that means nothing to its operator; None takes it off."""
        self.resources.patch(kind, name, {"metadata": {"annotations": {annotation: value}}})

    def _withdraw(self, kind: Kind, name: str, asked: Mapping[str, str]) -> None:
        """Nobody is to alter offsets, or restart anything, later, when it is no longer meant."""
        try:
            self.resources.patch(kind, name, {"metadata": {"annotations": dict.fromkeys(asked)}})
        except DrctlError:
            return

    def write_offsets(
        self, name: str, key: str, source: str, wanted: Mapping[TopicPartition, int | None], permit: Permit
    ) -> None:
        """Write what the operator is to alter offsets to, into the config map of that name; None: from the beginning.

        It is taken in any case: the config map exists for nothing else, and Strimzi itself may have listed into it.
        """
        entries = [
            {
                "partition": {"cluster": source, "topic": each.topic, "partition": each.partition},
                "offset": None if offset is None else {"offset": offset},
            }
            for each, offset in wanted.items()
        ]
        permit()
        self.resources.apply(CONFIG_MAP, name, {"data": {key: json.dumps({"offsets": entries})}}, take=True)

    def read_offsets(self, name: str, key: str, source: str) -> dict[TopicPartition, int | None]:
        """The offsets that the operator has listed there. NotProven where they cannot be read."""
        data = self.resources.get(CONFIG_MAP, name).get("data") or {}
        try:
            text = data[key]
            told = json_of(text, largest=len(text))["offsets"]
            return {
                TopicPartition(each["partition"]["topic"], int(each["partition"]["partition"])): _offset(each)
                for each in told
                if each["partition"].get("cluster") in (None, source)
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotProven(
                f"ConfigMap/{name}: {key} holds no offsets that can be read",
                remedy="look at the config map; another version of Strimzi may write it otherwise",
            ) from error


def refuse_if_paused(label: str, item: Object) -> None:
    """Conflict while reconciliation is paused: what is written then takes effect at nobody knows what moment."""
    if (item["metadata"].get("annotations") or {}).get(PAUSE) == "true":
        raise Conflict(
            f"{label}: its reconciliation is paused, so nothing written there takes effect",
            remedy=f"remove the annotation {PAUSE}, or ask who set it",
        )


def refuse_if_behind(label: str, item: Object) -> None:
    """Unreachable until the operator has acted on the newest generation: its status speaks of an older one."""
    seen, newest = (item.get("status") or {}).get("observedGeneration"), item["metadata"].get("generation")
    if seen != newest:
        raise Unreachable(
            f"{label}: its operator has not acted on generation {newest} yet (last on {seen})",
            remedy="check that Strimzi's cluster operator runs",
        )


def complaint(item: Object) -> str:
    """The newest complaint of the operator, with a colon before it; empty where it has none."""
    for each in (item.get("status") or {}).get("conditions") or ():
        if each.get("type") in ("NotReady", "Warning") and each.get("status") == "True":
            return f": {each.get('reason')}: {_public(each.get('message'), item)}"
    return ""


def _public(message: object, item: Object) -> str:
    """The operator's words, which may repeat what Connect said about a configuration."""
    spec: Mapping[str, Any] = item.get("spec") or {}
    return redact_foreign(str(message or ""), spec.get("config") or {}, *(spec.get("mirrors") or ()))[:300]


def _offset(entry: Mapping[str, Any]) -> int | None:
    return int(entry["offset"]["offset"]) if entry.get("offset") else None
