"""Group and member records of ``__consumer_offsets``; formats as in :mod:`drctl.drivers.kafka.offsets_topic`."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, INT64, UnknownForm, WireReader
from drctl.model.changes import Change, GroupForgotten, GroupSeen
from drctl.model.offsets import TopicPartition
from drctl.model.session import GroupProtocol, Member

# Versions of keys: the coordinator tells kinds of records apart by them (CoordinatorRecordType).
CLASSIC, CONSUMER, MEMBER, ASSIGNED = 2, 3, 5, 8
SHARE_GROUPS, STREAMS_GROUPS = range(9, 16), range(17, 24)
IGNORED = frozenset((4, 6, 7, 16, *SHARE_GROUPS, *STREAMS_GROUPS))
"""Parts of KIP-848 groups that say nothing about who is a member: partition metadata, target assignments, regexes. And
what share and streams groups (KIP-932, KIP-1071) write of themselves, which no move takes along."""
NEWEST_CLASSIC = 4


type _Assigned = tuple[tuple[bytes, tuple[int, ...]], ...]
"""Partitions by topic id."""


@dataclass(slots=True)
class _ConsumerGroup:
    """Hold what is known of a KIP-848 group; assignments by topic id."""

    members: dict[str, Member] = field(default_factory=dict)
    assigned: dict[str, _Assigned] = field(default_factory=dict)


class Memberships:
    """Who is in which group. KIP-848 groups tell it piece by piece, and topics by id: :meth:`name` makes ids known."""

    def __init__(self) -> None:
        self._groups: dict[str, _ConsumerGroup] = {}
        self._names: dict[bytes, str] = {}
        self._waiting: dict[bytes, set[str]] = {}

    def name(self, topic_id: bytes, topic: str) -> Iterator[GroupSeen]:
        """From now on that id is known; until then assignments of it are left out. Tells the groups that had some."""
        self._names[topic_id] = topic
        for group in sorted(self._waiting.pop(topic_id, ())):
            if group in self._groups:
                yield self._seen(group, self._groups[group])

    def changes(self, kind: int, key: bytes, value: bytes | None) -> Iterator[Change]:
        """Return what a record of one of these kinds says.

        Malformed if it cannot be read, UnknownForm if its kind or version is not known.
        """
        read = WireReader(key[2:])
        group = read.string()
        if kind == CLASSIC:
            yield GroupForgotten(group) if value is None else _classic(group, value)
        elif kind == CONSUMER:
            yield from self._consumer(group, value)
        elif kind in (MEMBER, ASSIGNED):
            yield self._member(group, read.string(), kind, value)
        else:
            raise UnknownForm(f"key {kind}")

    def _consumer(self, group: str, value: bytes | None) -> Iterator[Change]:
        if value is None:
            self._groups.pop(group, None)
            yield GroupForgotten(group)
        elif group not in self._groups:
            self._groups[group] = _ConsumerGroup()
            yield GroupSeen(group, GroupProtocol.CONSUMER)

    def _member(self, group: str, member: str, kind: int, value: bytes | None) -> GroupSeen:
        # A member's record may come before its group's: compaction keeps the newest of each key, in the
        # order in which they were written.
        known = self._groups.setdefault(group, _ConsumerGroup())
        if kind == MEMBER:
            if value is None:
                known.members.pop(member, None)
            else:
                known.members[member] = _member(member, value)
        elif value is None:
            known.assigned.pop(member, None)
        else:
            known.assigned[member] = _assigned(value)
            for topic, _ in known.assigned[member]:
                if topic not in self._names:
                    # KIP-848 names topics by id alone. The name comes with a commit (version 4 has the id);
                    # until one has come the assignment shows without that topic.
                    self._waiting.setdefault(topic, set()).add(group)
        return self._seen(group, known)

    def _seen(self, group: str, known: _ConsumerGroup) -> GroupSeen:
        assigned = {name: self._named(known.assigned.get(name, ())) for name in known.members}
        members = (replace(member, assignment=assigned[name]) for name, member in known.members.items())
        return GroupSeen(group, GroupProtocol.CONSUMER, tuple(members))

    def _named(self, assigned: _Assigned) -> frozenset[TopicPartition]:
        return frozenset(
            TopicPartition(self._names[topic], number)
            for topic, numbers in assigned
            if topic in self._names
            for number in numbers
        )


def _classic(group: str, value: bytes) -> GroupSeen:
    version = WireReader(value).number(INT16)
    if not 0 <= version <= NEWEST_CLASSIC:
        raise UnknownForm(f"a classic group of version {version}")
    read = WireReader(value[2:], flexible=version >= NEWEST_CLASSIC)
    kind = read.string()
    read.number(INT32)  # generation
    read.optional_string()  # protocol
    read.optional_string()  # leader
    if version >= 2:
        read.number(INT64)
    members = tuple(_classic_member(read, version, kind == "consumer") for _ in range(read.count()))
    return GroupSeen(group, GroupProtocol.CLASSIC, members)


def _classic_member(read: WireReader, version: int, consumes: bool) -> Member:
    name = read.string()
    instance = read.optional_string() if version >= 3 else None
    client, host = read.string(), read.string()
    if version >= 1:
        read.number(INT32)  # rebalance timeout
    read.number(INT32)  # session timeout
    read.binary()  # subscription
    assignment = read.binary()
    read.tags()
    return Member(name, client, host, instance, consumer_protocol(assignment) if consumes else frozenset())


def consumer_protocol(raw: bytes) -> frozenset[TopicPartition]:
    """The assignment of a classic consumer (``ConsumerProtocolAssignment.json``); what is none is empty."""
    if len(raw) < INT16.size:
        return frozenset()
    read = WireReader(raw[2:])
    found = set()
    for _ in range(read.count()):
        topic = read.string()
        found |= {TopicPartition(topic, read.number(INT32)) for _ in range(read.count())}
    return frozenset(found)


def _member(name: str, value: bytes) -> Member:
    read = _flexible(value)
    instance = read.optional_string()
    read.optional_string()  # rack
    return Member(name, read.string(), read.string(), instance)


def _assigned(value: bytes) -> _Assigned:
    read = _flexible(value)
    for form in (INT32, INT32, INT8):  # epochs and state
        read.number(form)
    found = []
    for _ in range(read.count()):
        topic = read.taken(16)
        found.append((topic, tuple(read.number(INT32) for _ in range(read.count()))))
        read.tags()
    return tuple(found)


def _flexible(value: bytes) -> WireReader:
    version = WireReader(value).number(INT16)
    if version != 0:
        raise UnknownForm(f"a member of version {version}")
    return WireReader(value[2:], flexible=True)
