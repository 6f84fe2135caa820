"""Model what is known about two sites and their link at one moment, each fact with its time or why it is unknown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from drctl.model.access import AclRule, Users, confined
from drctl.model.capacity import Capacity
from drctl.model.cluster import Cluster, Topic
from drctl.model.fence import CanaryResult, DenyRule, Writers
from drctl.model.link import Connector, LinkStatus
from drctl.model.links import Link
from drctl.model.offsets import TopicPartition
from drctl.model.own_rights import OwnRights
from drctl.model.quotas import ClientQuotas
from drctl.model.reading import Reading
from drctl.model.rollouts import HeldRestart
from drctl.model.scaling import Scalable, Scaled
from drctl.model.schemas import Schemas
from drctl.model.session import Group
from drctl.model.sight import Sight
from drctl.model.site import Role
from drctl.model.upkeep import BrokerDisks
from drctl.model.workloads import SinkGroup


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a link is behind.

    ``records``: per partition, never too few; ``exact`` says that they were counted one by one, else they are the
    distance in offsets, transaction markers included. ``seconds`` is the age of the oldest record not copied by its own
    timestamp, which its producer or its log set; None where it has none, 0 when nothing is waiting. ``frontier`` is
    what the link said it has copied when this was looked at, None if that was not kept.
    """

    records: Mapping[TopicPartition, int]
    exact: bool
    seconds: float | None
    frontier: Mapping[TopicPartition, int] | None = None

    @property
    def total(self) -> int:
        """Records in all partitions."""
        return sum(self.records.values())


NOTHING_SCALED: Reading[Mapping[str, Scaled | None]] = Reading({}, datetime.min.replace(tzinfo=UTC))
"""Of a plan without Deployments and shifts."""


