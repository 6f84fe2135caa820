"""Certificates, clocks and disks in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from drctl.errors import Forbidden, NotFound, Unreachable, Unsupported
from drctl.model.cluster import Broker
from drctl.model.quotas import ClientQuotas, QuotaEntity
from drctl.model.sight import QuorumView
from drctl.model.upkeep import Certificate, CertificateUse, DiskSpace, KeptCertificate
from tests.fakes.clock import FakeClock
from tests.fakes.site import FakeSite

YEAR = timedelta(days=365)
GIB = 1 << 30


def certificate(
    subject: str, left: timedelta = YEAR, *, now: datetime | None = None, fingerprint: str = ""
) -> Certificate:
    """A certificate that has so much left, from when the fake clock begins unless said otherwise."""
    now = now or FakeClock().now()
    return Certificate(subject, now - YEAR, now + left, fingerprint or f"{subject} {left}")


class FakeCertificates:
    """Brokers at the given addresses; ``plain`` where clients speak without TLS, ``mute`` addresses do not answer."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.plain = False
        self.mute: set[str] = set()
        self.not_tls: set[str] = set()
        self.chains: dict[str, tuple[Certificate, ...]] = {
            f"localhost:{port}": (certificate(f"CN=broker-{port - 9000}"), certificate(f"CN={site.name}-ca"))
            for port in (9001, 9002, 9003)
        }
        self.stores = [
            KeptCertificate(CertificateUse.AUTHORITY, "/ca.pem", certificate(f"CN={site.name}-ca")),
            KeptCertificate(CertificateUse.CLIENT, "/drctl.pem", certificate("CN=drctl")),
        ]

    def addresses(self) -> tuple[str, ...]:
        return () if self.plain else tuple(self.chains)[:1]

    def served(self, address: str) -> tuple[Certificate, ...]:
        if self.site.down or address in self.mute or address not in self.chains:
            raise Unreachable(f"{self.site.name}: {address} does not answer", remedy="start it")
        if self.plain or address in self.not_tls:
            raise Unsupported(f"{self.site.name}: {address} speaks no TLS")
        return self.chains[address]

    def kept(self) -> tuple[KeptCertificate, ...]:
        return tuple(self.stores)


class FakeTimekeeper:
    """A clock at a site, ``ahead`` of the fake one; ``silent`` about it, or not there at all (``down``)."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.ahead = timedelta(0)
        self.takes = 0.0
        self.silent = self.down = False

    def time(self) -> datetime:
        if self.down:
            raise Unreachable("nobody answers", remedy="start it")
        if self.silent:
            raise Unsupported("its answers have no Date")
        told = (self.clock.now() + self.ahead).astimezone(UTC).replace(microsecond=0)
        self.clock.jump(timedelta(seconds=self.takes))
        return told


class FakeLogDirs:
    """One directory per broker; ``dirs`` may say otherwise, None where the broker does not measure.

    ``more`` are others that every broker has, ``gone`` those that a broker took out of service.
    ``mute`` brokers do not answer.
    """

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.dirs: dict[int, DiskSpace | None] = {}
        self.more: dict[str, DiskSpace] = {}
        self.gone: dict[int, tuple[str, ...]] = {}
        self.mute: set[int] = set()
        self.denied = False

    def offline(self, broker: Broker) -> tuple[str, ...]:
        self._reach(broker)
        return self.gone.get(broker.id, ())

    def space(self, broker: Broker) -> Mapping[str, DiskSpace]:
        self._reach(broker)
        space = self.dirs.get(broker.id, DiskSpace(100 * GIB, 50 * GIB))
        if space is None:
            raise Unsupported(f"{self.site.name}: broker {broker.id} does not tell its size")
        return {"/var/lib/kafka": space, **self.more}

    def _reach(self, broker: Broker) -> None:
        # Not ``reach``, which counts requests: gates ask beside all else, and no test may depend on whose comes first.
        if self.site.down or broker.port < 9000 or broker.id in self.mute:
            raise Unreachable(f"{self.site.name}: broker {broker.id} does not answer", remedy="start it")
        if self.denied:
            raise Forbidden(f"{self.site.name}: DESCRIBE on the cluster is denied")


class FakeQuorum:
    """Every broker tells the same ``view``, or that nobody leads where it is None."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.view: QuorumView | None = QuorumView(1, 7, frozenset({1, 2, 3}))
        self.denied = False

    def told(self, broker: Broker) -> QuorumView:
        if self.site.down or broker.port < 9000:
            raise Unreachable(f"{self.site.name}: broker {broker.id} does not answer", remedy="start it")
        if self.denied:
            raise Forbidden(f"{self.site.name}: DESCRIBE on the cluster is denied")
        if self.view is None:
            raise Unreachable(f"{self.site.name}: no controller leads", remedy="see the controllers' logs")
        return self.view


class FakeQuotas:
    """Every broker tells the same ``held``."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.held: dict[QuotaEntity, dict[str, float]] = {}
        self.denied = False

    def told(self, broker: Broker) -> ClientQuotas:
        self.site.reach()
        if self.denied:
            raise Forbidden(f"{self.site.name}: DESCRIBE_CONFIGS on the cluster is denied")
        if broker.port < 9000:
            raise Unreachable(f"{self.site.name}: broker {broker.id} does not answer", remedy="start it")
        return {entity: dict(values) for entity, values in self.held.items()}


class FakeDisk:
    """A file system; ``missing`` until its folder is made."""

    def __init__(self) -> None:
        self.total, self.free = 100 * GIB, 50 * GIB
        self.missing = False

    def space(self) -> DiskSpace:
        if self.missing:
            raise NotFound("there is no such folder", remedy="make it")
        return DiskSpace(self.total, self.free)
