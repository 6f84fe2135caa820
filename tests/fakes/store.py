"""Journal, epochs, lease and client routing in memory. State outlives a process; a lease does not."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from drctl.errors import Conflict, JournalBroken, Locked, NotFound, Refused, Superseded, Unreachable
from drctl.model import former
from drctl.model.chain import (
    GENESIS,
    Change,
    Line,
    canonical,
    chained,
    entry_digest,
    require_whole,
    run_content,
)
from drctl.model.loss import LogEndsSighting
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.model.sync_report import SyncReport
from drctl.plans.copying import Courier
from tests.fakes.clock import FakeClock
from tests.fakes.effects import Effects
from tests.fakes.site import FakeSite


class FakeJournal:
    """Bodies go through JSON, so that what is not ready for it fails here, too. ``broken`` refuses to write.

    ``altered`` are entries that somebody changed behind the journal's back.
    """

    def __init__(self, clock: FakeClock | None = None, effects: Effects | None = None) -> None:
        self._clock = clock or FakeClock()
        self._effects = effects or Effects()
        self._runs: dict[str, tuple[Run, RunState]] = {}
        self._entries: dict[str, list[JournalEntry]] = {}
        self._lines: list[Line] = []
        self.broken = False
        self.altered: set[tuple[str, int]] = set()

    def begin(self, run: Run, started: Evidence | None = None) -> None:
        self._require_usable()
        if run.id in self._runs:
            raise Conflict(f"the journal has a run {run.id} already")
        if any(known.plan != run.plan for known, _ in self._runs.values()):
            raise Refused(f"the journal holds the runs of another plan file than {run.plan}")
        with self._effects("journal begins run"):
            self._take(Change.RUN_BEGUN, run.id, run_content(run))
            if started is not None:
                self._add(run.id, Event.RUN_STARTED, "", started)

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        self._require_usable()
        with self._effects(f"journal says {event} {step}".strip()):
            return self._add(run, event, step, body or {})

    def _add(self, run: str, event: Event, step: str, body: Evidence) -> JournalEntry:
        chain, text, at = self._entries[run], canonical(json.loads(json.dumps(body))), self._clock.now()
        before, sequence = chain[-1].digest if chain else run, len(chain) + 1
        digest = entry_digest(before, sequence, at.isoformat(), event, step, text)
        entry = JournalEntry(sequence, run, at, event, step, json.loads(text), digest)
        self._take(Change.ENTRY_WRITTEN, run, _entry_content(entry, text))
        return entry

    def _require_usable(self) -> None:
        if self.broken:
            raise JournalBroken("the journal cannot be written", remedy="make room on its disk")

    def end(self, run: str, state: RunState) -> None:
        with self._effects(f"journal ends run as {state}"):
            self._take(Change.RUN_ENDED, run, state)

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        return tuple(self._runs.values())

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        for entry in self._entries.get(run, []):
            if (run, entry.sequence) in self.altered:
                raise JournalBroken(f"entry {entry.sequence} of run {run} was altered")
        return tuple(self._entries.get(run, []))

    def lines(self, after: int = 0) -> tuple[Line, ...]:
        return tuple(self._lines[after:])

    def complete(self, lines: Sequence[Line]) -> int:
        require_whole("the copy", lines)
        own = len(self._lines)
        if list(lines[:own]) != self._lines:
            raise Conflict("the journal does not go on as the copy does")
        for line in lines[own:]:
            self._take(line.change, line.about, line.content)
        return len(lines) - own

    def set_back(self, lines: int) -> None:
        """Be an older state of this journal, as from a backup, which holds only that many lines."""
        kept = self._lines[:lines]
        self._runs, self._entries, self._lines = {}, {}, []
        for line in kept:
            self._take(line.change, line.about, line.content)

    def tamper(self, run: str, sequence: int) -> None:
        """Alter one entry behind the journal's back."""
        self.altered.add((run, sequence))

    def _take(self, change: Change, about: str, content: str) -> None:
        before = self._lines[-1].digest if self._lines else GENESIS
        line = chained(before, Line(len(self._lines) + 1, change, about, content))
        self._lines.append(line)
        if change is Change.RUN_BEGUN:
            self._runs[about] = (_run_of(line), RunState.RUNNING)
            self._entries[about] = []
        elif change is Change.ENTRY_WRITTEN:
            self._entries[about].append(_entry_of(line))
        elif change is Change.RUN_ENDED:
            self._runs[about] = (self._runs[about][0], RunState(content))


def _run_of(line: Line) -> Run:
    """The run that a line has begun."""
    return Run(**json.loads(line.content))


def _entry_content(entry: JournalEntry, body: str) -> str:
    """An entry as a line's content; ``body`` is its text as it was digested."""
    told = {"sequence": entry.sequence, "at": entry.at.isoformat(), "event": entry.event, "step": entry.step}
    return canonical({**told, "body": body, "digest": entry.digest})


