"""Certificates that a server presents: told without a login, whatever is wrong with them."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.drivers.kafka.handshake import presented, sent_openly
from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.site_certificates import KafkaCertificates
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Unauthenticated, Unreachable, Unsupported
from drctl.lab.certificates import LASTS, Authority
from drctl.model.upkeep import CertificateUse

NOW = SystemClock().now()
V2, V3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

type Handle = Callable[[socket.socket], None]


@contextmanager
def listening(handle: Handle) -> Iterator[str]:
    """A server of that address, which treats every connection so until the end."""
    with socket.create_server(("localhost", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    handle(line)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"localhost:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def tls(keystore: Path, version: ssl.TLSVersion, *, wants: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """A TLS server's address and how its handshakes ended; ``wants`` is the authority of certificates it demands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keystore)
    context.minimum_version = context.maximum_version = version
    if wants is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(wants)
    ends: list[str] = []

    def shake(line: socket.socket) -> None:
        try:
            with context.wrap_socket(line, server_side=True) as talk:
                talk.recv(1)
            ends.append("done")
        except ssl.SSLEOFError:
            ends.append("left")
        except ssl.SSLError as error:
            ends.append(str(error.reason))
        except OSError:
            ends.append("left")

    with listening(shake) as address:
        yield address, ends


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create("north", tmp_path, NOW)


def of(address: str) -> KafkaCertificates:
    settings = {"security.protocol": "SASL_SSL", "bootstrap.servers": address}
    return KafkaCertificates("north", lambda: settings, {})


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize(("version", "told"), [(V2, ["CN=broker", "CN=north"]), (V3, ["CN=broker"])])
def test_a_broker_tells_its_certificate_whether_it_demands_one_or_not(
    authority: Authority, tmp_path: Path, version: ssl.TLSVersion, told: list[str], mutual: bool
) -> None:
    keystore = authority.issue("broker", tmp_path)
    with tls(keystore, version, wants=authority.certificate if mutual else None) as (address, ends):
        found = of(address).served(address)
    assert [each.subject for each in found] == told
    assert abs(found[0].not_after - (NOW + LASTS)) < timedelta(seconds=2)
    assert found[0].not_before < NOW
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" not in ends, "the broker would count a failed authentication"


def test_an_expired_certificate_is_told_like_any_other(authority: Authority, tmp_path: Path) -> None:
    with tls(authority.issue("broker", tmp_path, expired=True), V3) as (address, _):
        assert of(address).served(address)[0].not_after < NOW


@pytest.mark.parametrize(
    "handle",
    [lambda line: line.recv(100), lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")],
    ids=["closes", "talks"],
)
def test_who_speaks_no_tls_is_said_to(handle: Handle) -> None:
    with (
        listening(handle) as address,
        pytest.raises(Unsupported, match=r"speaks no TLS .*: (it closes|\w*WRONG_VERSION)"),
    ):
        of(address).served(address)


def test_who_is_silent_is_not_waited_for_long() -> None:
    with listening(lambda line: line.settimeout(0.1)) as address:
        host, _, port = address.partition(":")
        with pytest.raises(OSError):  # noqa: PT011 - any of them is told as an answer that did not come
            presented(host, int(port), 0.01)


def test_nobody_there_is_told_as_such() -> None:
    with socket.create_server(("localhost", 0)) as server:
        address = f"localhost:{server.getsockname()[1]}"
    with pytest.raises(Unreachable, match=f"{address} does not answer"):
        of(address).served(address)


@pytest.mark.parametrize("cut", [0, 4, 9, 40])
def test_a_message_that_is_not_whole_yet_tells_nothing(cut: int) -> None:
    inner = b"\0\0\7" + b"\0\0\4cert"
    message = b"\x0b" + len(inner).to_bytes(3) + inner
    record = b"\x16\x03\x03" + len(message).to_bytes(2) + message
    assert sent_openly(record) == [b"cert"]
    assert sent_openly(record[: min(cut, len(record) - 1)]) == []
    assert sent_openly(b"\x15\x03\x03\0\2\2\x28" + record) == []


def test_without_tls_there_is_no_address_to_ask() -> None:
    settings = {"security.protocol": "SASL_PLAINTEXT", "bootstrap.servers": "north:9092"}
    assert KafkaCertificates("north", lambda: settings, {}).addresses() == ()


def test_every_bootstrap_address_is_asked() -> None:
    assert of("a:1, b:2,[::1]:3").addresses() == ("a:1", "b:2", "[::1]:3")


def test_stores_of_drctl_and_of_the_canary_are_read_each_certificate_once(authority: Authority, tmp_path: Path) -> None:
    def properties(name: str, *, expired: bool = False) -> Path:
        store = authority.issue(name, tmp_path, expired=expired)
        path = tmp_path / f"{name}.properties"
        path.write_text(
            "security.protocol=SSL\nssl.truststore.type=PEM\nssl.keystore.type=PEM\n"
            f"ssl.truststore.location={authority.certificate}\nssl.keystore.location={store}\n"
        )
        return path

    own, canary = properties("drctl"), properties("canary", expired=True)
    with pytest.raises(Unauthenticated):
        load(canary)
    asked = KafkaCertificates("north", lambda: load(own), {"the canary": lambda: load(canary, outdated=True)})
    found = {(each.use, Path(each.place).name, each.certificate.subject) for each in asked.kept()}
    assert found == {
        (CertificateUse.AUTHORITY, "ca.pem", "CN=north"),
        (CertificateUse.CLIENT, "drctl.pem", "CN=drctl"),
        (CertificateUse.AUTHORITY, "drctl.pem", "CN=north"),
        (CertificateUse.CLIENT, "canary.pem", "CN=canary"),
        (CertificateUse.AUTHORITY, "canary.pem", "CN=north"),
    }
    ends = {each.certificate.subject: each.certificate.not_after for each in asked.kept()}
    assert ends["CN=canary"] < NOW < ends["CN=drctl"]
