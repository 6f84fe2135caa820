"""Kafka's own client properties files, read for librdkafka.

The format is Java's (``java.util.Properties``): ISO-8859-1, comments with ``#`` or ``!``, continuation lines, ``=``,
``:`` or blank between key and value, of two lines with one key the last. Settings of the security layer are translated,
those in ``PASSED`` mean the same to librdkafka, and all others are left out: they shape consumers and producers, which
drctl shapes itself, or only the Java client has them (``sasl.client.callback.handler.class``, ``ssl.provider``,
``ssl.engine.factory.class``, ``metric.reporters``, …).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from cryptography import x509

from drctl.config.documents import contents
from drctl.drivers.kafka.certificates import from_pkcs12, lines, refuse_out_of_date, whole
from drctl.drivers.kafka.java import decoded, login_options, parse, trimmed
from drctl.drivers.kafka.limits import PASSED, fitted, misspelt
from drctl.errors import ConfigInvalid
from drctl.redaction import redact_foreign

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SECURING = ("sasl.jaas.config", "sasl.mechanism", "ssl.truststore.", "ssl.keystore.")
ORIGINS = {
    "ssl.ca": ("ssl.truststore.certificates", "ssl.truststore.location"),
    "ssl.key.": ("ssl.keystore.key", "ssl.keystore.location"),
    "Private key": ("ssl.keystore.key", "ssl.keystore.location"),
    "ssl.certificate.": ("ssl.keystore.certificate.chain", "ssl.keystore.location"),
    "ssl.keystore.": ("ssl.keystore.location",),
}
"""Settings that a complaint of librdkafka's may be about, by the words in it."""
STORE = 16 << 20
"""Bytes of a key or trust store: all authorities of a system are a sixtieth of it."""


def load(path: Path, *, outdated: bool = False) -> dict[str, str]:
    """Librdkafka's configuration for a client properties file; librdkafka has taken it once.

    Raises ConfigInvalid naming file, line and remedy; Unauthenticated if a client certificate in it has
    expired or is not valid yet, unless who asks wants to see it (``outdated``).
    """
    try:
        text = decoded(contents(path, "name a readable client properties file"))
    except ValueError as error:
        raise ConfigInvalid(f"{path}: {error}", remedy="save it as ISO-8859-1, or with \\u escapes") from error
    try:
        java = {key: (value, line) for line, key, value in parse(text)}
    except ValueError as error:
        said, line = error.args
        raise ConfigInvalid(f"{path}:{line}: {said}", remedy="write a backslash twice where it is meant") from None
    if not java:
        raise ConfigInvalid(f"{path}: no setting in it", remedy="put Kafka client settings into it, key=value per line")
    translation = _Translation(path, java, outdated=outdated)
    settings = translation.librdkafka()
    translation.try_out(settings)
    return settings


