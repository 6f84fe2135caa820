"""Clients of a site, as far as Kafka tells of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drctl.model.reading import Reading
from drctl.model.session import Group


@dataclass(frozen=True, slots=True)
class ClientSoftware:
    """Describe what a client is made with, as the plan file tells: ``client_id`` may end in ``*``."""

    client_id: str
    software: str
    version: str

    def is_for(self, client_id: str) -> bool:
        """Whether it tells of that client."""
        if self.client_id.endswith("*"):
            return client_id.startswith(self.client_id[:-1])
        return client_id == self.client_id


@dataclass(frozen=True, slots=True)
class ConnectedSoftware:
    """Count the connections of one kind of client at a listener, as the brokers do (KIP-511).

    Brokers' own, replication and drctl are among them. Who is behind a connection no broker counts.
    """

    software: str
    version: str
    listener: str
    connections: int


@dataclass(frozen=True, slots=True)
class SiteClients:
    """The members of every group at a site, and when each group last committed anything there.

    ``synced``: group-offset sync keeps positions there in this epoch, so a commit need not be a client's.
    ``connected`` is what the brokers count, None where the plan file does not say where their metrics are.
    """

    site: str
    groups: Reading[Mapping[str, Group]]
    committed_at: Reading[Mapping[str, datetime]]
    synced: bool = False
    connected: Reading[tuple[ConnectedSoftware, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Census:
    """Who is where. ``serving`` is the site that clients are sent to, ``since`` when the last run opened it.

    ``away`` are groups, by site, that belong there though it does not serve: they were handed over alone.
    """

    sites: tuple[SiteClients, ...]
    serving: Reading[str | None]
    since: datetime | None
    software: tuple[ClientSoftware, ...]
    away: Mapping[str, Collection[str]] = field(default_factory=dict)
