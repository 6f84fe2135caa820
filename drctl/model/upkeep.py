"""Model what runs out, drifts or is set apart while nobody looks: certificates, clocks, disks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from drctl.model.reading import Reading


class CertificateUse(StrEnum):
    """Say what a certificate is for."""

    BROKER = "broker"
    CLIENT = "client"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate; ``fingerprint`` is the SHA-256 of it, in hex."""

    subject: str
    not_before: datetime
    not_after: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """A certificate in a keystore or truststore; ``place`` is the file, or whose settings hold it."""

    use: CertificateUse
    place: str
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Skew:
    """How far a clock is ahead of this machine's, give or take ``within``."""

    ahead: timedelta
    within: timedelta

    @property
    def at_least(self) -> timedelta:
        """By how much the two differ for certain."""
        return max(timedelta(0), abs(self.ahead) - self.within)


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """A file system's size and what is free of it, in bytes.

    ``cordoned``: the broker places no new partition in that log directory; where it is too old to say so, False.
    """

    total: int
    free: int
    cordoned: bool = False


type BrokerDisks = Mapping[str, Reading[Mapping[str, DiskSpace]]]
"""Space by broker, and each broker's by log directory."""


@dataclass(frozen=True, slots=True)
class SiteUpkeep:
    """One site: ``served`` by address, each broker's own certificate first; ``clocks`` by who tells the time.

    ``addresses`` are those of the brokers that speak TLS, none where the site's clients do without.
    ``brokers_unknown`` is why nobody knows which brokers there are.
    """

    name: str
    addresses: Reading[tuple[str, ...]]
    served: Mapping[str, Reading[tuple[Certificate, ...]]]
    kept: Reading[tuple[KeptCertificate, ...]]
    clocks: Mapping[str, Reading[Skew]]
    disks: BrokerDisks
    brokers_unknown: str = ""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Both sites, source first, and this machine: ``state`` is the file system of the state file at ``state_path``."""

    seen_at: datetime
    sites: tuple[SiteUpkeep, ...]
    state_path: str
    state: Reading[DiskSpace]
