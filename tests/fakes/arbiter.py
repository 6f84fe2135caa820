"""An arbiter in memory, as each of several controllers reaches it."""

from dataclasses import dataclass, field
from threading import Lock

from drctl.errors import Superseded, Unreachable
from drctl.model.arbiter import ArbiterRecord
from tests.fakes.effects import Effects


@dataclass(slots=True)
class ThirdPlace:
    """What the arbiter holds; shared by all who reach it."""

    record: ArbiterRecord | None = None
    lock: Lock = field(default_factory=Lock)


@dataclass(slots=True)
class FakeArbiter:
    """One controller's way to it. ``cut``: it does not answer this one; ``deaf``: it does, but the answer is lost."""

    place: ThirdPlace = field(default_factory=ThirdPlace)
    effects: Effects = field(default_factory=Effects)
    cut: bool = False
    deaf: bool = False

    def read(self) -> ArbiterRecord | None:
        self._reach()
        return self.place.record

    def write(self, record: ArbiterRecord, *, expected: ArbiterRecord | None) -> None:
        self._reach()
        with self.effects(f"arbiter told {record.primary}"), self.place.lock:
            if self.place.record != expected:
                raise Superseded(f"the arbiter holds {self.place.record}, not {expected}", remedy="look again")
            self.place.record = record
        if self.deaf:
            raise Unreachable("the arbiter does not answer", remedy="check the network to it")

    def _reach(self) -> None:
        if self.cut:
            raise Unreachable("the arbiter does not answer", remedy="check the network to it")
