"""Members of share and streams groups (KIP-932, KIP-1071), which the Python client cannot be: one heartbeat, one leave.

Requests are written down as Kafka 4.3 has them. A member is in its group for its session's time after a heartbeat,
which is 45 seconds by default.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import uuid4

from drctl.drivers.kafka.coordinators import NO_TAGS, Question
from drctl.drivers.kafka.group_requests import NULL
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, WireReader, array, string
from drctl.model.session import GroupProtocol

SHARE_HEARTBEAT, STREAMS_HEARTBEAT = (76, 1), (88, 0)
"""Key and version."""
JOINS, LEAVES = INT32.pack(0), INT32.pack(-1)
"""A member's epoch when it comes, and when it goes."""
NO_STRUCTURE = INT8.pack(-1)
EMPTY = array([])


@contextmanager
def joined(site: KafkaSite, group: str, topic: str, protocol: GroupProtocol) -> Iterator[None]:
    """A member of that share or streams group, which reads that topic, is there during the block."""
    member = uuid4().hex
    _say(site, group, protocol, member, topic)
    try:
        yield
    finally:
        _say(site, group, protocol, member, None)


def _say(site: KafkaSite, group: str, protocol: GroupProtocol, member: str, topic: str | None) -> None:
    """Join to read that topic, or leave with None."""
    shared = protocol is GroupProtocol.SHARE
    head = string(group) + string(member) + (LEAVES if topic is None else JOINS)
    body = head + (_share(topic) if shared else _streams(topic))
    api, version = SHARE_HEARTBEAT if shared else STREAMS_HEARTBEAT

    def said(_: Sequence[str]) -> bytes:
        return body

    def told(answer: WireReader) -> Mapping[str, tuple[int, str]]:
        answer.number(INT32)  # for how long the broker holds us back
        return {group: (answer.number(INT16), answer.optional_string() or "")}

    error, why = site.ask_coordinators([group], Question(api, version, said, told))[group]
    assert not error, why


def _share(topic: str | None) -> bytes:
    rack = NULL
    return rack + (NULL if topic is None else array([string(topic)])) + NO_TAGS


def _streams(topic: str | None) -> bytes:
    endpoints, nobody, rack = INT32.pack(0), NULL, NULL
    if topic is None:
        rebalancing, topology, tasks, process, tags = INT32.pack(-1), NO_STRUCTURE, NULL * 3, NULL, NULL
    else:
        rebalancing, topology, tasks = INT32.pack(60_000), _topology(topic), EMPTY * 3
        process, tags = string(uuid4().hex), EMPTY
    own, offsets, stays = NO_STRUCTURE, NULL * 2, INT8.pack(0)
    parts = (endpoints, nobody, rack, rebalancing, topology, tasks, process, own, tags, offsets, stays, NO_TAGS)
    return b"".join(parts)


def _topology(topic: str) -> bytes:
    """One part that reads that topic, with nothing that the broker would have to make for it."""
    regexes, changelogs, sinks, repartitioned, together = (EMPTY,) * 5
    part = string("0") + array([string(topic)]) + regexes + changelogs + sinks + repartitioned + together + NO_TAGS
    there, epoch = INT8.pack(1), INT32.pack(0)
    return there + epoch + array([part]) + NO_TAGS
