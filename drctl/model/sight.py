"""One look at a site by all its observers: the material from which a cause is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from drctl.model.kubernetes import Attachment, Claim, Node, NodeStorage, Pod, StorageClass, Usage, Volume, WarningEvent
from drctl.model.reading import Reading
from drctl.model.strimzi import StrimziResource


@dataclass(frozen=True, slots=True)
class QuorumView:
    """The controllers as the one that leads sees them; ``behind`` are voters that did not come along lately."""

    leader: int
    epoch: int
    voters: frozenset[int] = frozenset()
    behind: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class KafkaView:
    """How the brokers see themselves.

    ``alive``: brokers in the metadata; ``assigned``: brokers that hold a replica of anything, alive or not.
    ``out_of_sync`` counts replicas per broker that are not in sync, among ``partitions`` partitions. ``offline_dirs``
    are log directories that a broker took out of service, ``quorum`` the controllers; None where no broker told of
    them: no signal, which is not health. ``quorum_lost`` is why no controller leads, by a broker that answers all else.
    """

    alive: frozenset[int]
    assigned: frozenset[int]
    controller: int
    partitions: int
    out_of_sync: Mapping[int, int] = field(default_factory=dict)
    under_min_isr: int = 0
    leaderless: int = 0
    offline_dirs: Mapping[int, tuple[str, ...]] | None = None
    quorum: QuorumView | None = None
    quorum_lost: str = ""


@dataclass(frozen=True, slots=True)
class KubeFacts:
    """Hold what one site's API server told, kind by kind; each is unknown on its own, as where a right is missing.

    ``skew`` is how far the API server's clock is ahead of ours. ``leases`` are the ages of the nodes' leases by our own
    clock since we saw them change, so that no clock of a node is trusted. ``strange`` are resources of a shape that we
    cannot read.
    """

    pods: Reading[Mapping[str, Pod]]
    nodes: Reading[Mapping[str, Node]]
    leases: Reading[Mapping[str, timedelta]]
    claims: Reading[Mapping[str, Claim]]
    volumes: Reading[Mapping[str, Volume]]
    attachments: Reading[tuple[Attachment, ...]]
    storage: Reading[Mapping[str, NodeStorage]]
    drivers: Reading[frozenset[str]]
    classes: Reading[Mapping[str, StorageClass]]
    events: Reading[tuple[WarningEvent, ...]]
    usage: Reading[Mapping[str, Usage]]
    strimzi: Reading[tuple[StrimziResource, ...]]
    skew: Reading[timedelta]
    strange: tuple[str, ...] = ()

    def readings(self) -> dict[str, Reading[object]]:
        """Every reading by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "strange"}


@dataclass(frozen=True, slots=True)
class Sighting:
    """Whether an observer meets a part of the site at all.

    ``vantage`` is where it looks from: a site's name, or that of a third place. ``met`` True: it answered; False: it
    did not; unknown: this observer could not look, which says nothing about the site.
    """

    observer: str
    vantage: str
    part: str
    met: Reading[bool]


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is known about one site. ``kubernetes`` is None where the plan file names none. ``own`` are the
    sightings of this very drctl, ``told`` those of others.
    """

    site: str
    seen_at: datetime
    kafka: Reading[KafkaView]
    kubernetes: KubeFacts | None = None
    own: tuple[Sighting, ...] = ()
    told: tuple[Sighting, ...] = ()

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """All of them."""
        return (*self.own, *self.told)