class _Translation:
    def __init__(self, path: Path, java: dict[str, tuple[str, int]], *, outdated: bool) -> None:
        self.path = path
        self.java = java
        self.outdated = outdated

    def librdkafka(self) -> dict[str, str]:
        for key, meant in misspelt(self.java):
            self.refuse(key, f"is none of Kafka's settings, which would be passed over; {meant} is", f"write {meant}")
        settings = self.passed()
        settings["security.protocol"] = protocol = self.protocol()
        if protocol.endswith("SSL"):
            settings |= self.trust() | self.identity() | self.host_name()
        if protocol.startswith("SASL"):
            settings |= self.login()
        return settings

    def protocol(self) -> str:
        secured = [key for key in self.java if key.startswith(SECURING)]
        if secured and "security.protocol" not in self.java:
            said = "is set and security.protocol is not, so that nothing would be encrypted"
            self.refuse(secured[0], said, "set security.protocol, to PLAINTEXT if that is meant")
        protocol = self.get("security.protocol", "PLAINTEXT").upper()
        if protocol not in PROTOCOLS:
            self.refuse("security.protocol", f"is none of {', '.join(PROTOCOLS)}", "use one of these")
        return protocol

    def passed(self) -> dict[str, str]:
        settings: dict[str, str] = {}
        for key in self.java.keys() & PASSED:
            try:
                settings[key] = fitted(key, self.get(key))
            except ValueError as error:
                self.refuse(key, str(error), "correct it, or leave it out")
        # Java lets the longest pause follow the first, or the first be cut to the longest; librdkafka refuses both.
        first, longest = "reconnect.backoff.ms", "reconnect.backoff.max.ms"
        if first in settings and longest not in settings:
            settings[longest] = settings[first]
        elif longest in settings:
            settings[first] = str(min(int(settings.get(first, 50)), int(settings[longest])))
        return settings

    def host_name(self) -> dict[str, str]:
        key = "ssl.endpoint.identification.algorithm"
        if key not in self.java:
            return {}
        algorithm = self.get(key).lower() or "none"
        if algorithm not in ("https", "none"):
            self.refuse(key, "is neither https nor empty", "use https; empty trusts a certificate for any host")
        return {key: algorithm}

    def trust(self) -> dict[str, str]:
        inline, place, secret = (f"ssl.truststore.{end}" for end in ("certificates", "location", "password"))
        if inline in self.java and self.get(place):
            self.refuse(inline, f"is set and {place}, too", "leave one of them out")
        if inline in self.java:
            pem = self.inline(inline)
            self.certificates(inline, pem.encode())
            return {"ssl.ca.pem": pem}
        if place not in self.java:
            if secret in self.java:
                self.refuse(secret, f"is set and {place} is not: the system's authorities would do", f"set {place}")
            return {}
        kind = self.kind("ssl.truststore.type", place)
        store, content = self.file(place)
        if kind == "PKCS12":
            trusted = self.open_pkcs12(place, content, secret)[1]
            if not trusted:
                self.refuse(place, f"names {store}, which holds no trusted certificate", "import the authority into it")
            return {"ssl.ca.pem": trusted}
        self.certificates(place, content)
        return {"ssl.ca.location": str(store)}

    def identity(self) -> dict[str, str]:
        secret = {"ssl.key.password": self.get("ssl.key.password")} if "ssl.key.password" in self.java else {}
        if "ssl.keystore.key" in self.java:
            chain = self.inline("ssl.keystore.certificate.chain")
            self.require_valid(self.path, self.certificates("ssl.keystore.certificate.chain", chain.encode()))
            return {"ssl.key.pem": self.inline("ssl.keystore.key"), "ssl.certificate.pem": chain, **secret}
        place, password = "ssl.keystore.location", "ssl.keystore.password"
        if place not in self.java:
            return {}
        kind = self.kind("ssl.keystore.type", place)
        store, content = self.file(place)
        if kind == "PKCS12":
            own, _ = self.open_pkcs12(place, content, password)
            if own is None:
                self.refuse(place, f"names {store}, which holds no key with its certificate", "import both into it")
            self.require_valid(store, [own])
            return {"ssl.keystore.location": str(store), "ssl.keystore.password": self.get(password)}
        self.require_valid(store, self.certificates(place, content))
        return {"ssl.key.location": str(store), "ssl.certificate.location": str(store), **secret}

    def require_valid(self, where: Path, certificates: list[x509.Certificate]) -> None:
        if not self.outdated:
            refuse_out_of_date(where, certificates)

    def login(self) -> dict[str, str]:
        mechanism = self.get("sasl.mechanism", "GSSAPI").upper()
        if mechanism not in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
            self.refuse("sasl.mechanism", f"{mechanism} is not supported", "use SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN")
        remedy = 'write it as: … ScramLoginModule required username="…" password="…";'
        jaas = self.get("sasl.jaas.config")
        try:
            options = login_options(jaas) if jaas else {}
        except ValueError as error:
            self.refuse("sasl.jaas.config", str(error), remedy)
        if not options.get("username") or "password" not in options:
            self.refuse("sasl.jaas.config", "names no username and password", remedy)
        return {
            "sasl.mechanism": mechanism,
            "sasl.username": options["username"],
            "sasl.password": options["password"],
        }

    def try_out(self, settings: dict[str, str]) -> None:
        """Let librdkafka judge: it makes a client that knows no brokers, and so connects to nothing."""
        try:
            AdminClient({**settings, "log_level": 0})
        except KafkaException as error:
            said = error.args[0].str().removeprefix("Failed to create admin client: ").strip()
            origins = (key for part, keys in ORIGINS.items() if part in said for key in keys if key in self.java)
            key = next(origins, "security.protocol")
            told = redact_foreign(said, settings)
            self.refuse(key, f"is not taken by librdkafka: {told}", "correct it, or the file that it names")

    def kind(self, kind_key: str, place_key: str) -> str:
        kind = self.get(kind_key, "JKS").upper()
        if kind not in ("PEM", "PKCS12"):
            remedy = f"convert it with 'keytool -importkeystore -deststoretype PKCS12', and set {kind_key}=PKCS12"
            self.refuse(place_key, f"is a {kind} store, which librdkafka cannot read", remedy)
        return kind

    def file(self, key: str) -> tuple[Path, bytes]:
        """The file that a setting names, and what is in it."""
        place = self.path.parent / self.get(key)
        try:
            if not place.is_file():
                self.refuse(key, f"names {place}, which is no file", "name an existing file; relative ones start here")
            return place, contents(place, "let drctl's user read it", largest=STORE)
        except OSError as error:
            self.refuse(key, f"names {place}, which cannot be read: {error.strerror}", "let drctl's user read it")
        except ConfigInvalid as error:
            why = str(error).removeprefix(f"{place}: ")
            self.refuse(key, f"names {place}, which {why}", error.remedy)

    def inline(self, key: str) -> str:
        try:
            return lines(self.get(key))
        except ValueError:
            self.refuse(key, "is no PEM text, or a part of it has no end", "copy it from BEGIN to END, all of it")

    def certificates(self, key: str, pem: bytes) -> list[x509.Certificate]:
        try:
            return whole(pem)
        except ValueError:
            self.refuse(key, "holds no PEM certificate, or a broken one", "put the whole certificate into it")

    def open_pkcs12(self, place_key: str, store: bytes, password_key: str) -> tuple[x509.Certificate | None, str]:
        try:
            return from_pkcs12(store, self.get(password_key))
        except ValueError:
            self.refuse(place_key, "is no PKCS12 store that this password opens", f"correct {password_key}")

    def get(self, key: str, default: str = "") -> str:
        # Kafka trims every value, passwords too.
        value = trimmed(self.java.get(key, (default, 0))[0])
        if "\0" in value:
            self.refuse(key, "holds a NUL, at which librdkafka would cut it off", "leave it out")
        return value

    def refuse(self, key: str, what: str, remedy: str) -> NoReturn:
        line = self.java.get(key, ("", 0))[1]
        raise ConfigInvalid(
            f"{self.path}:{line}: {key} {what}" if line else f"{self.path}: {key} {what}", remedy=remedy
        )


def user(config: Mapping[str, Any]) -> str:
    """Who a client's settings log in as, for people."""
    certificate = config.get("ssl.certificate.location") or config.get("ssl.keystore.location")
    if "sasl.username" in config:
        return f"user {config['sasl.username']}"
    if "ssl.certificate.pem" in config:
        return "the holder of the certificate in its secret"
    return f"the holder of {certificate}" if certificate else "the anonymous user"
