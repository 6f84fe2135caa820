"""Client quotas (DescribeClientQuotas, KIP-546), for which the client library has no call."""

from collections.abc import Callable

from drctl.drivers.kafka.asking_again import Settings, never, with_settings
from drctl.drivers.kafka.raw import connected
from drctl.drivers.kafka.wire_format import FLOAT64, INT16, INT32, Malformed, WireReader
from drctl.errors import DrctlError, Forbidden, Unsupported
from drctl.model.cluster import Broker
from drctl.model.quotas import ClientQuotas, QuotaEntity

# Version 1 is the first with tagged fields; there is none behind it up to Kafka 4.3.
DESCRIBE_CLIENT_QUOTAS, VERSION = 48, 1
EVERY_ENTITY = b"\x01\x00\x00"
"""No component to filter by, not strict, and no tagged field."""
CLUSTER_AUTHORIZATION_FAILED = 31
ANSWER = 5.0
"""Seconds for one broker."""


class KafkaQuotas:
    """Implements :class:`drctl.ports.Quotas`. ``settings`` are asked for when a broker is, and once more
    where they are ``renewed`` since a broker has rejected them."""

    def __init__(
        self, site: str, settings: Callable[[], Settings], renewed: Callable[[Settings], bool] = never
    ) -> None:
        self.site, self.settings, self.renewed = site, settings, renewed

    def told(self, broker: Broker) -> ClientQuotas:
        name = f"site {self.site}: broker {broker.id}"

        def ask(settings: Settings) -> WireReader:
            with connected(name, broker.host, broker.port, settings, ANSWER) as line:
                return line.ask(DESCRIBE_CLIENT_QUOTAS, VERSION, EVERY_ENTITY, flexible=True)

        answer = with_settings(self.settings, self.renewed, ask)
        try:
            error, found = quotas_in(answer)
        except Malformed as malformed:
            raise Unsupported(f"{name}: its answer about client quotas is not one of Kafka's") from malformed
        if error == CLUSTER_AUTHORIZATION_FAILED:
            remedy = "allow it, see docs/kafka-rights.md"
            raise Forbidden(f"{name}: DESCRIBE_CONFIGS on the cluster is denied", remedy=remedy)
        if error:
            raise DrctlError(f"{name}: client quotas cannot be told (error {error})")
        return found


def quotas_in(answer: WireReader) -> tuple[int, dict[QuotaEntity, dict[str, float]]]:
    """An error, and the values by whom they are for."""
    answer.number(INT32)  # for how long the broker holds us back
    error = answer.number(INT16)
    answer.optional_string()
    found: dict[QuotaEntity, dict[str, float]] = {}
    for _ in range(answer.count()):
        parts: list[tuple[str, str | None]] = []
        for _ in range(answer.count()):
            parts.append((answer.string(), answer.optional_string()))
            answer.tags()
        values = found.setdefault(QuotaEntity(tuple(sorted(parts, key=lambda part: part[0]))), {})
        for _ in range(answer.count()):
            key = answer.string()
            values[key] = answer.fraction(FLOAT64)
            answer.tags()
        answer.tags()
    answer.tags()
    return error, found
