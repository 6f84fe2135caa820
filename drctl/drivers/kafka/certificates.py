"""Certificates in client properties: brought into the shape librdkafka reads, and checked before anything connects."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from drctl.errors import Unauthenticated

BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def lines(pem: str) -> str:
    """Inline PEM as OpenSSL wants it: Kafka also takes it with blanks, or nothing, where line ends belong.

    ValueError if nothing is left of it, or a part of it has no end.
    """
    blocks = []
    for kind, body in BLOCK.findall(pem):
        letters = "".join(body.split())
        rows = [letters[at : at + 64] for at in range(0, len(letters), 64)]
        blocks.append("\n".join([f"-----BEGIN {kind}-----", *rows, f"-----END {kind}-----", ""]))
    if not blocks or len(blocks) != pem.count("-BEGIN"):
        raise ValueError("it has no PEM, or a part without an end")
    return "".join(blocks)


def whole(pem: bytes) -> list[x509.Certificate]:
    """Every certificate in PEM text. ValueError if there is none, or if one is cut off or mangled.

    OpenSSL reads up to the first that it cannot read and says nothing of the rest; with none at all librdkafka trusts
    the authorities of the system.
    """
    found = x509.load_pem_x509_certificates(pem)
    if len(found) != len(re.findall(rb"-BEGIN (?:X509 )?CERTIFICATE-", pem)):
        raise ValueError("a certificate is cut off")
    return found


def from_pkcs12(store: bytes, password: str) -> tuple[x509.Certificate | None, str]:
    """A PKCS12 store's own certificate, if it has one with its key, and its other certificates as PEM.

    ValueError if the password does not open it.
    """
    try:
        opened = pkcs12.load_pkcs12(store, password.encode() or None)
    except (UnsupportedAlgorithm, TypeError) as error:
        raise ValueError(str(error)) from error
    others = "".join(each.certificate.public_bytes(Encoding.PEM).decode() for each in opened.additional_certs)
    return (opened.cert.certificate if opened.cert and opened.key else None), others


def refuse_out_of_date(where: Path, certificates: Iterable[x509.Certificate]) -> None:
    """Raise Unauthenticated, naming subject and date, for the first certificate that is not valid today."""
    today = datetime.now(UTC)  # noqa: TID251 - certificates live by the wall clock
    for each in certificates:
        subject = each.subject.rfc4514_string()
        if each.not_valid_after_utc < today:
            until = each.not_valid_after_utc.isoformat()
            raise Unauthenticated(f"{where}: the certificate of {subject} expired at {until}", remedy="renew it")
        if each.not_valid_before_utc > today:
            since = each.not_valid_before_utc.isoformat()
            raise Unauthenticated(
                f"{where}: the certificate of {subject} is not valid before {since}",
                remedy="check this machine's clock, or wait",
            )
