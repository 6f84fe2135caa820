"""Questions to coordinators of consumer groups: positions and members, and their changes.

Versions are those of Kafka 3.9, the oldest that we work with (see Kafka's protocol guide).
"""

import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from drctl.drivers.kafka.coordinators import NO_TAGS, Question
from drctl.drivers.kafka.group_records import consumer_protocol
from drctl.drivers.kafka.listing import STATES
from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, WireReader, array, string
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import Group, GroupProtocol, GroupState, Member

# Keys of Kafka's requests, as its protocol guide lists them.
OFFSET_COMMIT, OFFSET_FETCH, LEAVE_GROUP, DESCRIBE_GROUPS, DELETE_GROUPS, CONSUMER_GROUP_DESCRIBE = 8, 9, 13, 15, 42, 69
UNSTABLE_OFFSET_COMMIT = 88
NULL = b"\0"
"""A compact string or array that is null."""
FROM_OUTSIDE = INT32.pack(-1) + string("") + NULL
"""No generation, member or instance: who commits is not in the group."""
PLACE = struct.Struct(">iqi")
"""Partition, position, leader epoch."""
LEFT = -2
"""The epoch of a static member that leaves and wants its place kept (KIP-848)."""
REASON = string("removed by drctl: its process has ended")
"""It stands in the coordinator's log."""
NO_EPOCH = -1
"""A foreign site's leader epoch would make clients wait without end."""

type Positions = Mapping[TopicPartition, Committed]


@dataclass(slots=True)
class HeldPositions:
    """A group's positions; partitions where an open transaction commits, and those whose position is refused."""

    positions: dict[TopicPartition, Committed] = field(default_factory=dict)
    undecided: list[TopicPartition] = field(default_factory=list)
    refused: dict[TopicPartition, int] = field(default_factory=dict)


def _listed(groups: Sequence[str]) -> bytes:
    return array([string(group) for group in groups])


def _positions_body(groups: Sequence[str]) -> bytes:
    # require_stable (KIP-447): without it a position is told that a transaction is about to replace, and a
    # group would be handed over behind its own commit.
    stable = INT8.pack(1)
    return array([string(group) + NULL + NO_TAGS for group in groups]) + stable + NO_TAGS


def positions_told(answer: WireReader) -> Mapping[str, tuple[int, HeldPositions]]:
    """Positions by group, without those never committed."""
    answer.number(INT32)  # for how long the broker holds us back
    found = {}
    for _ in range(answer.count()):
        group, held = answer.string(), HeldPositions()
        for _ in range(answer.count()):
            topic = answer.string()
            for _ in range(answer.count()):
                _position(answer, topic, held)
            answer.tags()
        found[group] = answer.number(INT16), held
        answer.tags()
    answer.tags()
    return found


def _position(answer: WireReader, topic: str, held: HeldPositions) -> None:
    number, offset, _ = PLACE.unpack(answer.taken(PLACE.size))
    metadata, error = answer.string().removesuffix("\0"), answer.number(INT16)  # confluent-kafka commits it with a NUL
    answer.tags()
    place = TopicPartition(topic, number)
    if error == UNSTABLE_OFFSET_COMMIT:
        held.undecided.append(place)
    elif error:
        held.refused[place] = error
    # -1 is what a coordinator answers for a partition that was never committed.
    elif offset >= 0:
        held.positions[place] = Committed(offset, metadata)


POSITIONS = Question(OFFSET_FETCH, 8, _positions_body, positions_told)
"""A group's committed positions, stable ones: of an open transaction's commit the old one is not told."""


def committing(group: str, positions: Positions) -> Question[Mapping[TopicPartition, int]]:
    """Commit these positions for that one group, from outside; the answer tells errors by partition."""
    topics: dict[str, list[bytes]] = {}
    for (topic, number), at in sorted(positions.items()):
        # A leader epoch belongs to one cluster: of another one it would make clients look for a truncation
        # that never was.
        place = PLACE.pack(number, at.offset, NO_EPOCH) + string(at.metadata) + NO_TAGS
        topics.setdefault(topic, []).append(place)
    wanted = array([string(topic) + array(places) + NO_TAGS for topic, places in topics.items()])
    body = string(group) + FROM_OUTSIDE + wanted + NO_TAGS
    return Question(OFFSET_COMMIT, 8, lambda _: body, partial(commit_told, group))


def commit_told(group: str, answer: WireReader) -> Mapping[str, tuple[int, Mapping[TopicPartition, int]]]:
    """Errors by partition; one that all of them have is the group's, too."""
    answer.number(INT32)
    found: dict[TopicPartition, int] = {}
    for _ in range(answer.count()):
        topic = answer.string()
        for _ in range(answer.count()):
            number, error = answer.number(INT32), answer.number(INT16)
            answer.tags()
            found[TopicPartition(topic, number)] = error
        answer.tags()
    answer.tags()
    errors = set(found.values())
    # Kafka has no error of the whole group here; UNKNOWN_MEMBER_ID for every partition is what says that
    # somebody is in it.
    return {group: (errors.pop() if len(errors) == 1 else 0, {at: error for at, error in found.items() if error})}


def _classic_told(answer: WireReader) -> Mapping[str, tuple[int, Group]]:
    return {name: (error, group) for name, (error, group, _) in _described(answer).items()}


