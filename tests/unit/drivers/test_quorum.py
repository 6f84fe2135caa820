"""Answers about the controllers' quorum, and what is asked."""

import socket
import struct

import pytest

from drctl.drivers.kafka.quorum import BEHIND, METADATA, KafkaQuorum, quorum_in
from drctl.drivers.kafka.wire_format import Malformed, WireReader
from drctl.errors import DrctlError, Forbidden, Unreachable, Unsupported
from drctl.model.cluster import Broker
from drctl.model.sight import QuorumView
from tests.unit.drivers.test_handshake import listening

PLAIN = {"security.protocol": "PLAINTEXT"}
NOW = 1_700_000_000_000


def replica(number: int, caught_up: int) -> bytes:
    return struct.pack(">iqqq", number, 5, caught_up, caught_up) + b"\0"


def replicas(*each: bytes) -> bytes:
    return bytes([len(each) + 1]) + b"".join(each)


def answer(leader: int, *voters: bytes, error: int = 0, inner: int = 0) -> bytes:
    """One topic with one partition, one observer, and fields that came later as tags."""
    partition = struct.pack(">ihiiq", 0, inner, leader, 9, 5) + replicas(*voters) + replicas(replica(7, 0)) + b"\0"
    name = b"__cluster_metadata"
    topic = bytes([len(name) + 1]) + name + b"\x02" + partition + b"\0"
    return struct.pack(">h", error) + b"\x02" + topic + b"\x01\x05\x02ab"


def asked(reply: bytes) -> QuorumView:
    """What is made of a broker that gives this reply, then closes."""

    def serve(line: socket.socket) -> None:
        request = line.recv(4096)
        line.sendall(struct.pack(">i", 5 + len(reply)) + request[8:12] + b"\0" + reply)
        line.recv(4096)

    with listening(serve) as address:
        host, _, port = address.partition(":")
        return KafkaQuorum("north", lambda: PLAIN).told(Broker(1, host, int(port)))


def test_what_is_asked_is_the_one_partition_of_the_metadata_log() -> None:
    reader = WireReader(METADATA, flexible=True)
    assert (reader.count(), reader.string(), reader.count()) == (1, "__cluster_metadata", 1)
    assert reader.taken(4) == b"\0\0\0\0"
    for _ in range(3):
        assert reader.tags() == {}
    assert reader.at == len(METADATA)


@pytest.mark.parametrize(
    ("late", "behind"), [(0, False), (BEHIND, False), (BEHIND + 1, True), (NOW + 1, True)], ids=str
)
def test_a_voter_that_was_not_as_far_as_the_leader_lately_is_behind(late: int, behind: bool) -> None:
    found = asked(answer(2, replica(1, NOW), replica(2, NOW), replica(3, NOW - late)))
    assert found == QuorumView(2, 9, frozenset({1, 2, 3}), frozenset({3} if behind else ()))


def test_of_a_leader_that_does_not_tell_its_time_nobody_is_behind() -> None:
    assert asked(answer(2, replica(1, 5), replica(2, -1))).behind == frozenset()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(2, error=31), Forbidden),
        (answer(2, inner=6), Unreachable),
        (answer(2, error=41), Unreachable),
        (answer(-1, replica(1, NOW)), Unreachable),
        (answer(2, inner=3), DrctlError),
        (struct.pack(">h", 0) + b"\x01\0", DrctlError),
        (b"\0\0\x02junk", Unsupported),
    ],
    ids=["denied", "not the leader", "no controller", "nobody leads", "no such topic", "no partition", "junk"],
)
def test_what_is_no_answer_is_an_error_of_ours(reply: bytes, kind: type[DrctlError]) -> None:
    with pytest.raises(DrctlError) as caught:
        asked(reply)
    assert type(caught.value) is kind


def test_an_answer_that_ends_too_early_is_none() -> None:
    whole = answer(2, replica(1, NOW))
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            quorum_in(WireReader(whole[:length], flexible=True))


def test_a_broker_that_closes_or_is_not_there_is_out_of_reach() -> None:
    def closes(line: socket.socket) -> None:
        line.recv(4096)

    with listening(closes) as address:
        host, _, port = address.partition(":")
        with pytest.raises(Unreachable, match="broker 1 does not answer"):
            KafkaQuorum("north", lambda: PLAIN).told(Broker(1, host, int(port)))
