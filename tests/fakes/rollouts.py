"""Pods that are replaced, in memory: while time passes their controllers start new ones and end old ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

from drctl.errors import Conflict, NotFound, Unreachable
from drctl.model.rollouts import Rollout
from drctl.model.scaling import Scalable
from drctl.ports.permit import Permit, always
from tests.fakes.clock import FakeClock
from tests.fakes.effects import Effects


@dataclass
class FakeRestartable:
    """One object. ``pods`` are by name the mark that each was started with; ``held`` is why nothing replaces them.

    ``starts`` are called when a pod of a newer template works: its client has read where to go.
    """

    wanted: int
    pods: dict[str, str]
    available: int
    mark: str = ""
    settled: bool = True
    held: tuple[str, str] | None = None
    troubles: list[str] = field(default_factory=list)
    starts: list[Callable[[], None]] = field(default_factory=list)
    begun: int = 0

    @property
    def rollout(self) -> Rollout:
        """As the port tells it."""
        old = tuple(sorted(name for name, mark in self.pods.items() if mark != self.mark))
        updated = len(self.pods) - len(old) if self.settled else 0
        return Rollout(self.mark, self.wanted, updated, self.available, old, self.settled, tuple(self.troubles))


class FakeRollouts:
    """Implements :class:`drctl.ports.Rollouts`. ``idle``: no controller acts. ``stuck``: what gets no new pod."""

    def __init__(self, clock: FakeClock | None = None, effects: Effects | None = None) -> None:
        self.clock, self.effects = clock or FakeClock(), effects or Effects()
        self.objects: dict[str, FakeRestartable] = {}
        self.down = self.idle = False
        self.stuck: set[str] = set()
        self.clock.actors.append(self.tick)

    def create(self, what: Scalable, replicas: int) -> FakeRestartable:
        """An object whose pods all work, and none of which was ever restarted."""
        pods = {f"{what.name}-{number}": "" for number in range(replicas)}
        self.objects[str(what)] = FakeRestartable(replicas, pods, replicas)
        return self.objects[str(what)]

    def tick(self) -> None:
        """Controllers replace one pod each."""
        for label, each in self.objects.items() if not self.idle else ():
            each.settled = True
            old = [name for name, mark in sorted(each.pods.items()) if mark != each.mark]
            if not old:
                continue
            if label in self.stuck:
                each.troubles = [f"{label}-new: ImagePullBackOff: there is no such image"]
                continue
            del each.pods[old[0]]
            each.begun += 1
            each.pods[f"{label}-{each.begun}-{each.mark}"] = each.mark
            for start in each.starts:
                start()

    def _found(self, what: Scalable) -> FakeRestartable:
        if self.down:
            raise Unreachable("the API server of client routing does not answer", remedy="check that it runs")
        if str(what) not in self.objects:
            raise NotFound(f'{what.kind} "{what.name}" not found', remedy="correct the name")
        return self.objects[str(what)]

    def state(self, what: Scalable) -> Rollout:
        return self._found(what).rollout

    def rehearse(self, what: Scalable) -> None:
        if held := self._found(what).held:
            raise Conflict(f"{what}: {held[0]}", remedy=held[1])

    def restart(self, what: Scalable, mark: str, permit: Permit = always) -> None:
        found = self._found(what)
        if found.mark == mark:
            return
        self.rehearse(what)
        permit()
        with self.effects(f"restart {what}"):
            found.mark, found.settled = mark, False
