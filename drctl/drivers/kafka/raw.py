"""Requests to one broker that the client library has no call for: connected, encrypted and logged in as that would be.

Nothing of the login is written anywhere: OpenSSL reads a client's key from memory by a descriptor.
"""

import os
import socket
import ssl
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from drctl.drivers.kafka.scram import HASHES, Scram, ScramRejected
from drctl.drivers.kafka.wire_format import INT16, INT32, Malformed, WireReader
from drctl.errors import Unauthenticated, Unreachable, Unsupported

# Keys of Kafka's requests, as its protocol guide lists them.
SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 17, 18, 36
LARGEST = 100 << 20
"""Bytes of an answer that are taken in: as many as a broker takes of a request (``socket.request.max.bytes``)."""

IDENTITY = ("ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location")
"""Settings that a client certificate is in."""
STRANGER = "see who answers at that address: it has to be a broker of Kafka's"

type Settings = Mapping[str, Any]


class RawConnection:
    """One connection to one broker; requests have until a deadline. Settings are those of librdkafka."""

    def __init__(self, name: str, line: socket.socket, until: float) -> None:
        """``until`` is monotonic time, in seconds."""
        self.name, self._line = name, line
        self._number, self._until = 0, until

    def give(self, seconds: float) -> None:
        """Let all further requests have that long, together."""
        self._until = time.monotonic() + seconds

    def ask(self, api: int, version: int, body: bytes, *, flexible: bool = False) -> WireReader:
        """An answer, behind its header. Unreachable where none comes, Unsupported where it is none of Kafka's."""
        self._number += 1
        # The client id is told as "drctl", so that a broker's request log and quotas show whose requests
        # these are.
        head = struct.pack(">hhih", api, version, self._number, 5) + b"drctl" + (b"\0" if flexible else b"")
        try:
            self._line.settimeout(_left(self._until))
            self._line.sendall(INT32.pack(len(head) + len(body)) + head + body)
            length = INT32.unpack(self._exactly(4))[0]
            # Before anything is read into memory: a port that speaks another protocol answers with letters
            # that make a length of gigabytes.
            if not 4 <= length <= LARGEST:
                raise Malformed("no answer has that size")
            answer = WireReader(self._exactly(length), flexible=flexible)
            # Answers come in the order of requests; one that is late from before a timeout would be taken
            # for the next one's.
            if answer.number(INT32) != self._number:
                raise Malformed("it answers another request")
            answer.tags()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise Unreachable(f"{self.name} closed the connection", remedy="check that it runs") from error
        except ssl.SSLError as error:
            # With TLS 1.3 a broker says only behind the handshake that it does not take our certificate.
            said = f"{self.name}: TLS fails: {_said(error)}"
            raise Unauthenticated(said, remedy="check key and certificate in the keystore or secret") from error
        except OSError as error:
            raise Unreachable(f"{self.name} does not answer: {_said(error)}", remedy="check that it runs") from error
        except Malformed as error:
            raise Unsupported(f"{self.name}: its answer is not one of Kafka's: {error}", remedy=STRANGER) from error
        return answer

    def newest(self, api: int) -> int:
        """The newest version of a request that the broker takes. Unsupported where it takes none."""
        told = self.ask(API_VERSIONS, 0, b"")
        try:
            error = told.number(INT16)
            versions = [(told.number(INT16), told.number(INT16), told.number(INT16)) for _ in range(told.count())]
        except Malformed as malformed:
            said = f"{self.name}: its answer is not one of Kafka's: {malformed}"
            raise Unsupported(said, remedy=STRANGER) from malformed
        found = [most for key, _, most in versions if key == api]
        if error or not found:
            raise Unsupported(f"{self.name}: takes no request {api} (error {error})", remedy="update its brokers")
        return found[0]

    def log_in(self, settings: Settings) -> None:
        """Log in by SASL as the settings say. Unauthenticated where either side is not who it should be."""
        mechanism = str(settings.get("sasl.mechanism", "")).upper()
        user, password = str(settings.get("sasl.username", "")), str(settings.get("sasl.password", ""))
        if mechanism not in (*HASHES, "PLAIN"):
            said = f"{self.name}: a login by {mechanism or 'no mechanism'} is not known here"
            raise Unsupported(said, remedy="use SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN as sasl.mechanism")
        told = self.ask(SASL_HANDSHAKE, 1, INT16.pack(len(mechanism)) + mechanism.encode())
        if told.number(INT16):
            raise Unauthenticated(f"{self.name} takes no login by {mechanism}", remedy="correct sasl.mechanism")
        if mechanism == "PLAIN":
            self._say(f"\0{user}\0{password}".encode())
            return
        login = Scram(mechanism, user, password)
        try:
            login.verify(self._say(login.final(self._say(login.first()))))
        except ScramRejected as error:
            raise Unauthenticated(f"{self.name}: {error}", remedy="see who answers at that address") from error

    def _say(self, words: bytes) -> bytes:
        answer = self.ask(SASL_AUTHENTICATE, 1, INT32.pack(len(words)) + words)
        error = answer.number(INT16)
        answer.optional_string()
        if error:
            remedy = "correct user and password in its client properties"
            raise Unauthenticated(f"{self.name} rejects the login (error {error})", remedy=remedy)
        return answer.binary()

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            # The time that is left, again for each piece: a broker that sends a byte now and then must not
            # hold us without end.
            self._line.settimeout(_left(self._until))
            more = self._line.recv(count - len(found))
            if not more:
                raise ConnectionResetError("it closed the connection")
            found += more
        return found


