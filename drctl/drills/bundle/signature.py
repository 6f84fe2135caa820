"""Ed25519 keys and signatures of manifests.

``openssl genpkey -algorithm ed25519`` makes a key, ``openssl pkey -pubout`` its public half. A signature covers the
bytes of ``manifest.json`` and nothing else, so OpenSSL can check it, too.
"""

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from drctl.config.documents import contents
from drctl.errors import ConfigInvalid

LARGEST = 1 << 16
"""Bytes of a key file: a key has about a hundred."""


def private_key(path: Path) -> Ed25519PrivateKey:
    """The key in a PEM file (PKCS #8). ConfigInvalid, which shows nothing of it, for whatever else is there."""
    remedy = "make one with: openssl genpkey -algorithm ed25519 -out KEYFILE"
    try:
        found = load_pem_private_key(_contents(path, remedy), None)
    except TypeError as error:
        raise ConfigInvalid(f"{path}: the key is encrypted", remedy="decrypt it with: openssl pkey") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigInvalid(f"{path}: holds no private key in PEM", remedy=remedy) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise ConfigInvalid(f"{path}: the key is not an Ed25519 key", remedy=remedy)
    return found


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file. ConfigInvalid for whatever else is there."""
    remedy = "get the public half of the signing key: openssl pkey -in KEYFILE -pubout"
    try:
        found = load_pem_public_key(_contents(path, remedy))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigInvalid(f"{path}: holds no public key in PEM", remedy=remedy) from error
    if not isinstance(found, Ed25519PublicKey):
        raise ConfigInvalid(f"{path}: the key is not an Ed25519 key", remedy=remedy)
    return found


def identity(key: Ed25519PublicKey) -> str:
    """A public key as hexadecimal digits."""
    return key.public_bytes_raw().hex()


def signed(key: Ed25519PrivateKey, manifest: bytes) -> bytes:
    """The bytes of ``manifest.sig``."""
    return key.sign(manifest).hex().encode() + b"\n"


def is_signed(signer: str, manifest: bytes, signature: bytes) -> bool:
    """Whether these are the bytes of ``manifest.sig`` that the bearer of that key made for these of the manifest."""
    try:
        raw = bytes.fromhex(signature.decode("ascii").removesuffix("\n"))
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer)).verify(raw, manifest)
    except (ValueError, InvalidSignature):
        return False
    return signature == raw.hex().encode() + b"\n"


def _contents(path: Path, remedy: str) -> bytes:
    return contents(path, remedy, largest=LARGEST)
