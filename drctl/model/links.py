"""The links of a plan file: from which site to which, and what drives each."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Link:
    """Replication from ``source`` to ``target`` by MirrorMaker 2; it runs at the target's Connect workers.

    ``connectors`` is a JSON file, name → configuration, from which missing connectors are created.
    ``replication_principal`` is the Kafka principal under which MirrorMaker 2 writes at the target.
    ``prefix`` is what stands before a topic's name at the target: ``north.`` under the default replication policy,
    nothing under the identity policy. Where Strimzi runs it, ``mirror_maker`` names the KafkaMirrorMaker2 through which
    it is driven, or ``kafka_connect`` the KafkaConnect whose KafkaConnectors it is made of; both are empty elsewhere.
    """

    name: str
    source: str
    target: str
    connectors: Path
    replication_principal: str
    prefix: str = ""
    mirror_maker: str = ""
    kafka_connect: str = ""

    @property
    def has_operator(self) -> bool:
        """Whether Strimzi's operator sets its connectors' configurations, and would undo what others set."""
        return bool(self.mirror_maker or self.kafka_connect)
