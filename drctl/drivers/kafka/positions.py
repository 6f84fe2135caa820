"""Consumer groups of one site and their positions, through the admin client."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum
from itertools import count

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    KafkaError,
    TopicPartition,
)
from confluent_kafka.admin import ConsumerGroupDescription, ConsumerGroupListing, MemberDescription

from drctl.drivers.kafka.errors import ENDS_BY_ITSELF
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import DrctlError, NotFound, PositionsPending
from drctl.model import offsets
from drctl.model.offsets import Committed
from drctl.model.session import Group, GroupProtocol, GroupState, Member

IN_FLIGHT = 64
"""Requests under way at once: beyond that the brokers get no faster."""
PERMITTED = 16
"""Requests that one permission is good for: several times as many are under way at once anyway."""
PERMITTED_FOR = 1.0
"""Seconds that it is good for: before a request is sent, an earlier one may be waited for."""

FEW = 16
"""Groups that are described one by one, however many others the site has."""

STATES = {
    ConsumerGroupState.EMPTY: GroupState.EMPTY,
    ConsumerGroupState.STABLE: GroupState.STABLE,
    ConsumerGroupState.PREPARING_REBALANCING: GroupState.REBALANCING,
    ConsumerGroupState.COMPLETING_REBALANCING: GroupState.REBALANCING,
    ConsumerGroupState.DEAD: GroupState.DEAD,
}
PROTOCOLS = {ConsumerGroupType.CLASSIC: GroupProtocol.CLASSIC, ConsumerGroupType.CONSUMER: GroupProtocol.CONSUMER}


class KafkaPositions:
    """Implements :class:`drctl.ports.Positions`."""

    def __init__(self, site: KafkaSite, now: Callable[[], float] = time.monotonic) -> None:
        self.site = site
        self._now = now

    def groups(self) -> Mapping[str, GroupProtocol]:
        return {group.group_id: _protocol(group.type) for group in self._listed()}

    def _listed(self) -> Sequence[ConsumerGroupListing]:
        future = self.site.admin().list_consumer_groups(request_timeout=self.site.timeout)
        listed = self.site.wait(future, "list its groups")
        if listed.errors:
            # Each broker lists the groups it coordinates: without one of them the list is not all.
            raise self.site.causes.translate(listed.errors[0], "list all of its groups")
        valid: Sequence[ConsumerGroupListing] = listed.valid
        return valid

    def describe(self, groups: Collection[str]) -> Mapping[str, Group]:
        empty = self._empty() if len(groups) > FEW else {}
        found = {name: empty[name] for name in groups if name in empty}
        rest = sorted(set(groups) - found.keys())
        if rest:
            futures = self.site.admin().describe_consumer_groups(rest, request_timeout=self.site.timeout)
            found |= {name: self._described(name, future) for name, future in futures.items()}
        return found

    def _empty(self) -> Mapping[str, Group]:
        """All groups that are empty, by one request to each broker: there is nothing more to describe of them."""
        return {
            group.group_id: Group(group.group_id, _protocol(group.type), GroupState.EMPTY)
            for group in self._listed()
            if group.state == ConsumerGroupState.EMPTY
        }

    def _described(self, name: str, future: "Future[ConsumerGroupDescription]") -> Group:
        try:
            told = self.site.wait(future, f"describe group {name}")
        except NotFound:
            return Group(name, GroupProtocol.OTHER, GroupState.DEAD)
        # KIP-848 states that the client does not know are members at work; an unknown state is never empty.
        state = STATES.get(
            ConsumerGroupState(told.state), GroupState.REBALANCING if told.members else GroupState.UNKNOWN
        )
        return Group(name, _protocol(told.type), state, tuple(_member(each) for each in told.members))

    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[offsets.TopicPartition, Committed]]:
        found: dict[str, Mapping[offsets.TopicPartition, Committed]] = {}
        pending: dict[str, Collection[offsets.TopicPartition]] = {}
        for group, future in _pipelined(sorted(groups), self._asking(stable=True)):
            found[group], undecided = self._told(group, future)
            if undecided is not None:
                pending[group] = undecided
        if pending:
            raise PositionsPending(
                f"site {self.site.name}: transactions are open that commit positions of {_named(pending)}",
                remedy=ENDS_BY_ITSELF,
                found=found,
                pending=pending,
            )
        return found

    def _told(
        self, group: str, future: "Future[ConsumerGroupTopicPartitions]"
    ) -> tuple[Mapping[offsets.TopicPartition, Committed], Collection[offsets.TopicPartition] | None]:
        """Positions that are decided, and partitions in which one is not; None where no transaction is open."""
        doing = f"read the positions of group {group}"
        try:
            told = self.site.wait(future, doing).topic_partitions or ()
        except PositionsPending:
            # All of the group was refused. What it held before tells at least which partitions are in question.
            held = self.site.wait(self._asking(stable=False)(group), doing).topic_partitions or ()
            return {}, [_place(tp) for tp in held]
        undecided = [tp for tp in told if tp.error and tp.error.code() == KafkaError.UNSTABLE_OFFSET_COMMIT]
        decided = self._without_errors([tp for tp in told if tp not in undecided], doing)
        positions = {_place(tp): Committed(tp.offset, tp.metadata or "") for tp in decided if tp.offset >= 0}
        return positions, [_place(tp) for tp in undecided] or None

    def _asking(self, *, stable: bool) -> "Callable[[str], Future[ConsumerGroupTopicPartitions]]":
        admin = self.site.admin()

        def ask(group: str) -> "Future[ConsumerGroupTopicPartitions]":
            request = [ConsumerGroupTopicPartitions(group)]
            asked = admin.list_consumer_group_offsets(request, require_stable=stable, request_timeout=self.site.timeout)
            return asked[group]

        return ask

    def commit(self, group: str, positions: Mapping[offsets.TopicPartition, Committed]) -> None:
        for error in self.commit_all({group: positions}, lambda: None).values():
            raise error

    def commit_all(
        self, positions: Mapping[str, Mapping[offsets.TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        admin, sent, permitted_at = self.site.admin(), count(), self._now()

        def ask(group: str) -> "Future[ConsumerGroupTopicPartitions]":
            nonlocal permitted_at
            # Leader epoch -1, the constructor's default: a foreign site's epoch would make clients wait for ever.
            wanted = [_with_position(tp, c) for tp, c in sorted(positions[group].items())]
            request = [ConsumerGroupTopicPartitions(group, wanted)]
            now = self._now()
            if next(sent) % PERMITTED == 0 or now - permitted_at > PERMITTED_FOR:
                permit()
                permitted_at = now
            return admin.alter_consumer_group_offsets(request, request_timeout=self.site.change_timeout)[group]

        refused: dict[str, DrctlError] = {}
        for group, future in _pipelined(sorted(g for g, each in positions.items() if each), ask):
            doing = f"commit positions for group {group}"
            try:
                self._without_errors(
                    self.site.wait(future, doing, self.site.change_timeout).topic_partitions or (), doing
                )
            except DrctlError as error:
                refused[group] = error
        return refused

    def forget(self, group: str) -> None:
        future = self.site.admin().delete_consumer_groups([group], request_timeout=self.site.change_timeout)[group]
        with suppress(NotFound):
            self.site.wait(future, f"delete group {group}", self.site.change_timeout)

    def _without_errors(self, told: Sequence[TopicPartition], doing: str) -> Sequence[TopicPartition]:
        for tp in told:
            if tp.error:
                raise self.site.causes.translate(tp.error, f"{doing} at {tp.topic}-{tp.partition}")
        return told


def _place(told: TopicPartition) -> offsets.TopicPartition:
    return offsets.TopicPartition(told.topic, told.partition)


def _pipelined[T](names: Iterable[str], ask: Callable[[str], "Future[T]"]) -> Iterator[tuple[str, "Future[T]"]]:
    """Ask for each name, at most IN_FLIGHT at once, and give the answers in order."""
    pending: deque[tuple[str, Future[T]]] = deque()
    for name in names:
        pending.append((name, ask(name)))
        if len(pending) >= IN_FLIGHT:
            yield pending.popleft()
    yield from pending


def _named(groups: Collection[str]) -> str:
    names = sorted(groups)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more groups" if len(names) > 5 else "")


def _protocol(told: Enum) -> GroupProtocol:
    return PROTOCOLS.get(ConsumerGroupType(told), GroupProtocol.OTHER)


def _member(told: MemberDescription) -> Member:
    assigned = told.assignment.topic_partitions
    return Member(
        told.member_id,
        told.client_id,
        told.host,
        told.group_instance_id or None,
        frozenset(offsets.TopicPartition(tp.topic, tp.partition) for tp in assigned),
    )


def _with_position(partition: offsets.TopicPartition, at: Committed) -> TopicPartition:
    # An empty metadata is left out: the library would send it as a single NUL byte.
    topic, number = partition
    return (
        TopicPartition(topic, number, at.offset, at.metadata)
        if at.metadata
        else TopicPartition(topic, number, at.offset)
    )
