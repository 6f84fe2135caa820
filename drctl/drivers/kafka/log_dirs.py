"""The brokers' log directories (DescribeLogDirs), for which the client library has no call.

Version 4 tells their size (KIP-827), version 5 also which of them are cordoned (KIP-1066).
"""

from collections.abc import Callable, Mapping

from drctl.drivers.kafka.asking_again import Settings, never, with_settings
from drctl.drivers.kafka.raw import connected
from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, INT64, Malformed, WireReader
from drctl.errors import DrctlError, Forbidden, Unsupported
from drctl.model.cluster import Broker
from drctl.model.upkeep import DiskSpace

# The request's key, and the versions from which on its answer tells more.
DESCRIBE_LOG_DIRS, SIZED, CORDONED = 35, 4, 5
NO_TOPICS = b"\x01\x00"
"""An empty list, so that no partition's size is told, and no tagged field."""
CLUSTER_AUTHORIZATION_FAILED, KAFKA_STORAGE_ERROR = 31, 56
ANSWER = 5.0
"""Seconds for one broker."""


type Directory = tuple[int, DiskSpace | None]
"""The error of a directory, and its space; None of one that is offline or whose size nobody knows."""


class KafkaLogDirs:
    """Implements :class:`drctl.ports.LogDirs`. ``settings`` are asked for when a broker is, and once more
    where they are ``renewed`` since a broker has rejected them."""

    def __init__(
        self, site: str, settings: Callable[[], Settings], renewed: Callable[[Settings], bool] = never
    ) -> None:
        self.site, self.settings, self.renewed = site, settings, renewed

    def offline(self, broker: Broker) -> tuple[str, ...]:
        answered = self._answered(broker).items()
        return tuple(sorted(place for place, (error, _) in answered if error == KAFKA_STORAGE_ERROR))

    def space(self, broker: Broker) -> Mapping[str, DiskSpace]:
        found = self._answered(broker)
        if untold := sorted(place for place, (_, space) in found.items() if space is None):
            name = f"site {self.site}: broker {broker.id}"
            raise Unsupported(f"{name}: does not tell the size of {', '.join(untold)}", remedy="see its log")
        return {place: space for place, (_, space) in found.items() if space is not None}

    def _answered(self, broker: Broker) -> dict[str, Directory]:
        name = f"site {self.site}: broker {broker.id}"

        def ask(settings: Settings) -> tuple[WireReader, int]:
            with connected(name, broker.host, broker.port, settings, ANSWER) as line:
                # A broker that does not know a version closes the connection.
                version = CORDONED if line.newest(DESCRIBE_LOG_DIRS) >= CORDONED else SIZED
                return line.ask(DESCRIBE_LOG_DIRS, version, NO_TOPICS, flexible=True), version

        answer, version = with_settings(self.settings, self.renewed, ask)
        try:
            error, found = told(answer, version)
        except Malformed as malformed:
            raise Unsupported(f"{name}: its answer about log directories is not one of Kafka's") from malformed
        if error == CLUSTER_AUTHORIZATION_FAILED:
            raise Forbidden(f"{name}: DESCRIBE on the cluster is denied", remedy="allow it, see docs/kafka-rights.md")
        if error:
            raise DrctlError(f"{name}: log directories cannot be told (error {error})")
        return found


def told(answer: WireReader, version: int) -> tuple[int, dict[str, Directory]]:
    """An error, and every directory by its path."""
    answer.number(INT32)  # for how long the broker holds us back
    error = answer.number(INT16)
    found: dict[str, Directory] = {}
    for _ in range(answer.count()):
        bad, place = answer.number(INT16), answer.string()
        for _ in range(answer.count()):
            _skip_topic(answer)
        total, usable = answer.number(INT64), answer.number(INT64)
        cordoned = version >= CORDONED and answer.number(INT8) != 0
        answer.tags()
        # -1 is what a broker tells where its file system does not; it must not count as full, nor as empty.
        found[place] = bad, None if bad or total < 0 or usable < 0 else DiskSpace(total, usable, cordoned)
    answer.tags()
    return error, found


def _skip_topic(answer: WireReader) -> None:
    answer.string()
    for _ in range(answer.count()):
        answer.taken(4 + 8 + 8 + 1)  # partition, size, lag, whether it moves
        answer.tags()
    answer.tags()
