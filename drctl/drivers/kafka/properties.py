"""Kafka's own client properties files, read for librdkafka.

The format is Java's (``java.util.Properties``): comments with ``#`` or ``!``, continuation lines, ``=``, ``:`` or blank
between key and value. Settings of the security layer are translated; other settings pass under their own name where
librdkafka has one and are left out where only the Java client knows them.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from cryptography import x509

from drctl.errors import ConfigInvalid, Unauthenticated

JAAS = re.compile(r"""(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))""")
PASSED = frozenset({"security.protocol", "client.id", "sasl.mechanism", "request.timeout.ms", "client.dns.lookup"})
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def load(path: Path) -> dict[str, str]:
    """Librdkafka's configuration for a client properties file.

    Raises ConfigInvalid naming file, line and remedy; Unauthenticated if a client certificate in it has expired.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(
            f"{path}: cannot be read: {error}", remedy="name a readable client properties file"
        ) from error
    java = {key: (value, line) for line, key, value in parse(text)}
    if not java:
        raise ConfigInvalid(f"{path}: no setting in it", remedy="put Kafka client settings into it, key=value per line")
    return _Translation(path, java).librdkafka()


def parse(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, key and value of every setting, as ``java.util.Properties`` reads them."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, raw in lines:
        line = raw.lstrip()
        if not line or line[0] in "#!":
            continue
        while len(line) - len(line.rstrip("\\")) & 1:
            line = line[:-1] + next(lines, (0, ""))[1].lstrip()
        key = re.match(r"(?:\\.|[^\\=:\s])*", line)
        rest = line[key.end() :] if key else ""
        value = re.sub(r"^\s*[=:]?\s*", "", rest)
        yield number, _unescape(key.group() if key else ""), _unescape(value)


def _unescape(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        word = match.group(1)
        return chr(int(word[1:], 16)) if len(word) == 5 else ESCAPES.get(word, word)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", plain, text)


class _Translation:
    def __init__(self, path: Path, java: dict[str, tuple[str, int]]) -> None:
        self.path = path
        self.java = java

    def librdkafka(self) -> dict[str, str]:
        protocol = self.get("security.protocol", "PLAINTEXT").upper()
        if protocol not in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"):
            self.refuse("security.protocol", "is none of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL", "use one of these")
        settings = {key: value for key, (value, _) in self.java.items() if key in PASSED}
        settings["security.protocol"] = protocol
        if protocol.endswith("SSL"):
            settings |= self.trust() | self.identity()
            if "ssl.endpoint.identification.algorithm" in self.java:
                settings["ssl.endpoint.identification.algorithm"] = (
                    self.get("ssl.endpoint.identification.algorithm") or "none"
                )
        if protocol.startswith("SASL"):
            settings |= self.login()
        return settings

    def trust(self) -> dict[str, str]:
        if "ssl.truststore.certificates" in self.java:
            return {"ssl.ca.pem": self.get("ssl.truststore.certificates")}
        if "ssl.truststore.location" not in self.java:
            return {}
        self.pem_or_refuse("ssl.truststore.type", "ssl.truststore.location", accepted=("PEM",))
        return {"ssl.ca.location": str(self.file("ssl.truststore.location"))}

    def identity(self) -> dict[str, str]:
        secret = {"ssl.key.password": self.get("ssl.key.password")} if "ssl.key.password" in self.java else {}
        if "ssl.keystore.key" in self.java:
            chain = self.get("ssl.keystore.certificate.chain")
            return {"ssl.key.pem": self.get("ssl.keystore.key"), "ssl.certificate.pem": chain, **secret}
        if "ssl.keystore.location" not in self.java:
            return {}
        kind = self.pem_or_refuse("ssl.keystore.type", "ssl.keystore.location", accepted=("PEM", "PKCS12"))
        store = self.file("ssl.keystore.location")
        if kind == "PKCS12":
            word = self.get("ssl.keystore.password")
            return {"ssl.keystore.location": str(store), "ssl.keystore.password": word}
        self.refuse_expired(store)
        return {"ssl.key.location": str(store), "ssl.certificate.location": str(store), **secret}

    def login(self) -> dict[str, str]:
        mechanism = self.get("sasl.mechanism", "GSSAPI").upper()
        if mechanism not in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
            self.refuse("sasl.mechanism", f"{mechanism} is not supported", "use SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN")
        words = {m[1]: m[2] or m[3] or m[4] or "" for m in JAAS.finditer(self.get("sasl.jaas.config"))}
        if not words.get("username") or "password" not in words:
            example = '… ScramLoginModule required username="…" password="…";'
            self.refuse("sasl.jaas.config", "names no username and password", f"write it as: {example}")
        plain = {key: re.sub(r"\\(.)", r"\1", words[key]) for key in ("username", "password")}
        return {"sasl.mechanism": mechanism, "sasl.username": plain["username"], "sasl.password": plain["password"]}

    def pem_or_refuse(self, kind_key: str, place_key: str, *, accepted: tuple[str, ...]) -> str:
        kind = self.get(kind_key, "JKS").upper()
        if kind not in accepted:
            remedy = f"convert it with keytool or openssl, and set {kind_key}={accepted[-1]}"
            self.refuse(place_key, f"is a {kind} store, which librdkafka cannot read", remedy)
        return kind

    def file(self, key: str) -> Path:
        place = self.path.parent / self.get(key)
        if not place.is_file():
            self.refuse(key, f"names {place}, which is no file", "name an existing file; relative ones start here")
        return place

    def refuse_expired(self, store: Path) -> None:
        try:
            first = x509.load_pem_x509_certificates(store.read_bytes())[0]
        except ValueError:
            self.refuse("ssl.keystore.location", f"{store} holds no PEM certificate", "put key and certificate into it")
        if first.not_valid_after_utc < datetime.now(UTC):  # noqa: TID251 - certificates live by the wall clock
            until = first.not_valid_after_utc.isoformat()
            subject = first.subject.rfc4514_string()
            raise Unauthenticated(f"{store}: the certificate of {subject} expired at {until}", remedy="renew it")

    def get(self, key: str, default: str = "") -> str:
        return self.java.get(key, (default, 0))[0]

    def refuse(self, key: str, what: str, remedy: str) -> NoReturn:
        line = self.java.get(key, ("", 0))[1]
        raise ConfigInvalid(
            f"{self.path}:{line}: {key} {what}" if line else f"{self.path}: {key} {what}", remedy=remedy
        )
