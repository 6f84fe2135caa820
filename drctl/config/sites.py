"""The ``sites`` of the plan file: their shape."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from drctl.config.registry import SchemaRegistryPart
from drctl.config.values import (
    SHAPE,
    File,
    ListenerName,
    Name,
    Principal,
    Resource,
    Servers,
    SiteName,
    Text,
    TopicName,
    Url,
)


class _Part(BaseModel):
    model_config = SHAPE


class CanaryPart(_Part):
    """An ordinary client: it must be able to write to the topic, and is refused once the fence stands."""

    client_properties: File | None = None
    topic: TopicName


class KafkaPart(_Part):
    """How to reach a site's brokers; ``clientProperties`` is a file in Kafka's own format.

    Servers and properties may be left out where ``strimzi`` names a listener and users.
    """

    bootstrap_servers: Servers | None = None
    client_properties: File | None = None
    canary: CanaryPart


class ConnectPart(_Part):
    """The site's Connect worker, which runs the links that end here."""

    url: Url


class KubernetesPart(_Part):
    """Where the site's pods live. ``pods`` is the label selector of its broker pods; Strimzi's are known."""

    kubeconfig: File
    context: Text
    namespace: Name
    pods: Annotated[Text, StringConstraints(min_length=3)] | None = None


class StrimziPart(_Part):
    """A site run by Strimzi: its Kafka resource, and the KafkaUsers of drctl and of its canary.

    Addresses, certificates and credentials are read from the resource and the users' secrets, and kept nowhere.
    ``takeOwnership`` lets drctl set fields that another field manager owns; without it such a conflict is shown.
    """

    cluster: Resource
    listener: ListenerName | None = None
    user: Resource | None = None
    canary_user: Resource | None = None
    # Off: an owner such as GitOps sets its own value back, in the midst of a move, unless it was told of ours.
    take_ownership: bool = False


class SitePart(_Part):
    """One Kafka cluster with what runs around it. ``connect`` may be left out where Strimzi runs every link to it.

    ``platformPrincipals`` are those of Connect workers, a Schema Registry and the like, if they are not the links': the
    fence leaves them their own topics. They may write to no topic of the workloads.
    """

    name: SiteName
    kafka: KafkaPart
    connect: ConnectPart | None = None
    kubernetes: KubernetesPart | None = None
    strimzi: StrimziPart | None = None
    platform_principals: list[Principal] = []
    schema_registry: SchemaRegistryPart | None = None
    broker_metrics: list[Url] = []
