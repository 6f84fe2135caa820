"""A witness in memory: it meets what is there, unless the way to it is cut."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drctl.errors import Unreachable
from drctl.model.reading import Reading
from drctl.model.sight import Sighting
from tests.fakes.clock import FakeClock
from tests.fakes.site import FakeSite


@dataclass(slots=True)
class FakeWitness:
    """A drctl at ``place``. ``cut_from``: sites that it does not reach; ``down``: nobody reaches itself."""

    place: str
    sites: Mapping[str, FakeSite]
    clock: FakeClock
    cut_from: set[str] = field(default_factory=set)
    down: bool = False

    def sightings(self) -> Mapping[str, tuple[Sighting, ...]]:
        if self.down:
            raise Unreachable(f"witness {self.place} does not answer", remedy="check its service")
        return {name: (self._seen(name, site),) for name, site in self.sites.items()}

    def _seen(self, name: str, site: FakeSite) -> Sighting:
        met = not site.down and name not in self.cut_from
        return Sighting(f"drctl-{self.place}", self.place, "brokers", Reading(met, self.clock.now()))