def rights_told(answer: WireReader) -> Mapping[str, tuple[int, int]]:
    """Operations by group, as a set of bits in the order of Kafka's codes."""
    return {name: (error, operations) for name, (error, _, operations) in _described(answer).items()}


def _described(answer: WireReader) -> Mapping[str, tuple[int, Group, int]]:
    answer.number(INT32)
    found = {}
    for _ in range(answer.count()):
        error, group, state, kind = answer.number(INT16), answer.string(), answer.string(), answer.string()
        # Read in order, since the format has no lengths to skip by.
        answer.string()  # protocol
        members = tuple(_classic_member(answer, consumes=kind == "consumer") for _ in range(answer.count()))
        operations = answer.number(INT32)
        answer.tags()
        found[group] = error, _group(group, GroupProtocol.CLASSIC, state, members), operations
    answer.tags()
    return found


def _classic_member(answer: WireReader, *, consumes: bool) -> Member:
    name, instance = answer.string(), answer.optional_string()
    client, host = answer.string(), answer.string()
    answer.binary()  # subscription
    assignment = answer.binary()
    answer.tags()
    return Member(name, client, host, instance, consumer_protocol(assignment) if consumes else frozenset())


def _consumer_told(answer: WireReader) -> Mapping[str, tuple[int, Group]]:
    answer.number(INT32)
    found = {}
    for _ in range(answer.count()):
        error = answer.number(INT16)
        answer.optional_string()
        group, state = answer.string(), answer.string()
        answer.taken(4 + 4)  # epochs
        answer.string()  # assignor
        members = tuple(_consumer_member(answer) for _ in range(answer.count()))
        answer.number(INT32)
        answer.tags()
        found[group] = error, _group(group, GroupProtocol.CONSUMER, state, members)
    answer.tags()
    return found


def _consumer_member(answer: WireReader) -> Member:
    name, instance = answer.string(), answer.optional_string()
    answer.optional_string()  # rack
    epoch = answer.number(INT32)
    client, host = answer.string(), answer.string()
    for _ in range(answer.count()):
        answer.string()
    answer.optional_string()
    assigned, _ = _assigned(answer), _assigned(answer)  # the second one is what is wanted
    answer.tags()
    return Member(name, client, host, instance, assigned, left=epoch == LEFT)


def _assigned(answer: WireReader) -> frozenset[TopicPartition]:
    found = set()
    for _ in range(answer.count()):
        answer.taken(16)
        topic = answer.string()
        found |= {TopicPartition(topic, answer.number(INT32)) for _ in range(answer.count())}
        answer.tags()
    answer.tags()
    return frozenset(found)


def _group(name: str, protocol: GroupProtocol, state: str, members: tuple[Member, ...]) -> Group:
    # KIP-848 states that are not known here are members at work; an unknown state is never empty.
    unknown = GroupState.REBALANCING if members else GroupState.UNKNOWN
    return Group(name, protocol, STATES.get(state, unknown), members)


def _describing(groups: Sequence[str]) -> bytes:
    return _listed(groups) + INT8.pack(0) + NO_TAGS


def _asking_rights(groups: Sequence[str]) -> bytes:
    return _listed(groups) + INT8.pack(1) + NO_TAGS


CLASSIC_GROUP = Question(DESCRIBE_GROUPS, 5, _describing, _classic_told)
"""A classic group; one of another kind, or that does not exist, comes as DEAD."""
GROUP_RIGHTS = Question(DESCRIBE_GROUPS, 5, _asking_rights, rights_told)
"""Our own rights with groups: told of every kind, and of those that do not exist."""
CONSUMER_GROUP = Question(CONSUMER_GROUP_DESCRIBE, 0, _describing, _consumer_told)
"""A KIP-848 group; GROUP_ID_NOT_FOUND where it is none, UNSUPPORTED_VERSION where the site has none."""


def _deleted_told(answer: WireReader) -> Mapping[str, tuple[int, None]]:
    answer.number(INT32)
    found = {}
    for _ in range(answer.count()):
        group, error = answer.string(), answer.number(INT16)
        answer.tags()
        found[group] = error, None
    answer.tags()
    return found


DELETED_GROUP: Question[None] = Question(DELETE_GROUPS, 2, lambda groups: _listed(groups) + NO_TAGS, _deleted_told)
"""Delete the groups."""


def removing(group: str, members: Collection[Member]) -> Question[Mapping[str, int]]:
    """Remove static members from that one group (KIP-345); the answer tells errors by member id.

    Kafka answers the same for classic and KIP-848 groups: a static id that another member has by now is fenced, one
    that nobody has is an unknown member.
    """
    wanted = array([string(m.member_id) + string(m.instance_id or "") + REASON + NO_TAGS for m in members])
    body = string(group) + wanted + NO_TAGS
    return Question(LEAVE_GROUP, 5, lambda _: body, partial(_removed_told, group))


def _removed_told(group: str, answer: WireReader) -> Mapping[str, tuple[int, Mapping[str, int]]]:
    answer.number(INT32)
    error, found = answer.number(INT16), dict[str, int]()
    for _ in range(answer.count()):
        member = answer.string()
        answer.optional_string()
        found[member] = answer.number(INT16)
        answer.tags()
    answer.tags()
    return {group: (error, found)}
