"""A certificate authority for one lab site, and what it signs: PEM files of mode 0600."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from drctl.drivers.store.files import exclusive

DAY = timedelta(days=1)
LASTS = 90 * DAY
"""Longer than any lab lives, and than the span in which a certificate is told to run out soon."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority; ``certificate`` is the path of its PEM certificate."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: Path
    now: datetime

    @staticmethod
    def create(name: str, folder: Path, now: datetime) -> "Authority":
        """Make a new authority and write its certificate to ``folder/ca.pem``."""
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        authority = Authority(name, key, folder / "ca.pem", now)
        write_secret(authority.certificate, authority._sign(name, key.public_key(), now + LASTS, ca=True))
        return authority

    def issue(
        self,
        common_name: str,
        folder: Path,
        *,
        expired: bool = False,
        organization: str = "",
        hosts: Sequence[str] = (),
        file: str = "",
    ) -> Path:
        """Write a PEM key store (key, certificate, authority) for a broker or client on this machine.

        ``hosts`` are further names and addresses of a server; ``file`` names the file other than its bearer.
        """
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        until = self.now - timedelta(minutes=5) if expired else self.now + LASTS
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{file or common_name}.pem"
        signed = self._sign(common_name, key.public_key(), until, organization=organization, hosts=hosts)
        write_secret(path, pem + signed + self.certificate.read_bytes())
        return path

    def _sign(
        self,
        common_name: str,
        key: ec.EllipticCurvePublicKey,
        until: datetime,
        *,
        ca: bool = False,
        organization: str = "",
        hosts: Sequence[str] = (),
    ) -> bytes:
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
        names.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - DAY)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            here = [_alternative(host) for host in ("localhost", "127.0.0.1", *hosts)]
            usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.SubjectAlternativeName(here), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def write_secret(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # one that is there keeps its mode, and may be a link
    with os.fdopen(exclusive(path), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
