"""Certificates of one site's brokers, and of the clients that drctl runs there."""

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from drctl.drivers.kafka.certificates import from_pkcs12, whole
from drctl.drivers.kafka.handshake import presented
from drctl.errors import ConfigInvalid, Unreachable, Unsupported
from drctl.model.upkeep import Certificate, CertificateUse, KeptCertificate

ANSWER = 4.0
"""Seconds for a handshake."""
ADDRESS = re.compile(r"(?:\w+://)?(?:\[(?P<v6>[^]]+)\]|(?P<host>[^:/]+)):(?P<port>\d+)")

type Settings = Callable[[], Mapping[str, Any]]
"""Asks for settings as librdkafka takes them."""


class KafkaCertificates:
    """Implements :class:`drctl.ports.Certificates`. ``clients`` are further settings by whose they are."""

    def __init__(self, site: str, own: Settings, clients: Mapping[str, Settings]) -> None:
        self.site, self.own, self.clients = site, own, clients

    def addresses(self) -> tuple[str, ...]:
        settings = self.own()
        if not str(settings.get("security.protocol", "")).upper().endswith("SSL"):
            return ()
        return tuple(each.strip() for each in str(settings["bootstrap.servers"]).split(",") if each.strip())

    def served(self, address: str) -> tuple[Certificate, ...]:
        found = ADDRESS.fullmatch(address)
        if found is None:
            raise ConfigInvalid(f"{address}: is no host and port", remedy="correct kafka.bootstrapServers")
        try:
            chain = presented(found["v6"] or found["host"], int(found["port"]), ANSWER)
            return tuple(_told(x509.load_der_x509_certificate(each)) for each in chain)
        except ssl.SSLError as error:
            said = f"site {self.site}: {address} speaks no TLS that can be understood: {error.strerror or error}"
            raise Unsupported(said, remedy="see which listener that port belongs to") from error
        except OSError as error:
            said = f"site {self.site}: {address} does not answer: {error.strerror or error}"
            raise Unreachable(said, remedy="check that it runs and can be reached from here") from error
        except ValueError as error:
            said = f"site {self.site}: {address} presents a certificate that cannot be read: {error}"
            raise Unsupported(said, remedy="see with 'openssl s_client -connect' what it presents") from error

    def kept(self) -> tuple[KeptCertificate, ...]:
        everybody = {"drctl": self.own, **self.clients}
        try:
            found = [each for who, ask in everybody.items() for each in _kept(who, ask())]
        except (OSError, ValueError) as error:
            said = f"site {self.site}: a keystore or truststore of its clients cannot be read: {error}"
            raise ConfigInvalid(said, remedy="see which file its client properties name") from error
        return tuple(dict.fromkeys(found))


def _kept(who: str, settings: Mapping[str, Any]) -> Iterator[KeptCertificate]:
    trusted, place = _pem(settings, "ssl.ca", f"the truststore of {who}")
    yield from (KeptCertificate(CertificateUse.AUTHORITY, place, _told(each)) for each in trusted)
    for chain, where in (_pem(settings, "ssl.certificate", f"the keystore of {who}"), _store(settings)):
        for number, each in enumerate(chain):
            # Who signed it may stand behind it.
            use = CertificateUse.AUTHORITY if number else CertificateUse.CLIENT
            yield KeptCertificate(use, where, _told(each))


def _pem(settings: Mapping[str, Any], prefix: str, whose: str) -> tuple[Iterable[x509.Certificate], str]:
    if text := settings.get(f"{prefix}.pem"):
        return whole(str(text).encode()), whose
    if file := settings.get(f"{prefix}.location"):
        return whole(Path(str(file)).read_bytes()), str(file)
    return (), whose


def _store(settings: Mapping[str, Any]) -> tuple[Iterable[x509.Certificate], str]:
    file = str(settings.get("ssl.keystore.location", ""))
    if not file:
        return (), ""
    own, _ = from_pkcs12(Path(file).read_bytes(), str(settings.get("ssl.keystore.password", "")))
    return ([own] if own else []), file


def _told(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        certificate.subject.rfc4514_string(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(),
    )
