"""librdkafka's errors, translated; and clients that remember why a broker turned them away.

librdkafka reports a rejected login only to its error callback, a client certificate that the brokers reject (TLS 1.3
tells it after the handshake) only to its log, and then goes on trying until the request times out, as ``_TRANSPORT``.
:class:`Causes` keeps what it heard there, so that the error we raise names it.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from drctl.drivers.kafka.certificates import whole
from drctl.errors import (
    ConfigInvalid,
    Conflict,
    DrctlError,
    Forbidden,
    NotFound,
    PositionsPending,
    Unauthenticated,
    Unreachable,
)
from drctl.redaction import redact_foreign

REJECTED = (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED)
UNCONNECTED = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "READ and DESCRIBE_CONFIGS on the topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "READ on the group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "DESCRIBE, DESCRIBE_CONFIGS and ALTER on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "WRITE on the transactional id",
}
MISSING = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError.GROUP_ID_NOT_FOUND,
)
IN_USE = {
    KafkaError.UNSTABLE_OFFSET_COMMIT: "a transaction that commits there is open",
    KafkaError.UNKNOWN_MEMBER_ID: "someone is in the group",
    KafkaError.NON_EMPTY_GROUP: "someone is in the group",
    KafkaError.ILLEGAL_GENERATION: "someone is in the group",
}
ENDS_BY_ITSELF = (
    "wait: the transaction ends when its producer ends it, at the latest after its transaction.timeout.ms (see "
    "kafka-transactions.sh list and describe); do not stop the producer: that would leave it open for all that time"
)
PASSING = (
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.NOT_CONTROLLER,
    KafkaError.CONCURRENT_TRANSACTIONS,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.ELIGIBLE_LEADERS_NOT_AVAILABLE,
    KafkaError.THROTTLING_QUOTA_EXCEEDED,
)
"""Errors that Kafka calls retriable, and librdkafka does not: leaders, coordinators and controllers that change."""

ALERT = re.compile(r"ssl/tls alert [a-z ]+|tlsv1\d? alert [a-z ]+")
DISTRUST = re.compile(r"verify|certificate", re.IGNORECASE)


class _LogListener(logging.Handler):
    """Listens to librdkafka's log, which says ten lines a second while it cannot log in, and writes nothing."""

    def __init__(self, causes: "Causes") -> None:
        super().__init__()
        self.causes = causes

    def emit(self, record: logging.LogRecord) -> None:
        # With TLS 1.3 a broker tells only after the handshake that it does not take our certificate, and
        # librdkafka writes that nowhere but here.
        if alert := ALERT.search(record.getMessage()):
            self.causes.rejected = alert[0]


@dataclass(slots=True)
class Causes:
    """Collect what the clients of one user at one site were told.

    ``rejected`` is the newest rejected login or certificate since the last answer that proved otherwise.
    ``unconnected`` says that a connection could not be made, or was lost, since somebody set it back.
    ``read_again`` says what came of reading the login again after it was rejected; ``settled_at`` is the monotonic time
    in seconds until which a login that was just renewed may be rejected by brokers that have not taken it in.
    """

    site: str
    servers: str
    user: str
    rejected: str = ""
    unconnected: bool = False
    read_again: str = ""
    settled_at: float = 0.0

    def heard(self, error: KafkaError) -> None:
        """The error callback of every client of this site."""
        if error.code() in REJECTED:
            self.rejected = redact_foreign(error.str())
        elif error.code() in UNCONNECTED:
            self.unconnected = True

    def settings(self) -> dict[str, Any]:
        """Return what to add to a client's configuration so that it reports here."""
        logger = logging.Logger("librdkafka")  # noqa: LOG001 - it ends with its client
        logger.addHandler(_LogListener(self))
        return {"error_cb": self.heard, "logger": logger}

    def client[C](self, kind: Callable[[dict[str, Any]], C], settings: Mapping[str, Any]) -> C:
        """A new client that reports here. ConfigInvalid if librdkafka does not take its settings.

        A truststore without a whole certificate is refused, too: librdkafka would trust the system's authorities.
        """
        place = f"site {self.site}: no client can be made for {self.user}"
        try:
            if "ssl.ca.pem" in settings:
                whole(str(settings["ssl.ca.pem"]).encode())
            return kind({**settings, **self.settings()})
        except ValueError as error:
            remedy = "look at the truststore, or at the listener's certificates in its Kafka resource"
            raise ConfigInvalid(
                f"{place}: its truststore holds no certificate, or a broken one", remedy=remedy
            ) from error
        except KafkaException as error:
            said = redact_foreign(str(error.args[0].str()), settings).strip()
            raise ConfigInvalid(
                f"{place}: {said}", remedy="correct the client properties, or what they name"
            ) from error

    def translate(self, error: KafkaException | KafkaError, doing: str) -> DrctlError:
        """The drctl error for one of librdkafka's; ``doing`` completes "site …: cannot …"."""
        fault = error.args[0] if isinstance(error, KafkaException) else error
        code, said = fault.code(), redact_foreign(fault.str())
        # A rejected login shows as a timeout or a broken transport, whatever was asked: errors of the library's own,
        # below zero. Who is told anything by a broker has logged in.
        if self.rejected and (code < 0 or code in REJECTED):
            return self.unauthenticated()
        place = f"site {self.site}: cannot {doing}"
        if code in DENIED:
            return Forbidden(f"{place}: {self.user} is denied: {said}", remedy=f"allow {self.user} {DENIED[code]}")
        if code in MISSING:
            return NotFound(f"{place}: {said}", remedy="correct the name, or create it")
        if code in IN_USE:
            pending = code == KafkaError.UNSTABLE_OFFSET_COMMIT
            remedy = ENDS_BY_ITSELF if pending else "let its clients stop, then try again"
            return (PositionsPending if pending else Conflict)(f"{place}: {IN_USE[code]}: {said}", remedy=remedy)
        # Below zero are librdkafka's own: no answer, no connection, no leader. All of them may pass, and a
        # caller that waits is told by its deadline if they do not.
        if fault.retriable() or code < 0 or code in PASSING:
            return Unreachable(
                f"{place}: {said} ({self.servers})", remedy="check that the brokers run and can be reached"
            )
        return DrctlError(f"{place}: {said}")

    def unauthenticated(self) -> Unauthenticated:
        """The error for a rejected login or certificate."""
        again = f" ({self.read_again})" if self.read_again else ""
        if DISTRUST.search(self.rejected) and not ALERT.search(self.rejected):
            return Unauthenticated(
                f"site {self.site}: we do not trust the brokers at {self.servers}: {self.rejected}",
                remedy="check the truststore in the client properties or the Kafka resource, and the brokers' "
                f"certificate and host name{again}",
            )
        return Unauthenticated(
            f"site {self.site}: the brokers at {self.servers} reject {self.user}: {self.rejected}",
            remedy="check user and password, or key and certificate, in the client properties or in the KafkaUser's "
            f"secret{again}",
        )


def fault_of(error: KafkaException | SystemError) -> KafkaError:
    """Return the client's own error; raised while a callback runs, it arrives as the cause of a SystemError."""
    while not isinstance(error, KafkaException):
        if not isinstance(error.__cause__, KafkaException | SystemError):
            raise error
        error = error.__cause__
    fault: KafkaError = error.args[0]
    return fault
