"""The client's side of SCRAM (RFC 5802), as Kafka speaks it: no channel binding, names and passwords in UTF-8."""

import base64
import binascii
import hashlib
import hmac
import secrets

HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
MOST = 1_000_000
"""Iterations that a server may ask for: Kafka takes up to 16384, and each costs time here."""


class ScramRejected(ValueError):
    """Say that the server's words are not those of one that knows the password."""


class Scram:
    """One login: :meth:`first`, then :meth:`final` with the server's answer, then :meth:`verify` with its last word."""

    def __init__(self, mechanism: str, user: str, password: str, *, nonce: str = "") -> None:
        self._hash = HASHES[mechanism]
        self._password = password
        self._nonce = nonce or secrets.token_urlsafe(24)
        self._bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={self._nonce}"
        self._signature = b""

    def first(self) -> bytes:
        """The first message."""
        return f"n,,{self._bare}".encode()

    def final(self, answer: bytes) -> bytes:
        """The proof that we know the password, for the server's challenge."""
        told = _parts(answer)
        try:
            nonce, salt, count = told["r"], base64.b64decode(told["s"], validate=True), int(told["i"])
        except (KeyError, binascii.Error, ValueError):
            raise ScramRejected("its challenge cannot be read") from None
        if not nonce.startswith(self._nonce) or nonce == self._nonce or not 0 < count <= MOST:
            raise ScramRejected("its challenge is not for us")
        salted = hashlib.pbkdf2_hmac(self._hash, self._password.encode(), salt, count)
        key = self._sign(salted, b"Client Key")
        bare = f"c=biws,r={nonce}"
        everything = f"{self._bare},{answer.decode()},{bare}".encode()
        mask = self._sign(hashlib.new(self._hash, key).digest(), everything)
        self._signature = self._sign(self._sign(salted, b"Server Key"), everything)
        proof = bytes(one ^ other for one, other in zip(key, mask, strict=True))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, answer: bytes) -> None:
        """Raise ScramRejected unless the server has shown that it knows the password, too."""
        told = base64.b64encode(self._signature)
        if not self._signature or not hmac.compare_digest(_parts(answer).get("v", "").encode(), told):
            raise ScramRejected("it has not shown that it knows the password")

    def _sign(self, key: bytes, text: bytes) -> bytes:
        return hmac.new(key, text, self._hash).digest()


def _parts(message: bytes) -> dict[str, str]:
    try:
        words = message.decode().split(",")
    except UnicodeDecodeError:
        raise ScramRejected("its words are no text") from None
    parts = [word.partition("=") for word in words]
    return {name: value for name, sign, value in parts if sign}
