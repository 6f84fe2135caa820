"""The ``links`` of the plan file: their shape."""

from typing import Literal

from pydantic import BaseModel, Field

from drctl.config.values import SHAPE, File, Name, Principal, Resource, Separator, SiteName


class _Part(BaseModel):
    model_config = SHAPE


class LinkPart(_Part):
    """Replication by MirrorMaker 2.

    Either ``connectors``, a JSON file of connector name to configuration, or ``mirrorMaker2``, the name of the
    KafkaMirrorMaker2 at the target, whose aliases are the sites' names. With ``kafkaConnect``, the name of the
    KafkaConnect at the target, the ``connectors`` are driven as its KafkaConnectors. ``replicationPolicy`` is
    ``identity``, which keeps topic names, or ``default``, which puts the source's name and the separator before them.
    Both directions need the same.
    """

    name: Name
    source: SiteName
    target: SiteName
    connectors: File | None = None
    mirror_maker2: Resource | None = Field(default=None, alias="mirrorMaker2")
    kafka_connect: Resource | None = None
    replication_principal: Principal
    # Not MirrorMaker 2's default: with that one consumers must subscribe to both names before they move.
    replication_policy: Literal["identity", "default"] = "identity"
    separator: Separator = "."  # MirrorMaker 2's default
