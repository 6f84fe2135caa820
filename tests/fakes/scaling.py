"""What Kubernetes scales at one site, in memory: while time passes pods come and go, and autoscalers act."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drctl.errors import Conflict, NotFound, Unreachable
from drctl.model.scaling import Scalable, Scale, Scaler
from tests.fakes.clock import FakeClock
from tests.fakes.effects import Effects
from tests.fakes.store import FakeClientRouting


@dataclass
class FakeObject:
    """One object. ``owners``: whose manifest sets its number; ``pods`` are there, ``available`` of them can work.

    ``network`` is what their addresses begin with, empty where they are on their nodes' own.
    """

    wanted: int
    pods: list[str] = field(default_factory=list)
    available: int = 0
    settled: bool = True
    kept: int | None = None
    owners: set[str] = field(default_factory=set)
    scalers: list[Scaler] = field(default_factory=list)
    network: str = ""

    @property
    def scale(self) -> Scale:
        """As the port tells it."""
        pods, owners = tuple(sorted(self.pods)), tuple(sorted(self.owners))
        addresses = tuple(f"{self.network}.{n + 1}" for n in range(len(pods))) if self.network else ()
        return Scale(self.wanted, len(pods), self.available, pods, self.settled, self.kept, owners, addresses)


class FakeScaling:
    """Implements :class:`drctl.ports.Scaling`.

    ``idle``: no controller acts. ``lingers``: ticks that a pod takes to end. ``stuck``: objects whose pods never start.
    """

    def __init__(self, site: str, clock: FakeClock | None = None, effects: Effects | None = None) -> None:
        self.site, self.clock, self.effects = site, clock or FakeClock(), effects or Effects()
        self.objects: dict[str, FakeObject] = {}
        self.down = self.idle = False
        self.lingers = 3
        self.stuck: set[str] = set()
        self._ending: dict[str, int] = {}
        self.clock.actors.append(self.tick)

    def create(self, what: Scalable, replicas: int) -> FakeObject:
        """An object whose pods all work."""
        pods = [f"{what.name}-{number}" for number in range(replicas)]
        self.objects[str(what)] = FakeObject(replicas, pods, replicas)
        return self.objects[str(what)]

    def tick(self) -> None:
        """Controllers act: KEDA starts what it may not leave at 0, pods begin or end."""
        for label, each in self.objects.items() if not self.idle else ():
            for scaler in each.scalers:
                if each.wanted == 0 and scaler.undoes_zero:
                    each.wanted, each.settled = max(1, scaler.least), False
                elif each.wanted > scaler.most:
                    each.wanted, each.settled = scaler.most, False
            self._reconcile(label, each)

    def _reconcile(self, label: str, each: FakeObject) -> None:
        each.settled = True
        if len(each.pods) > each.wanted:
            self._ending[label] = self._ending.get(label, self.lingers) - 1
            if self._ending[label] <= 0:
                del each.pods[each.wanted :]
        else:
            self._ending.pop(label, None)
            each.pods += [f"{label}-{number}" for number in range(len(each.pods), each.wanted)]
        each.available = 0 if label in self.stuck else min(len(each.pods), each.wanted)

    def _found(self, what: Scalable) -> FakeObject:
        if self.down:
            raise Unreachable(f"site {self.site}: the API server does not answer", remedy="check that it runs")
        if str(what) not in self.objects:
            raise NotFound(f'site {self.site}: {what.kind} "{what.name}" not found', remedy="correct the name")
        return self.objects[str(what)]

    def state(self, what: Scalable) -> Scale:
        return self._found(what).scale

    def scalers(self, what: Scalable) -> tuple[Scaler, ...]:
        return tuple(self._found(what).scalers)

    def keep(self, what: Scalable, replicas: int | None) -> None:
        found = self._found(what)
        if found.kept != replicas:
            with self.effects(f"keep {replicas} on {what} at {self.site}"):
                found.kept = replicas

    def scale(self, what: Scalable, replicas: int) -> None:
        found = self._found(what)
        if found.wanted == replicas:
            return
        if found.owners and not what.take:
            owners = ", ".join(sorted(found.owners))
            raise Conflict(f"site {self.site}: {what}: set by a manifest of {owners}", remedy="takeOwnership: true")
        with self.effects(f"scale {what} to {replicas} at {self.site}"):
            found.wanted, found.settled, found.owners = replicas, False, set()


class Housing(FakeClientRouting):
    """Where a client is that lives in the pods of an object: at the site where one can work, or nowhere."""

    def __init__(self, what: Scalable, sites: Mapping[str, FakeScaling]) -> None:
        super().__init__()
        self.what, self.sites = what, sites

    def site(self) -> str | None:
        """Pods that are ending read to their end."""
        for name, there in self.sites.items():
            found = there.objects[str(self.what)]
            if found.pods and (found.available or not found.wanted):
                return name
        return None
