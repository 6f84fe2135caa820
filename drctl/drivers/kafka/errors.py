"""librdkafka's errors, translated; and clients that remember why a broker turned them away.

librdkafka reports a rejected login or certificate only to its error callback and then goes on trying until the request
times out, as ``_TRANSPORT``. :class:`Causes` keeps what the callback said, so that the error we raise names it.
"""

import logging
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from drctl.errors import Conflict, DrctlError, Forbidden, NotFound, Unauthenticated, Unreachable

REJECTED = (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED)
DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "READ and DESCRIBE on the topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "READ and DESCRIBE on the group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "DESCRIBE, DESCRIBE_CONFIGS and ALTER on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "WRITE on the transactional id",
}
MISSING = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
OCCUPIED = (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP, KafkaError.ILLEGAL_GENERATION)

QUIET = logging.getLogger("drctl.librdkafka")
QUIET.disabled = True
"""librdkafka writes ten lines a second while it cannot log in; what matters reaches the error callback."""


@dataclass(slots=True)
class Causes:
    """What the clients of one site were told; ``rejected`` is the newest rejected login or certificate."""

    site: str
    servers: str
    user: str
    rejected: str = ""

    def heard(self, error: KafkaError) -> None:
        """The error callback of every client of this site."""
        if error.code() in REJECTED:
            self.rejected = error.str()

    def settings(self) -> dict[str, Any]:
        """What to add to a client's configuration so that it reports here."""
        return {"error_cb": self.heard, "logger": QUIET}

    def translate(self, error: KafkaException | KafkaError, doing: str) -> DrctlError:
        """The drctl error for one of librdkafka's; ``doing`` completes "site …: cannot …"."""
        fault = error.args[0] if isinstance(error, KafkaException) else error
        code, said = fault.code(), fault.str()
        if self.rejected and code not in DENIED:
            return self.unauthenticated()
        place = f"site {self.site}: cannot {doing}"
        if code in DENIED:
            return Forbidden(f"{place}: {self.user} is denied: {said}", remedy=f"allow {self.user} {DENIED[code]}")
        if code in MISSING:
            return NotFound(f"{place}: {said}", remedy="correct the name, or create it")
        if code in OCCUPIED:
            return Conflict(f"{place}: someone is in the group: {said}", remedy="stop its members, then try again")
        if (
            fault.retriable()
            or code < 0
            or code in (KafkaError.REQUEST_TIMED_OUT, KafkaError.COORDINATOR_NOT_AVAILABLE)
        ):
            return Unreachable(
                f"{place}: {said} ({self.servers})", remedy="check that the brokers run and can be reached"
            )
        return DrctlError(f"{place}: {said}")

    def unauthenticated(self) -> Unauthenticated:
        """The error for a rejected login or certificate."""
        return Unauthenticated(
            f"site {self.site}: {self.user} and the brokers at {self.servers} reject each other: {self.rejected}",
            remedy="check user, password, certificate and truststore in its client properties",
        )