def _entry_of(line: Line) -> JournalEntry:
    """The entry that a line holds."""
    told = json.loads(line.content)
    body: Evidence = former.body(json.loads(told["body"]))
    at, event = datetime.fromisoformat(told["at"]), Event(told["event"])
    return JournalEntry(told["sequence"], line.about, at, event, former.step(told["step"]), body, told["digest"])


class FakeJournalCopy:
    """The copy at one site, gone while the site is down. ``ready`` says that it has a place for it."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site, self._effects = site, effects or Effects()
        self.kept: list[Line] = []
        self.ready = True

    def last(self) -> Line | None:
        self._reach()
        return max(self.kept, key=lambda line: line.number, default=None)

    def write(self, lines: Sequence[Line]) -> None:
        self._reach()
        with self._effects(f"copy {len(lines)} lines to {self.site.name}") as parts:
            self.kept.extend(parts(lines, in_order=True))

    def lines(self) -> tuple[Line, ...]:
        self._reach()
        known: dict[int, Line] = {}
        for line in self.kept:
            if known.setdefault(line.number, line) != line:
                raise JournalBroken(f"{self.site.name} holds two different lines {line.number}")
        return tuple(known[number] for number in sorted(known))

    def close(self) -> None:
        """Nothing is open."""

    def _reach(self) -> None:
        self.site.reach()
        if not self.ready:
            raise NotFound(f"{self.site.name} has no place for a journal")


class FakeCouriers:
    """They go as soon as they are woken, and whoever woke them waits; a site that is down is left out."""

    def __init__(self, journal: FakeJournal, copies: Mapping[str, FakeJournalCopy]) -> None:
        self._couriers = [Courier(site, journal, copy) for site, copy in copies.items()]
        self._overtaken: Locked | None = None

    def wake(self) -> None:
        for courier in self._couriers:
            try:
                courier.deliver()
            except Locked as overtaken:
                self._overtaken = overtaken
            except (Unreachable, NotFound, JournalBroken):
                pass

    def require_in_step(self, seconds: float) -> None:
        self.require_alone()
        for courier in self._couriers:
            with suppress(Unreachable, NotFound):
                courier.deliver()

    def require_alone(self) -> None:
        if self._overtaken is not None:
            raise self._overtaken

    def close(self) -> None:
        """Nothing is under way."""


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

    def holder(self) -> str:
        return self.seat.holder if self.seat.owner is not None else ""

    def release(self) -> None:
        if self.seat.owner is self:
            self.seat.owner, self.seat.holder = None, ""


class FakeClientRouting:
    """The pointer that clients follow. ``against`` is why it cannot be turned."""

    def __init__(self, site: str | None = None, effects: Effects | None = None) -> None:
        self._effects = effects or Effects()
        self.pointer = site
        self.against = ""

    def site(self) -> str | None:
        return self.pointer

    def obstacle(self) -> str:
        return self.against

    def route_to(self, site: str | None) -> None:
        if self.against:
            raise Conflict(self.against, remedy="takeOwnership: true")
        with self._effects(f"routing to {site}"):
            self.pointer = site


class FakeSightings:
    """What was last seen of each site's log ends."""

    def __init__(self) -> None:
        self.known: dict[str, LogEndsSighting] = {}

    def note(
        self, site: str, ends: Mapping[TopicPartition, int], at: datetime, anew: frozenset[str] = frozenset()
    ) -> None:
        before = self.known.get(site)
        self.known[site] = (
            before.followed_by(dict(ends), at, anew) if before else LogEndsSighting(dict(ends), at, anew=anew)
        )

    def note_silence(self, site: str, at: datetime) -> None:
        if site in self.known and self.known[site].silent_since is None:
            self.known[site] = replace(self.known[site], silent_since=at)

    def last(self, site: str) -> LogEndsSighting | None:
        return self.known.get(site)


class FakeSyncReports:
    """What group-offset sync last told of itself."""

    def __init__(self) -> None:
        self.known: dict[str, SyncReport] = {}

    def note(self, report: SyncReport) -> None:
        self.known[report.target] = report

    def last(self, target: str) -> SyncReport | None:
        return self.known.get(target)


class FakeMemory:
    """What was seen, in memory; outlives a process."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}
        self._copied: dict[str, dict[TopicPartition, int]] = {}

    def topic_ids(self, site: str) -> Mapping[str, str]:
        return {topic: found for (at, topic), found in self._ids.items() if at == site}

    def note_topic_ids(self, site: str, ids: Mapping[str, str], *, anew: bool = False) -> None:
        for topic, found in ids.items():
            if anew or (site, topic) not in self._ids:
                self._ids[site, topic] = found

    def copied(self, link: str) -> Mapping[TopicPartition, int]:
        return dict(self._copied.get(link, {}))

    def note_copied(self, link: str, ends: Mapping[TopicPartition, int]) -> None:
        self._copied.setdefault(link, {}).update(ends)
