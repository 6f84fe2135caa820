"""The shape of the plan file, as pydantic models: its JSON Schema and the first half of its checks."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

DURATION = r"^(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Duration = Annotated[str, StringConstraints(pattern=DURATION, min_length=2)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")]
Servers = Annotated[str, StringConstraints(pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$")]
Principal = Annotated[str, StringConstraints(pattern=r"^User:(?!\*$).+$")]
KafkaName = Annotated[str, StringConstraints(pattern=r"^[^*?\[\]]+$", max_length=249)]
File = Annotated[str, StringConstraints(min_length=1)]

PATTERNS = {
    r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$": "a name of lower-case letters, digits and dashes, for example north",
    DURATION: "a duration, for example 500ms, 60s or 1h30m",
    r"^https?://[^\s/]+": "an http:// or https:// address",
    r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$": "host:port, more of them separated by commas",
    r"^User:(?!\*$).+$": "one principal as User:name",
    r"^[^*?\[\]]+$": "an exact name, no pattern",
}


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, frozen=True, regex_engine="python-re"
    )


class CanaryPart(_Part):
    """An ordinary client: it must be able to write to the topic, and is refused once the fence stands."""

    client_properties: File
    topic: KafkaName


class KafkaPart(_Part):
    """How to reach a site's brokers; ``clientProperties`` is a file in Kafka's own format."""

    bootstrap_servers: Servers
    client_properties: File
    canary: CanaryPart


class ConnectPart(_Part):
    """The site's Connect worker, which runs the links that end here."""

    url: Url


class KubernetesPart(_Part):
    """Where the site's pods live. Checked, and not used yet."""

    context: File
    namespace: Name


class SitePart(_Part):
    """One Kafka cluster with what runs around it."""

    name: Name
    kafka: KafkaPart
    connect: ConnectPart
    kubernetes: KubernetesPart | None = None


class LinkPart(_Part):
    """Replication by MirrorMaker 2; ``connectors`` is a JSON file, connector name to configuration."""

    name: Name
    source: Name
    target: Name
    connectors: File
    replication_principal: Principal


class WorkloadPart(_Part):
    """What moves together."""

    name: Name
    topics: Annotated[list[KafkaName], Field(min_length=1)]
    groups: list[KafkaName]
    sinks: list[KafkaName] = []


class ObjectivesPart(_Part):
    """What was promised."""

    recovery_time: Duration
    recovery_point: Duration


class GuardsPart(_Part):
    """Limits within which a plan may act."""

    fence_window: Duration = "5s"
    step_timeout: Duration = "2m"
    max_lag: Annotated[int, Field(ge=0)] = 100_000


class FilePart(_Part):
    """A file, relative to the plan file."""

    file: File


class Metadata(_Part):
    """The name of the plan file."""

    name: Name


class Spec(_Part):
    """Sites, links, workloads, objectives and guards."""

    sites: Annotated[list[SitePart], Field(min_length=2)]
    links: Annotated[list[LinkPart], Field(min_length=1)]
    workloads: Annotated[list[WorkloadPart], Field(min_length=1)]
    objectives: ObjectivesPart
    guards: GuardsPart = GuardsPart()
    front_door: FilePart
    state: FilePart


class DisasterRecoveryPlan(_Part):
    """The plan file of drctl."""

    api_version: Literal["drctl.io/v1alpha1"]
    kind: Literal["DisasterRecoveryPlan"]
    metadata: Metadata
    spec: Spec
