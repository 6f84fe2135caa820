"""How a site that Strimzi runs is reached: addresses and certificates from its Kafka, logins from its users' secrets.

What is read here stays in memory: librdkafka takes certificates and keys as text, so that nothing is written anywhere.
"""

import base64
from collections.abc import Mapping
from typing import Any

from drctl.drivers.strimzi.kinds import served
from drctl.errors import ConfigInvalid, NotFound
from drctl.model.resources import KAFKA, KAFKA_USER, SECRET, Object
from drctl.model.site import Site, Strimzi
from drctl.ports import Resources


class StrimziAccess:
    """Settings for librdkafka, by KafkaUser. NotFound or ConfigInvalid naming the resource where one cannot be had."""

    def __init__(self, site: Site, strimzi: Strimzi, resources: Resources) -> None:
        self.site, self.names, self.resources = site, strimzi, resources

    def client(self, user: str) -> dict[str, str]:
        """All settings with which that user's clients connect."""
        try:
            return self._client(user)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # Their definitions rule that out, unless they are another version's.
            raise self._wrong(
                "it, its KafkaUser or the secret is none that Strimzi's operators write", "look at all three"
            ) from error

    def _client(self, user: str) -> dict[str, str]:
        kafka = self.resources.get(served(self.resources, KAFKA), self.names.cluster)
        wanted = self._named(kafka.get("spec", {}).get("kafka", {}).get("listeners") or (), "spec.kafka.listeners")
        status = self._named((kafka.get("status") or {}).get("listeners") or (), "status.listeners")
        servers = str(status.get("bootstrapServers") or _joined(status.get("addresses") or ()))
        if not servers:
            raise self._wrong(f"listener {self.names.listener} has no address yet", "wait until its operator is done")
        tls = bool(wanted.get("tls"))
        login = self._login(user, str((wanted.get("authentication") or {}).get("type") or ""))
        trust = "\n".join(str(each) for each in status.get("certificates") or ())
        sasl = "sasl.username" in login
        return {
            "bootstrap.servers": servers,
            "security.protocol": f"{'SASL_' if sasl else ''}{'SSL' if tls else 'PLAINTEXT'}",
            **({"ssl.ca.pem": trust} if tls and trust else {}),
            **login,
        }

    def _named(self, listeners: Any, where: str) -> Mapping[str, Any]:
        # Older operators name the listener by ``type`` in the status.
        names = [str(each.get("name") or each.get("type")) for each in listeners]
        if self.names.listener not in names:
            known = ", ".join(names) or "none"
            raise self._wrong(f"{where} has no {self.names.listener}, only {known}", "correct strimzi.listener")
        found: Mapping[str, Any] = listeners[names.index(self.names.listener)]
        return found

    def _login(self, name: str, kind: str) -> dict[str, str]:
        if not kind:
            return {}
        user = self.resources.get(served(self.resources, KAFKA_USER), name)
        secret = self._secret(str((user.get("status") or {}).get("secret") or name))
        if kind == "tls":
            return {
                "ssl.certificate.pem": self._part(secret, "user.crt"),
                "ssl.key.pem": self._part(secret, "user.key"),
            }
        if kind == "scram-sha-512":
            return {
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": str((user.get("status") or {}).get("username") or name),
                "sasl.password": self._part(secret, "password"),
            }
        raise self._wrong(f"listener {self.names.listener} wants {kind}", "name kafka.clientProperties instead")

    def _secret(self, name: str) -> Object:
        try:
            return self.resources.get(SECRET, name)
        except NotFound as missing:
            raise NotFound(
                f"site {self.site.name}: there is no secret {name}: {missing}",
                remedy="its User Operator makes it once the KafkaUser is ready",
            ) from missing

    def _part(self, secret: Object, key: str) -> str:
        """Only the name of what is wrong is reported, never what is in there."""
        name = secret["metadata"]["name"]
        try:
            return base64.b64decode((secret.get("data") or {})[key], validate=True).decode()
        except (LookupError, ValueError, TypeError):
            raise self._wrong(f"secret {name} has no usable {key}", "let the User Operator create it again") from None

    def _wrong(self, said: str, remedy: str) -> ConfigInvalid:
        return ConfigInvalid(f"site {self.site.name}: Kafka/{self.names.cluster}: {said}", remedy=remedy)


def _joined(addresses: Any) -> str:
    return ",".join(f"{each.get('host')}:{each.get('port')}" for each in addresses)
