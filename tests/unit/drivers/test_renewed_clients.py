"""Clients of a renewed login on librdkafka's own cluster; brokers that reject a certificate behind the handshake."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.raw import connected
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Unauthenticated
from drctl.lab.certificates import Authority
from tests.unit.drivers.mock_cluster import MockCluster, mock_cluster
from tests.unit.drivers.test_login import REJECTED


class Named:
    """A login without secrets on a cluster that asks for none; the name of its clients tells which one it is."""

    def __init__(self, servers: str) -> None:
        self.servers, self.name = servers, "first"

    def ask(self) -> dict[str, str]:
        return {"bootstrap.servers": self.servers, "client.id": self.name}


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster(1) as running:
        running.create("orders", 1)
        yield running


@pytest.fixture
def login(cluster: MockCluster, monkeypatch: pytest.MonkeyPatch) -> Named:
    monkeypatch.setattr("drctl.drivers.kafka.login.LOOK", 0.0)
    return Named(cluster.servers)


@pytest.mark.parametrize("doubted", [False, True])
def test_clients_of_a_renewed_login_take_the_place_of_the_former_ones(login: Named, doubted: bool) -> None:
    with closing(KafkaSite("north", login.ask, doubted=doubted)) as site:
        admin = site.admin()
        with site.borrow() as consumer:
            assert site.admin() is admin
        with site.borrow() as again:
            assert again is consumer
        login.name = "second"
        site.causes.heard(REJECTED)
        assert site.admin() is not admin
        assert site.admin() is site.admin()
        with site.borrow() as other:
            assert other is not consumer
        assert site.config["client.id"] == "second"
        assert "orders" in KafkaBrokers(site).names()
        with pytest.raises(RuntimeError, match="closed"):
            consumer.assignment()


def test_a_consumer_that_was_lent_while_the_login_was_renewed_is_not_lent_again(login: Named) -> None:
    with closing(KafkaSite("north", login.ask)) as site:
        with site.borrow() as consumer:
            login.name = "second"
            site.causes.heard(REJECTED)
            site.admin()
        with site.borrow() as other:
            assert other is not consumer


def test_a_client_of_another_kind_is_made_with_the_renewed_login(login: Named) -> None:
    with closing(KafkaSite("north", login.ask)) as site:
        former = site.login
        login.name = "second"
        former.causes.heard(REJECTED)
        made = site.client(Producer, {"linger.ms": 0})
        made.produce("orders", b"one")
        assert not made.flush(30)
        assert site.is_outdated(former)
        assert not site.is_outdated(site.login)


def test_a_broker_that_rejects_a_certificate_behind_the_handshake_rejects_the_login(tmp_path: Path) -> None:
    """With TLS 1.3 the client's handshake is over by then; nothing that was asked for is done."""
    now = SystemClock().now()
    trusted, foreign = (Authority.create(name, tmp_path / name, now) for name in ("trusted", "foreign"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(trusted.issue("broker", tmp_path / "trusted"))
    context.load_verify_locations(trusted.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    own = str(foreign.issue("drctl", tmp_path / "foreign"))
    settings = {"security.protocol": "SSL", "ssl.ca.location": str(trusted.certificate)}
    settings |= {"ssl.certificate.location": own, "ssl.key.location": own}
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            # Open until the client has closed: a client that wrote to a closed connection could lose the alert.
            with line.dup() as kept_open:
                with suppress(ssl.SSLError), context.wrap_socket(line, server_side=True):
                    pass
                while kept_open.recv(1024):
                    pass

        serving = threading.Thread(target=serve)
        serving.start()
        with (
            pytest.raises(Unauthenticated, match="TLS fails"),
            connected("the broker", "localhost", listener.getsockname()[1], settings, 10),
        ):
            pass
        serving.join()
