"""A site of a plan file: how it is reached and what runs around it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from drctl.model.schemas import RegistryPlace


class Role(StrEnum):
    """Say what a site is for right now."""

    PRIMARY = "primary"
    STANDBY = "standby"
    FENCED = "fenced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Canary:
    """An ordinary client that must be refused once the fence stands: its properties file and the topic it writes to.

    Where there is no file, Strimzi's secrets tell how it logs in.
    """

    client_properties: Path | None
    topic: str


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Where a site's pods live. ``pods`` selects its broker pods by label. Never the current context of anything."""

    kubeconfig: Path
    context: str
    namespace: str
    pods: str


@dataclass(frozen=True, slots=True)
class Strimzi:
    """A site run by Strimzi, by the names of its resources: a Kafka, a listener of it, drctl's and the canary's users.

    ``take_ownership``: drctl may set fields that another field manager owns, such as a pipeline that applies manifests.
    """

    cluster: str
    listener: str
    user: str
    canary_user: str
    take_ownership: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """One Kafka cluster with what runs around it. Paths are absolute.

    Without ``client_properties`` Strimzi's resources tell how it is reached. ``platform_principals`` are those of its
    Connect workers and the like, which write to topics of their own, also behind the fence. ``schema_registry`` is None
    where the plan file names none; ``broker_metrics`` are addresses at which the brokers' metrics are served.
    """

    name: str
    bootstrap_servers: str
    client_properties: Path | None
    connect_url: str = field(repr=False)
    canary: Canary
    kubernetes: Kubernetes | None = None
    strimzi: Strimzi | None = None
    platform_principals: frozenset[str] = frozenset()
    schema_registry: RegistryPlace | None = None
    broker_metrics: tuple[str, ...] = field(default=(), repr=False)
