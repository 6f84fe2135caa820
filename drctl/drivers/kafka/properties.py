"""Kafka's own client properties files, read for librdkafka.

The format is Java's (``java.util.Properties``): comments with ``#`` or ``!``, continuation lines, ``=``, ``:`` or blank
between key and value. Settings of the security layer are translated, those in ``PASSED`` mean the same to librdkafka,
and all others are left out: they shape consumers and producers, which drctl shapes itself, or only the Java client has
them (``sasl.client.callback.handler.class``, ``ssl.provider``, ``ssl.engine.factory.class``, ``metric.reporters``, …).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from cryptography import x509

from drctl.drivers.kafka.certificates import from_pkcs12, lines, refuse_out_of_date
from drctl.errors import ConfigInvalid

JAAS = re.compile(r"""(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))""")
PASSED = frozenset(
    {
        "client.dns.lookup",
        "client.id",
        "connections.max.idle.ms",
        "metadata.max.age.ms",
        "metadata.recovery.rebootstrap.trigger.ms",
        "metadata.recovery.strategy",
        "reconnect.backoff.max.ms",
        "reconnect.backoff.ms",
        "request.timeout.ms",
        "socket.connection.setup.timeout.ms",
    }
)
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def load(path: Path) -> dict[str, str]:
    """Librdkafka's configuration for a client properties file.

    Raises ConfigInvalid naming file, line and remedy; Unauthenticated if a client certificate in it has
    expired or is not valid yet.
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
    rows = iter(enumerate(re.split(r"\r\n|\r|\n", text), 1))
    for number, raw in rows:
        line = raw.lstrip()
        if not line or line[0] in "#!":
            continue
        while len(line) - len(line.rstrip("\\")) & 1:
            line = line[:-1] + next(rows, (0, ""))[1].lstrip()
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
        settings = {key: self.get(key) for key in self.java if key in PASSED}
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
            return {"ssl.ca.pem": lines(self.get("ssl.truststore.certificates"))}
        if "ssl.truststore.location" not in self.java:
            return {}
        kind = self.kind("ssl.truststore.type", "ssl.truststore.location")
        store = self.file("ssl.truststore.location")
        if kind == "PKCS12":
            return {"ssl.ca.pem": self.open_pkcs12("ssl.truststore.location", "ssl.truststore.password")[1]}
        return {"ssl.ca.location": str(store)}

    def identity(self) -> dict[str, str]:
        secret = {"ssl.key.password": self.get("ssl.key.password")} if "ssl.key.password" in self.java else {}
        if "ssl.keystore.key" in self.java:
            chain = lines(self.get("ssl.keystore.certificate.chain"))
            self.check(self.path, "ssl.keystore.certificate.chain", chain.encode())
            return {"ssl.key.pem": lines(self.get("ssl.keystore.key")), "ssl.certificate.pem": chain, **secret}
        if "ssl.keystore.location" not in self.java:
            return {}
        kind = self.kind("ssl.keystore.type", "ssl.keystore.location")
        store = self.file("ssl.keystore.location")
        if kind == "PKCS12":
            own, _ = self.open_pkcs12("ssl.keystore.location", "ssl.keystore.password")
            refuse_out_of_date(store, [own] if own else [])
            return {"ssl.keystore.location": str(store), "ssl.keystore.password": self.get("ssl.keystore.password")}
        self.check(store, "ssl.keystore.location", store.read_bytes())
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

    def kind(self, kind_key: str, place_key: str) -> str:
        kind = self.get(kind_key, "JKS").upper()
        if kind not in ("PEM", "PKCS12"):
            remedy = f"convert it with 'keytool -importkeystore -deststoretype PKCS12', and set {kind_key}=PKCS12"
            self.refuse(place_key, f"is a {kind} store, which librdkafka cannot read", remedy)
        return kind

    def file(self, key: str) -> Path:
        place = self.path.parent / self.get(key)
        if not place.is_file():
            self.refuse(key, f"names {place}, which is no file", "name an existing file; relative ones start here")
        return place

    def check(self, where: Path, key: str, pem: bytes) -> None:
        try:
            chain = x509.load_pem_x509_certificates(pem)
        except ValueError:
            self.refuse(key, "holds no PEM certificate", "put the certificate into it, after the key")
        refuse_out_of_date(where, chain)

    def open_pkcs12(self, place_key: str, password_key: str) -> tuple[x509.Certificate | None, str]:
        try:
            return from_pkcs12(self.file(place_key), self.get(password_key))
        except ValueError:
            self.refuse(place_key, "is no PKCS12 store that this password opens", f"correct {password_key}")

    def get(self, key: str, default: str = "") -> str:
        # Kafka trims every value, passwords too.
        return self.java.get(key, (default, 0))[0].strip()

    def refuse(self, key: str, what: str, remedy: str) -> NoReturn:
        line = self.java.get(key, ("", 0))[1]
        raise ConfigInvalid(
            f"{self.path}:{line}: {key} {what}" if line else f"{self.path}: {key} {what}", remedy=remedy
        )
