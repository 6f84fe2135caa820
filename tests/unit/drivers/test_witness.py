"""A witness that is none, or whose word cannot be read."""

import pytest

from drctl.drivers.witness.service import ServiceWitness
from drctl.errors import Unreachable, Unsupported
from tests.unit.drivers.api_server import deaf, serving


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {}),
        (200, {}),
        (200, []),
        (200, {"sites": {"north": [{"part": "brokers", "met": True}]}}),
        (200, {"sites": {"north": [{"part": "brokers", "met": True, "seenAt": "2026-01-01T00:00:00"}]}}),
        (200, {"sites": {"north": [{"part": "brokers", "met": "yes", "seenAt": "2026-01-01T00:00:00Z"}]}}),
        (200, {"sites": {"north": [{"part": "brokers", "met": 1, "seenAt": "2026-01-01T00:00:00Z"}]}}),
    ],
)
def test_what_is_no_drctl_service_is_not_believed(status: int, body: object) -> None:
    with serving() as server:
        server.say(status, body)
        witness = ServiceWitness("west", f"http://localhost:{server.port}")
        with pytest.raises(Unsupported, match="no drctl service"):
            witness.sightings()
        witness.close()


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"sites": {}, "sites": {}}', b'{"sites": {}, "x": 1e999}', b"\xff\xfe", b" " * (1 << 21)]
)
def test_an_answer_without_bounds_is_no_witness_s(body: bytes) -> None:
    with serving() as server:
        server.answers.append((200, "application/json", body))
        witness = ServiceWitness("west", f"http://localhost:{server.port}")
        with pytest.raises(Unsupported, match="no drctl service"):
            witness.sightings()
        witness.close()


def test_a_witness_that_could_not_look_says_so() -> None:
    with serving() as server:
        seen = {"part": "brokers", "met": None, "seenAt": "2026-01-01T00:00:00+00:00", "unknown": "no route"}
        server.say(200, {"sites": {"north": [seen]}})
        witness = ServiceWitness("west", f"http://localhost:{server.port}/")
        (told,) = witness.sightings()["north"]
        witness.close()
    assert (told.met.known, told.met.unknown, told.vantage) == (False, "no route", "west")


def test_nobody_there_is_out_of_reach() -> None:
    with deaf() as port:
        pass
    witness = ServiceWitness("west", f"http://localhost:{port}")
    with pytest.raises(Unreachable, match="witness west"):
        witness.sightings()
    witness.close()
