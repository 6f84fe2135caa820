"""The first answer of a site: that nobody is there is told at once to who only looks, and who acts tries again."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from confluent_kafka import KafkaError, KafkaException

from drctl.drivers.kafka.connecting import all_addresses_refuse, first_answer
from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Unreachable


class Ports:
    """Addresses of this machine that are nobody else's."""

    def __init__(self, sockets: ExitStack) -> None:
        self._sockets = sockets

    def refusing(self) -> str:
        return self._bound()[0]

    def listening(self) -> str:
        address, line = self._bound()
        line.listen()
        return address

    def silent(self) -> str:
        """One whose queue is full, so that it neither takes a connection nor refuses it."""
        address, line = self._bound()
        line.listen(0)
        for _ in range(4):
            waiting = self._sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(line.getsockname())
        return address

    def _bound(self) -> tuple[str, socket.socket]:
        line = self._sockets.enter_context(socket.socket())
        line.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{line.getsockname()[1]}", line


@pytest.fixture
def ports() -> Iterator[Ports]:
    with ExitStack() as sockets:
        yield Ports(sockets)


class Starting:
    """A client that gets its answer at the third try, and is told of each connection that it does not get."""

    def __init__(self, servers: str, *, is_told: bool = True) -> None:
        self.causes = Causes("north", servers, "user drctl")
        self.is_told, self.tries = is_told, 0

    def list_topics(self, topic: str, timeout: float) -> None:
        self.tries += 1
        if self.tries < 3:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    def poll(self, timeout: float) -> None:
        if self.is_told:
            self.causes.heard(KafkaError(KafkaError._TRANSPORT, "Connection refused"))

    def asked(self, *, looking: bool) -> int:
        """How many tries it took."""
        first_answer(self, self.causes, 60, lambda: False, looking=looking)
        return self.tries


def test_who_only_looks_is_told_at_once_that_nobody_is_there(ports: Ports) -> None:
    client = Starting(f"{ports.refusing()}, {ports.refusing()}")
    with pytest.raises(Unreachable, match=r"^site north: cannot connect: connections are refused \(127\.0\.0\.1:"):
        client.asked(looking=True)
    assert client.tries == 1


def test_who_acts_tries_again_since_brokers_that_start_refuse_for_a_moment(ports: Ports) -> None:
    assert Starting(ports.refusing()).asked(looking=False) == 3


def test_as_long_as_one_address_does_not_refuse_its_answer_is_waited_for(ports: Ports) -> None:
    assert Starting(f"{ports.refusing()},{ports.listening()}").asked(looking=True) == 3


def test_nobody_is_asked_twice_whose_answer_is_only_late(ports: Ports) -> None:
    assert Starting(ports.refusing(), is_told=False).asked(looking=True) == 3


def test_an_address_that_is_silent_does_not_refuse(ports: Ports) -> None:
    assert not all_addresses_refuse(ports.silent(), 0.05)


@pytest.mark.parametrize("other", [f"{'x' * 64}:1", "127.0.0.1", ""], ids=["no name", "no port", "nothing"])
def test_what_is_no_address_refuses_nothing(ports: Ports, other: str) -> None:
    refusing = ports.refusing()
    assert all_addresses_refuse(refusing)
    assert all_addresses_refuse(f"PLAINTEXT://{refusing}")
    assert not all_addresses_refuse(f"{refusing},{other}")


def test_the_client_itself_tells_of_the_connection_that_it_did_not_get(ports: Ports) -> None:
    site = KafkaSite("north", {"bootstrap.servers": ports.refusing()}, doubted=True, looking=True)
    try:
        with pytest.raises(Unreachable, match="connections are refused"):
            site.admin()
    finally:
        site.close()
