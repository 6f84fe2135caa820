"""What clients bootstrap through: a name that follows client routing, though not at once."""

from collections.abc import Mapping

from drctl.errors import Unauthenticated
from tests.fakes.brokers import FakeBrokers
from tests.fakes.clock import FakeClock
from tests.fakes.site import FakeSite
from tests.fakes.store import FakeClientRouting


class FakeEntryPoint:
    """Leads where ``routing`` pointed ``lag`` seconds ago, and lets in only who logs in as at that site.

    ``stuck`` is a site to which it leads whatever routing says.
    """

    servers = "kafka.example:9094"

    def __init__(
        self, routing: FakeClientRouting, sites: Mapping[str, FakeSite], clock: FakeClock, *, lag: float = 0.0
    ) -> None:
        self.routing, self.sites, self.clock, self.lag = routing, sites, clock, lag
        self.stuck = ""
        self._at = routing.pointer or ""
        self._turned: float | None = None

    def cluster_id(self, site: str) -> str:
        if site != self._leads_to():
            raise Unauthenticated(f"entry point {self.servers}: the login is not known", remedy="check the login")
        return FakeBrokers(self.sites[site]).cluster().cluster_id

    def _leads_to(self) -> str:
        pointer = self.routing.pointer or self._at
        if pointer != self._at and self._turned is None:
            self._turned = self.clock.monotonic()
        if self._turned is not None and self.clock.monotonic() - self._turned >= self.lag:
            self._at, self._turned = pointer, None
        return self.stuck or self._at
