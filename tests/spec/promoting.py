"""Controllers that may fail over by themselves, and all that can be cut between them, the sites and the arbiter."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from drctl.errors import Unreachable
from drctl.model.arbiter import AutomaticFailoverTerms
from drctl.model.fence import FenceState
from drctl.model.hooks import Hook
from drctl.model.run import Run, RunState
from drctl.monitors import SiteObservers, status
from drctl.ports import World
from drctl.ports.commands import Ended
from drctl.service.acting import led
from drctl.service.watch import Watch
from tests.fakes import (
    FakeArbiter,
    FakeEpochs,
    FakeJournal,
    FakeLease,
    FakeWitness,
    FakeWorld,
    Seat,
    ThirdPlace,
    fake_world,
)
from tests.fakes.world import APPLICATIONS
from tests.spec.failing import lose, synced
from tests.spec.serving import EVERY

AGENT = "./power-off"
AFTER = timedelta(seconds=60)
LOOKS = 1 + round(AFTER / EVERY)
"""Looks after which a lost site was lost for long enough."""
TERMS = AutomaticFailoverTerms(
    AFTER, accept_loss=10_000, fences=frozenset({FenceState.PROVEN, FenceState.BY_AGENT}), arbiter=Path("/arbiter")
)


@dataclass
class Third:
    """The place that is lost with neither site: a witness, the arbiter, and the agent's way to north's power.

    ``off``: the agent has taken north's power. A north that is merely silent may take writes of its own clients.
    """

    earth: FakeWorld
    place: ThirdPlace = field(default_factory=ThirdPlace)
    reaches_power: bool = True
    off: bool = False

    def __post_init__(self) -> None:
        earth = self.earth
        agent = Hook((AGENT,), timedelta(seconds=60))
        earth.plan = replace(earth.plan, automatic_failover=TERMS, fencing_agent=agent)
        earth.witnesses["west"] = FakeWitness("west", earth.sites, earth.clock)
        earth.commands.known[AGENT] = self._power_off

    def _power_off(self, _: Sequence[str], __: str) -> Ended:
        if not self.reaches_power:
            return Ended(1, "", "no answer from the power unit")
        self.off = self.earth.north.down = self.earth.workers["north"].worker_down = True
        return Ended(0, "north-1, north-2 and north-3 are off\n")


class StateStore:
    """Epoch, journal and lock, of one controller or of several."""

    def __init__(self, earth: FakeWorld) -> None:
        self.journal, self.epochs = FakeJournal(earth.clock, earth.effects), FakeEpochs(earth.effects)
        self.seat = Seat()


class Controller:
    """A service at south that may act by itself, with a way of its own to the arbiter and to its state.

    ``leads`` is what it thinks of itself: two that cannot see each other may both think so.
    """

    def __init__(self, third: Third, store: StateStore | None = None) -> None:
        self.third, self.earth, self.store = third, third.earth, store
        self.arbiter = FakeArbiter(third.place, third.earth.effects)
        self.leads, self.reaches_state = True, True

        @contextmanager
        def opened(_: Collection[str]) -> Iterator[World]:
            if not self.reaches_state:
                raise Unreachable("the state file's volume does not answer")
            yield self.ports()

        world = self.ports()
        observers = SiteObservers(world, "south")
        self.watch = Watch(
            world,
            lambda looked_at: status(looked_at, observers),
            EVERY,
            observers=observers,
            opened=led(opened, lambda: self.leads),
        )

    def ports(self) -> World:
        """A new process' view, with this controller's ways."""
        world = replace(self.earth.ports(), arbiter=self.arbiter)
        if self.store is None:
            return world
        return replace(
            world,
            journal=self.store.journal,
            journal_file=self.store.journal,
            epochs=self.store.epochs,
            lease=FakeLease(self.store.seat),
        )

    def look(self, times: int = 1) -> None:
        """Look, act if it thinks that it leads, and wait for the next look."""
        for _ in range(times):
            self.watch.cycle()
            if self.leads:
                self.watch.acting.act()
            self.earth.settle(EVERY.total_seconds())

    def act_again(self) -> None:
        """Look and act in the same moment, as beside somebody else."""
        self.watch.cycle()
        self.watch.acting.act()

    def runs(self) -> list[tuple[Run, RunState]]:
        journal = self.earth.journal if self.store is None else self.store.journal
        return [(run, state) for run, state in journal.runs() if run.kind == "failover"]


def well() -> Third:
    """North serves, south is its synced standby, and a witness and an arbiter are in a third place."""
    return Third(synced(fake_world()))


def lose_north(third: Third) -> None:
    """With everything of it, as everybody sees."""
    lose(third.earth, sighted=True)


def come_back(third: Third) -> None:
    """North is there again, whoever had taken its power."""
    earth, third.off = third.earth, False
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False


def watch_for_two_writable_sites(third: Third) -> list[str]:
    """Moments at which clients could write at south and, for all that is certain, at north; stays empty if all is well.

    A north that is silent counts as open, unless it has lost its power or its own log holds deny rules.
    """
    found: list[str] = []

    def look(moment: str = "a tick") -> None:
        earth = third.earth
        closed = third.off or not earth.north.may(APPLICATIONS[0])
        if earth.south.may(APPLICATIONS[0]) and not closed:
            found.append(moment)

    third.earth.effects.watchers.append(look)
    third.earth.clock.actors.append(look)
    return found
