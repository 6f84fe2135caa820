"""Journal, epochs, lease and front door in memory. State outlives a process; a lease does not."""

import json
from dataclasses import dataclass, field, replace
from hashlib import sha256

from drctl.errors import Conflict, JournalBroken, Locked, Superseded
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from tests.fakes.clock import FakeClock
from tests.fakes.effects import Effects


class FakeJournal:
    """Bodies go through JSON, so that what is not ready for it fails here, too. ``broken`` refuses to write."""

    def __init__(self, clock: FakeClock | None = None, effects: Effects | None = None) -> None:
        self._clock = clock or FakeClock()
        self._effects = effects or Effects()
        self._runs: dict[str, tuple[Run, RunState]] = {}
        self._entries: dict[str, list[JournalEntry]] = {}
        self.broken = False

    def begin(self, run: Run) -> None:
        if run.id in self._runs:
            raise Conflict(f"the journal has a run {run.id} already")
        with self._effects("journal begins run"):
            self._runs[run.id] = (run, RunState.RUNNING)
            self._entries[run.id] = []

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        if self.broken:
            raise JournalBroken("the journal cannot be written", remedy="make room on its disk")
        chain = self._entries[run]
        entry = JournalEntry(len(chain) + 1, run, self._clock.now(), event, step, json.loads(json.dumps(body or {})))
        entry = replace(entry, digest=_digest(chain[-1].digest if chain else "", entry))
        with self._effects(f"journal says {event} {step}".strip()):
            chain.append(entry)
        return entry

    def end(self, run: str, state: RunState) -> None:
        with self._effects(f"journal ends run as {state}"):
            self._runs[run] = (self._runs[run][0], state)

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        return tuple(self._runs.values())

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        before = ""
        for entry in self._entries.get(run, []):
            if entry.digest != _digest(before, replace(entry, digest="")):
                raise JournalBroken(f"entry {entry.sequence} of run {run} was altered")
            before = entry.digest
        return tuple(self._entries.get(run, []))

    def tamper(self, run: str, sequence: int) -> None:
        """Alter the body of one entry behind the journal's back."""
        self._entries[run][sequence - 1] = replace(self._entries[run][sequence - 1], body={"tampered": True})


def _digest(before: str, entry: JournalEntry) -> str:
    content = [before, entry.sequence, entry.run, entry.at.isoformat(), entry.event, entry.step, entry.body]
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class FakeEpochs:
    """The epoch register."""

    def __init__(self, effects: Effects | None = None) -> None:
        self._effects = effects or Effects()
        self.epoch = 0

    def current(self) -> int:
        return self.epoch

    def raise_to(self, epoch: int, *, expected: int) -> None:
        if self.epoch != expected or epoch <= self.epoch:
            raise Superseded(f"the epoch is {self.epoch}, not {expected}")
        with self._effects(f"raise epoch to {epoch}"):
            self.epoch = epoch


@dataclass(slots=True)
class Seat:
    """What a lease is about; shared by the processes that compete for it."""

    holder: str = ""
    owner: object = None


@dataclass(slots=True, eq=False)
class FakeLease:
    """One process' view of the seat."""

    seat: Seat = field(default_factory=Seat)

    def acquire(self, holder: str) -> None:
        if self.seat.owner not in (None, self):
            raise Locked(f"{self.seat.holder} is at work on this plan file", remedy="wait until it has ended")
        self.seat.owner, self.seat.holder = self, holder

    def held(self) -> bool:
        return self.seat.owner is self

    def release(self) -> None:
        if self.seat.owner is self:
            self.seat.owner, self.seat.holder = None, ""


class FakeFrontDoor:
    """The pointer that clients follow."""

    def __init__(self, site: str | None = None, effects: Effects | None = None) -> None:
        self._effects = effects or Effects()
        self.pointer = site

    def site(self) -> str | None:
        return self.pointer

    def point_to(self, site: str | None) -> None:
        with self._effects(f"door to {site}"):
            self.pointer = site
