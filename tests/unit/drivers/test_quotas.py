"""Answers about client quotas, and what is asked."""

import socket
import struct

import pytest

from drctl.drivers.kafka.quotas import KafkaQuotas, quotas_in
from drctl.drivers.kafka.wire_format import Malformed, WireReader, array, string
from drctl.errors import DrctlError, Forbidden, Unreachable, Unsupported
from drctl.model.cluster import Broker
from drctl.model.quotas import ClientQuotas, QuotaEntity
from tests.unit.drivers.test_handshake import listening

PLAIN = {"security.protocol": "PLAINTEXT"}
NULL = b"\0"
SHOP = QuotaEntity((("user", "shop"),))


def entry(entity: dict[str, str | None], values: dict[str, float]) -> bytes:
    whom = [string(kind) + (NULL if name is None else string(name)) + b"\0" for kind, name in entity.items()]
    told = [string(key) + struct.pack(">d", value) + b"\0" for key, value in values.items()]
    return array(whom) + array(told) + b"\0"


def answer(*entries: bytes, error: int = 0) -> bytes:
    return struct.pack(">ih", 0, error) + NULL + array(entries) + b"\0"


def test_quotas_are_told_by_whom_they_are_for() -> None:
    raw = answer(
        entry({"user": "shop"}, {"producer_byte_rate": 1048576.0}),
        entry({"user": None, "client-id": None}, {"request_percentage": 12.5, "consumer_byte_rate": 2e6}),
    )
    assert quotas_in(WireReader(raw, flexible=True)) == (
        0,
        {
            SHOP: {"producer_byte_rate": 1048576.0},
            QuotaEntity((("client-id", None), ("user", None))): {"request_percentage": 12.5, "consumer_byte_rate": 2e6},
        },
    )


def test_an_answer_that_ends_too_early_is_none() -> None:
    whole = answer(entry({"user": "shop"}, {"producer_byte_rate": 1.0}))
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            quotas_in(WireReader(whole[:length], flexible=True))


def asked(reply: bytes, requests: list[bytes] | None = None) -> ClientQuotas:
    """What is made of a broker that gives this reply, then closes."""

    def serve(line: socket.socket) -> None:
        request = line.recv(4096)
        if requests is not None:
            requests.append(request)
        line.sendall(struct.pack(">i", 4 + len(reply)) + request[8:12] + reply)
        line.recv(4096)

    with listening(serve) as address:
        host, _, port = address.partition(":")
        return KafkaQuotas("north", lambda: PLAIN).told(Broker(1, host, int(port)))


def test_every_quota_is_asked_for_in_version_1() -> None:
    requests: list[bytes] = []
    reply = b"\0" + answer(entry({"user": "shop"}, {"producer_byte_rate": 1.0}))
    assert asked(reply, requests) == {SHOP: {"producer_byte_rate": 1.0}}
    (request,) = requests
    assert struct.unpack(">hh", request[4:8]) == (48, 1)
    assert request.endswith(b"drctl" + b"\0" + b"\x01\x00\x00"), "no component, not strict, no tagged field"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"\0" + answer(error=31), Forbidden),
        (b"\0" + answer(error=35), DrctlError),
        (b"\0junk", Unsupported),
        (b"", Unsupported),
    ],
)
def test_what_is_no_answer_is_an_error_of_ours(reply: bytes, kind: type[DrctlError]) -> None:
    with pytest.raises(kind):
        asked(reply)


def test_a_broker_that_is_not_there_is_out_of_reach() -> None:
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="broker 1 does not answer"):
        KafkaQuotas("north", lambda: PLAIN).told(Broker(1, "localhost", port))