NOT_READ: Reading[Any] = Reading(None, datetime.min.replace(tzinfo=UTC), "nobody asked")
"""Of what only the gates ask for, where something else is looked at."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site: ``topics`` are the plan's and the canary's that exist there, ``groups`` and ``sinks`` the plan's.

    ``rules`` are all of the authorizer's but ``token_rules``, which are about delegation tokens and users; ``users``
    those that brokers keep SCRAM credentials for. ``scaled`` are the
    plan's Deployments and what a shift names, by label, None for one that does not exist there. ``platform`` are the
    principals of Connect workers and the like, as the plan file names them. ``quotas`` are all of the brokers'.
    ``schemas`` are those of its registry, None where the plan file names none. ``disks`` are asked for at the target of
    a move only, and empty elsewhere. ``rights`` are drctl's own with the plan's topics and groups; ``kafka_user`` is
    its KafkaUser, empty where the plan file names none.
    """

    name: str
    cluster: Reading[Cluster]
    topics: Reading[Mapping[str, Topic]]
    groups: Reading[Mapping[str, Group]]
    writers: Reading[Writers]
    standing: Reading[frozenset[DenyRule]]
    sinks: Reading[Mapping[str, Connector]]
    rules: Reading[frozenset[AclRule]]
    users: Reading[Users]
    scaled: Reading[Mapping[str, Scaled | None]] = NOTHING_SCALED
    platform: frozenset[str] = frozenset()
    quotas: Reading[ClientQuotas] = NOT_READ
    schemas: Reading[Schemas] | None = None
    disks: BrokerDisks = field(default_factory=dict)
    rights: Reading[OwnRights] = NOT_READ
    kafka_user: str = ""
    token_rules: Reading[frozenset[AclRule]] = NOT_READ

    @property
    def super_users(self) -> frozenset[str] | None:
        """Whom no deny rule binds, by the site's operator or its brokers; None where neither tells."""
        writers, cluster = self.writers.value, self.cluster.value
        told = [each.super_users for each in (writers, cluster) if each is not None and each.super_users is not None]
        return frozenset[str]().union(*told) if told else None

    def confined(self, topics: Collection[str]) -> frozenset[str]:
        """Return the platform's principals that may write to none of the topics; none of them if that is unknown."""
        return confined(self.rules.value, self.platform, topics) if self.rules.value is not None else frozenset()


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One link: ``syncs`` is the number of partitions that have offset syncs, unknown where their topic is missing.

    ``off_on_purpose``: it stands still and leads to the site that serves, where its copies would go round in a circle.
    Then its lag is not looked at: it grows for as long as the other link is in use, and means nothing.
    """

    link: Link
    status: Reading[LinkStatus]
    lag: Reading[Lag]
    syncs: Reading[int]
    off_on_purpose: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at everything a plan's gates ask for, in the direction ``source`` to ``target``.

    ``topics``, ``groups`` and ``canary_topic`` are what the plan file names; ``canary`` is what an ordinary client met
    at the source just now, ``target_canary`` at the target, where its topic is ``target_canary_topic``; ``reverse`` is
    None where the plan file has no link back. ``images`` says what the target calls the copies of the topics, where
    that is another name. ``deployments`` are those that move with all work, ``handed_over`` those that go with these
    groups alone, ``named`` all that workloads name, with the target's node pools; ``capacity`` is what a standby must
    have, None where the plan file has no schedule. ``unknown_sinks`` are those of which nobody knows the group.
    ``entry_cluster`` is the id of the cluster that answers where clients bootstrap, None where the plan file does not
    say where that is. ``routing_obstacle`` is why client routing could not be turned, empty where nothing shows.
    ``held_restarts`` are clients that could not be restarted once it was. ``tasks_held`` is why drctl, which may, could
    not set the number of the link's tasks that the shift demands; empty where nothing shows.
    """

    seen_at: datetime
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    canary_topic: str
    source: SiteFacts
    target: SiteFacts
    canary: Reading[CanaryResult]
    link: LinkFacts
    reverse: LinkFacts | None
    client_routing: Reading[str | None]
    target_canary: Reading[CanaryResult]
    target_canary_topic: str
    images: Mapping[str, str] = field(default_factory=dict)
    deployments: tuple[Scalable, ...] = ()
    handed_over: tuple[Scalable, ...] = ()
    named: tuple[Scalable, ...] = ()
    capacity: Capacity | None = None
    unknown_sinks: Mapping[str, SinkGroup] = field(default_factory=dict)
    entry_cluster: Reading[str] | None = None
    routing_obstacle: str = ""
    held_restarts: tuple[HeldRestart, ...] = ()
    tasks_held: str = ""

    @property
    def replication(self) -> frozenset[str]:
        """The replication principals of both directions, who write behind the fence."""
        return frozenset(each.link.replication_principal for each in (self.link, self.reverse) if each is not None)

    @property
    def workload_topics(self) -> frozenset[str]:
        """The topics that move, and what they are called at the target."""
        return frozenset({*self.topics, *self.images.values()})

    def exempt(self, site: SiteFacts) -> frozenset[str]:
        """Return who writes behind the site's fence: replication, and a platform that writes nothing of ours."""
        return self.replication | site.confined(self.workload_topics)


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """A site as ``drctl status`` shows it; ``group_lag`` counts offsets between positions and stable ends.

    ``sight`` is what all observers saw of it, from which its health is judged. ``undenied`` is whom no deny rule binds
    there, in which scope; none at a closed site. ``role_unknown`` is why nobody can tell the role, else empty.
    """

    role: Role
    facts: SiteFacts
    group_lag: Reading[Mapping[str, int]]
    sight: Sight
    undenied: Reading[frozenset[DenyRule]]
    role_unknown: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Both sites, all links, client routing, the epoch, and the sinks of which nobody knows the group."""

    seen_at: datetime
    sites: tuple[SiteStatus, ...]
    links: tuple[LinkFacts, ...]
    client_routing: Reading[str | None]
    epoch: Reading[int]
    unknown_sinks: Mapping[str, SinkGroup] = field(default_factory=dict)
