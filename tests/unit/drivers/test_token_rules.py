"""Answers about rules for delegation tokens and users, and what is asked."""

import socket
import struct
from typing import Any

import pytest

from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.token_rules import rules_in
from drctl.drivers.kafka.wire_format import Malformed, WireReader, array, string
from drctl.errors import DrctlError, Forbidden, Unreachable, Unsupported
from drctl.model.access import AclRule
from drctl.model.cluster import Broker
from tests.unit.drivers.test_handshake import listening

PLAIN = {"security.protocol": "PLAINTEXT", "bootstrap.servers": "localhost:1"}
API_VERSIONS, DESCRIBE_ACLS = 18, 29
MAKES = AclRule("User:shop", "*", "CREATE_TOKENS", "USER", "User:pump", "LITERAL", allow=True)
HIDDEN = AclRule("User:shop", "10.0.0.1", "DESCRIBE", "DELEGATION_TOKEN", "*", "LITERAL", allow=False)


def resource(kind: int, name: str, *rules: tuple[str, str, int, int], pattern: int = 3) -> bytes:
    told = [string(who) + string(host) + struct.pack(">bb", *said) + b"\0" for who, host, *said in rules]
    return struct.pack(">b", kind) + string(name) + struct.pack(">b", pattern) + array(told) + b"\0"


def answer(*resources: bytes, error: int = 0) -> bytes:
    return struct.pack(">ih", 0, error) + b"\0" + array(resources) + b"\0"


OF_USERS = resource(7, "User:pump", ("User:shop", "*", 13, 3))
OF_TOKENS = resource(6, "*", ("User:shop", "10.0.0.1", 8, 2))


def test_rules_are_told_in_kafkas_words() -> None:
    assert rules_in(WireReader(answer(OF_USERS, OF_TOKENS), flexible=True)) == (0, frozenset({MAKES, HIDDEN}))


def test_what_a_newer_kafka_may_tell_is_told_by_its_number() -> None:
    raw = answer(resource(9, "x", ("User:shop", "*", 77, 3), pattern=8))
    (found,) = rules_in(WireReader(raw, flexible=True))[1]
    assert (found.kind, found.operation, found.pattern) == ("KIND_9", "OPERATION_77", "PATTERN_8")


def test_an_answer_that_ends_too_early_is_none() -> None:
    whole = answer(OF_USERS, OF_TOKENS)
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            rules_in(WireReader(whole[:length], flexible=True))


def asked(newest: int, *replies: bytes, requests: list[bytes] | None = None) -> frozenset[AclRule]:
    """What is made of a broker that takes requests up to that version, gives these replies, then closes."""

    def serve(line: socket.socket) -> None:
        versions = struct.pack(">hi", 0, 1) + struct.pack(">hhh", DESCRIBE_ACLS, 0, newest)
        for reply in (versions, *replies):
            request = line.recv(4096)
            if requests is not None:
                requests.append(request)
            line.sendall(struct.pack(">i", 4 + len(reply)) + request[8:12] + reply)
        line.recv(4096)

    with listening(serve) as address:
        host, _, port = address.partition(":")
        return KafkaAccess(KafkaSite("north", PLAIN)).token_rules(Broker(1, host, int(port)))


def test_both_kinds_are_asked_for_with_nothing_left_out() -> None:
    requests: list[bytes] = []
    assert asked(3, b"\0" + answer(OF_TOKENS), b"\0" + answer(OF_USERS), requests=requests) == {MAKES, HIDDEN}
    _, tokens, users = requests
    for request, kind in ((tokens, 6), (users, 7)):
        assert struct.unpack(">hh", request[4:8]) == (DESCRIBE_ACLS, 3)
        assert request.endswith(b"drctl\0" + bytes([kind, 0, 1, 0, 0, 1, 1, 0]))


def test_a_broker_that_knows_no_rules_about_users_is_asked_for_those_about_tokens() -> None:
    assert asked(2, b"\0" + answer(OF_TOKENS)) == {HIDDEN}


@pytest.mark.parametrize(
    ("newest", "replies", "kind"),
    [
        (3, [b"\0" + answer(error=31)], Forbidden),
        (3, [b"\0" + answer(error=54)], DrctlError),
        (3, [b"\0junk"], Unsupported),
        (1, [], Unsupported),
    ],
    ids=["denied", "no authorizer", "no answer", "too old"],
)
def test_what_is_no_answer_is_an_error_of_ours(newest: int, replies: list[Any], kind: type[DrctlError]) -> None:
    with pytest.raises(kind):
        asked(newest, *replies)


def test_a_broker_that_is_not_there_is_out_of_reach() -> None:
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="broker 1 does not answer"):
        KafkaAccess(KafkaSite("north", PLAIN)).token_rules(Broker(1, "localhost", port))
