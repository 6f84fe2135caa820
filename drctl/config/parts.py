"""The shape of the plan file, as pydantic models: its JSON Schema and the first half of its checks."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from drctl.config.calendar import CalendarPart
from drctl.config.drills import DrillsPart
from drctl.config.registry import SchemaRegistryPart
from drctl.config.routing import ClientRoutingPart
from drctl.config.values import (
    SHAPE,
    ClientId,
    Command,
    Dates,
    Duration,
    File,
    GroupName,
    Lasting,
    ListenerName,
    Name,
    Principal,
    Resource,
    Separator,
    Servers,
    SinkName,
    SiteName,
    Text,
    Time,
    TopicName,
    Url,
    Wait,
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


class WitnessPart(_Part):
    """A drctl service at another place, a site's name or a third one. Two places make out a lost site, one does not."""

    name: SiteName
    url: Url


class DeploymentPart(_Part):
    """A Deployment or StatefulSet, of the same name at every site, whose pods are clients of the workload.

    ``namespace`` is the site's own unless another is named. ``groups`` are the consumer groups that its pods are
    members of; a handover of just these takes it along. ``takeOwnership`` lets drctl set ``spec.replicas`` although
    somebody else's manifest sets it; without it such a conflict is shown.
    """

    name: Resource
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    namespace: Name | None = None
    groups: list[GroupName] = []
    take_ownership: bool = False


class WorkloadPart(_Part):
    """Name what moves together."""

    name: Name
    topics: Annotated[list[TopicName], Field(min_length=1)]
    groups: list[GroupName]
    sinks: list[SinkName] = []
    deployments: list[DeploymentPart] = []


class ClientPart(_Part):
    """Describe what a client is made with, which Kafka tells nobody; ``clientId`` may end in ``*``."""

    client_id: ClientId
    software: Text
    version: Text


class ObjectivesPart(_Part):
    """State what was promised."""

    recovery_time: Duration
    recovery_point: Duration


class GuardsPart(_Part):
    """Limits within which a plan may act."""

    # Longer than a producer's linger and its pause before a retry; clients wait for all of it.
    fence_window: Wait = "5s"
    # Twice the default of producers' transaction.timeout.ms: what a dead one left open is aborted by then.
    step_timeout: Wait = "2m"
    # A link copies that within seconds, so that the drain behind the fence stays short.
    max_lag: Annotated[int, Field(ge=0, le=2**63 - 1)] = 100_000
    cool_down: Duration = "0s"  # off: only who knows what flaps at a site knows for how long
    # Off: whether a second person is there at night is for the organization to say; who is alone would be left with
    # --break-glass.
    approval: Literal["none", "required"] = "none"
    # Enough to find a second person at night. That facts became others is noticed by their digest, not by time.
    approval_validity: Lasting = "1h"
    calendar: CalendarPart | None = None
    # Connect restarts no task by itself, and some of its failures pass with a restart alone (KAFKA-20785).
    restart_failed_tasks: bool = True


class ShiftPart(_Part):
    """A part of the week, by the clock on the wall, and what a standby must have in it.

    One that ends no later than it begins ends on the next day. ``deployments`` and ``nodePools`` are replicas by name;
    ``tasksMax`` is that of the link's source connector at the standby.
    """

    name: Name
    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)]
    begins: Time
    ends: Time
    deployments: dict[Resource, Annotated[int, Field(ge=0, le=2**31 - 1)]] = {}
    node_pools: dict[Resource, Annotated[int, Field(ge=1, le=2**31 - 1)]] = {}
    tasks_max: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class CapacityPart(_Part):
    """State which capacity a standby must have, and when. The shifts cover the whole week and do not overlap.

    ``scaleNodePools`` lets drctl raise the replicas of a KafkaNodePool before a switchover. ``scaleAhead`` lets
    ``drctl service run`` scale up at a standby, that long before a shift begins, what the shift demands and may run
    there. A shift that would begin on a blocked date demands nothing, to its end.
    """

    time_zone: Text
    # One for each half hour of a week: more is a mistake of who generates them.
    shifts: Annotated[list[ShiftPart], Field(min_length=1, max_length=336)]
    # Off: more brokers cost machines, and Kafka moves no partition to them by itself.
    scale_node_pools: bool = False
    # Off: what runs at a standby costs, and how long it takes to start only its owner knows.
    scale_ahead: Lasting | None = None
    blocked_dates: Annotated[list[Dates], Field(max_length=1000)] = []


class HookPart(_Part):
    """A command as a list of words, without a shell; the run's facts are JSON on its standard input."""

    command: Command
    timeout: Wait = "30s"  # a run waits for its hooks, so one that hangs must end; a message takes seconds


class HooksPart(_Part):
    """Commands that a run calls.

    ``pre`` after the gates and before the first change: one that fails ends the run. The others change nothing about
    it: ``post`` when all is done, ``onFailure`` when it stops or is rolled back, ``onState`` at every change of state.
    """

    pre: list[HookPart] = []
    post: list[HookPart] = []
    on_failure: list[HookPart] = []
    on_state: list[HookPart] = []


class FencingAgentPart(_Part):
    """A command that takes a silent site down, such as by power or by its volumes, and is sure of it.

    It is given the site as its last word and the run's facts as JSON on its standard input. It ends with 0 and says on
    standard output what it saw only if the site cannot take writes; it may be called twice.
    """

    command: Command
    # Power and storage controllers take tens of seconds, and the site stays fenced as pending without its word.
    timeout: Wait = "1m"


class StatePart(_Part):
    """A file, relative to the plan file. ``shared``: it lies on a volume that several machines use at once.

    Their file locks must hold between them; then every change costs more writing.
    """

    file: File
    # Most state files lie on one machine's disk, where SQLite's write-ahead log is faster and as safe.
    shared: bool = False


class Metadata(_Part):
    """The name of the plan file."""

    name: Name


class Spec(_Part):
    """Sites, links, workloads, objectives and guards."""

    sites: Annotated[list[SitePart], Field(min_length=2)]
    links: Annotated[list[LinkPart], Field(min_length=1)]
    workloads: Annotated[list[WorkloadPart], Field(min_length=1)]
    witnesses: list[WitnessPart] = []
    objectives: ObjectivesPart
    guards: GuardsPart = GuardsPart()
    client_routing: ClientRoutingPart
    state: StatePart
    hooks: HooksPart = HooksPart()
    fencing_agent: FencingAgentPart | None = None
    clients: list[ClientPart] = []
    capacity: CapacityPart | None = None
    drills: DrillsPart = DrillsPart()


class DisasterRecoveryPlan(_Part):
    """The plan file of drctl."""

    api_version: Literal["drctl.io/v1alpha1"]
    kind: Literal["DisasterRecoveryPlan"]
    metadata: Metadata
    spec: Spec