@contextmanager
def connected(name: str, host: str, port: int, settings: Settings, seconds: float) -> Iterator[RawConnection]:
    """A connection that is encrypted and logged in as the settings say; it has so long with what is asked first."""
    protocol, until = str(settings.get("security.protocol", "PLAINTEXT")).upper(), time.monotonic() + seconds
    try:
        with socket.create_connection((host, port), timeout=seconds) as plain:
            if protocol.endswith("SSL"):
                plain.settimeout(_left(until))
                with _context(settings).wrap_socket(plain, server_hostname=host) as line:
                    yield _logged_in(name, line, settings, protocol, until)
            else:
                yield _logged_in(name, plain, settings, protocol, until)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise Unreachable(f"{name} closed the connection", remedy="check that it runs") from error
    except ssl.SSLError as error:
        said = f"{name}: TLS fails: {_said(error)}"
        raise Unauthenticated(said, remedy="check its certificate, and the truststore and keystore") from error
    except OSError as error:
        raise Unreachable(f"{name} does not answer: {_said(error)}", remedy="check that it runs") from error


def _logged_in(name: str, line: socket.socket, settings: Settings, protocol: str, until: float) -> RawConnection:
    found = RawConnection(name, line, until)
    if protocol.startswith("SASL"):
        found.log_in(settings)
    elif protocol == "SSL" and any(key in settings for key in IDENTITY):
        # So that a certificate which is rejected is known before anything is asked that changes something.
        found.ask(API_VERSIONS, 0, b"")
    return found


def _context(settings: Settings) -> ssl.SSLContext:
    """Trust and identity as the settings say; a host's name is checked unless they say that it is not."""
    context = ssl.create_default_context(
        cafile=settings.get("ssl.ca.location") or None, cadata=settings.get("ssl.ca.pem") or None
    )
    if str(settings.get("ssl.endpoint.identification.algorithm", "https")).lower() == "none":
        context.check_hostname = False
    # Stricter than the client that all else is done with, this one would call a site unreachable that
    # works.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # librdkafka takes authorities that lack an extension, too
    secret = settings.get("ssl.key.password")
    if file := settings.get("ssl.certificate.location"):
        context.load_cert_chain(str(file), str(settings.get("ssl.key.location") or file), secret)
    elif "ssl.certificate.pem" in settings:
        _load(context, f"{settings['ssl.key.pem']}\n{settings['ssl.certificate.pem']}".encode(), secret)
    elif file := settings.get("ssl.keystore.location"):
        _load(context, _unpacked(str(file), str(settings.get("ssl.keystore.password", ""))), None)
    return context


def _unpacked(file: str, password: str) -> bytes:
    store = pkcs12.load_pkcs12(Path(file).read_bytes(), password.encode() or None)
    if store.key is None or store.cert is None:
        raise Unsupported(f"{file}: holds no key with its certificate")
    chain = [store.cert.certificate, *(each.certificate for each in store.additional_certs)]
    key = store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def _load(context: ssl.SSLContext, pem: bytes, password: str | None) -> None:
    if not hasattr(os, "memfd_create"):
        raise Unsupported("this system has no files in memory, and a key is written to no disk")
    descriptor = os.memfd_create("drctl")
    try:
        os.write(descriptor, pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=password)
    finally:
        os.close(descriptor)


def _left(until: float) -> float:
    return max(0.05, until - time.monotonic())


def _said(error: OSError) -> str:
    return str(error.strerror or error)
