"""The certificates that a server presents, by a TLS handshake that is never finished.

Everything that is needed comes before the client says who it is. The connection is closed then, so nobody logs in, no
key of ours is used, and the broker counts no failed authentication.
"""

import socket
import ssl
import time

# Types of records and messages of TLS (RFC 5246, 6.2.1 and 7.4); they are the same in 1.3.
HANDSHAKE = 22
CERTIFICATE = 11
CLOSED = "it closes the connection instead of answering in TLS"


def presented(host: str, port: int, seconds: float) -> list[bytes]:
    """The chain that is presented, as DER, the server's own certificate first.

    In TLS 1.2 it is sent in the open, all of it; of a server that wants 1.3 only its own certificate can be had.
    OSError where it does not answer, ssl.SSLError (which is one) where it speaks no TLS.
    """
    try:
        # 1.2 first: there the certificates come before any encryption, with their whole chain.
        return _presented(host, port, seconds, ssl.TLSVersion.TLSv1_2)
    except ssl.SSLError:
        return _presented(host, port, seconds, ssl.TLSVersion.TLSv1_3)


def _presented(host: str, port: int, seconds: float, version: ssl.TLSVersion) -> list[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # An expired certificate, or one of an unknown authority, is what is looked for.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    talk = context.wrap_bio(incoming, outgoing, server_hostname=host)
    heard, deadline = b"", time.monotonic() + seconds
    with socket.create_connection((host, port), timeout=seconds) as line:
        while True:
            try:
                talk.do_handshake()
                break
            except ssl.SSLWantReadError:
                line.settimeout(max(0.05, deadline - time.monotonic()))
                heard += (more := _exchanged(line, outgoing.read()))
            incoming.write(more)
            if chain := sent_openly(heard):
                return chain
    own = talk.getpeercert(binary_form=True)
    return [own] if own else []


def _exchanged(line: socket.socket, said: bytes) -> bytes:
    try:
        line.sendall(said)
        if more := line.recv(1 << 16):
            return more
    except ConnectionError as error:
        raise ssl.SSLError(ssl.SSL_ERROR_EOF, CLOSED) from error
    raise ssl.SSLError(ssl.SSL_ERROR_EOF, CLOSED)


def sent_openly(heard: bytes) -> list[bytes]:
    """The certificates in the first records of a TLS 1.2 server; none where they are not there, or not whole, yet."""
    messages, at = b"", 0
    while len(heard) - at >= 5 and heard[at] == HANDSHAKE:
        length = int.from_bytes(heard[at + 3 : at + 5])
        messages += heard[at + 5 : at + 5 + length]
        at += 5 + length
    while len(messages) >= 4:
        kind, length = messages[0], int.from_bytes(messages[1:4])
        body, messages = messages[4 : 4 + length], messages[4 + length :]
        if len(body) < length:
            break
        if kind == CERTIFICATE:
            return _listed(body[3:])
    return []


def _listed(body: bytes) -> list[bytes]:
    found = []
    while len(body) >= 3:
        length = int.from_bytes(body[:3])
        found.append(body[3 : 3 + length])
        body = body[3 + length :]
    return found
