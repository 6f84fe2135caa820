"""One of several checkers: it checks the partitions that it is given, and keeps each state with its position.

Whoever is killed loses what it had checked since it last saved; whoever is given its partitions goes on from there.
Each partition is checked up to where it ended when its check began, so that all checkers together read what one would.
It ends once every partition is complete, whoever checked it.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from drctl.errors import Conflict, Unreachable
from drctl.ledger.batches import take_found
from drctl.ledger.events import LogStart
from drctl.ledger.retention import Retention, retention_in
from drctl.ledger.state import CheckerState
from drctl.ledger.stored_state import from_bytes, to_bytes
from drctl.model.checking import CheckedPartition, RecordBatch
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.ports import CheckerStates, Clock, SharedLogs, SharedReader

LOOK = 2.0
"""Seconds between two looks at how far others have come: each reads every state."""
SAVE = 10.0
"""Seconds between two saves of a state that has grown: what another checker does again after a kill."""
TURN = 0.5
"""Seconds to wait for records before looking whether there is anything else to do."""
PATIENCE = 300.0
"""Seconds without progress of any checker after which it is given up: a group needs some tens to go on after a kill."""


class Bounds(Protocol):
    """Says where logs begin and end; :class:`drctl.ports.Records` does."""

    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        """Return the bounds of each."""
        ...


class TopicSettings(Protocol):
    """Says what a topic's settings are; :class:`drctl.ports.Brokers` does."""

    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        """Return those that exist."""
        ...


@dataclass(frozen=True, slots=True)
class CheckTerms:
    """Say what is checked: the records of a run at a site, in these partitions."""

    run: UUID
    site: str
    partitions: frozenset[TopicPartition]


@dataclass(slots=True)
class _Held:
    """A partition that this checker has: its state, where it stands, and where it stood when it was last saved."""

    state: CheckerState
    position: int
    end: int
    complete: bool = False
    saved: int = -1


class SharedCheck:
    """Checks what it is given. ``run`` returns once every partition is complete; ``reader`` is None before that."""

    def __init__(
        self,
        logs: SharedLogs,
        bounds: Bounds,
        states: CheckerStates,
        clock: Clock,
        terms: CheckTerms,
        *,
        settings: TopicSettings,
    ) -> None:
        self.logs, self.bounds, self.settings, self.states = logs, bounds, settings, states
        self.clock, self.terms = clock, terms
        self.taken = 0
        self._held: dict[TopicPartition, _Held] = {}
        self.reader: SharedReader | None = None
        self._saved_at = clock.monotonic()
        self._progress = _Progress(clock.monotonic())

    def run(self, is_to_end: Callable[[], bool] = lambda: False) -> bool:
        """Check until every partition is complete; whether it is, and was not told to end before.

        Unreachable where nothing has come, and no other checker has got on, for ``PATIENCE`` seconds.
        """
        try:
            while not is_to_end():
                if self.turn():
                    return True
            return False
        finally:
            self.close()

    def turn(self) -> bool:
        """Take in what has come; whether every partition is complete. Joins the group first if that was not done."""
        if self.reader is None:
            self.reader = self.logs.join(self._begin, self._give_up)
        for batch in self.reader.read(TURN):
            self._take(batch)
        self._save_what_is_due()
        now = self.clock.monotonic()
        if now < self._progress.look_at:
            return False
        # Of all partitions only where its own are done: then it waits for others, and else for records.
        left = self._incomplete() if all(held.complete for held in self._held.values()) else None
        if left == {}:
            return True
        self._progress.note((self.taken, left), now)
        if now - self._progress.since > PATIENCE:
            raise self._stuck()
        return False

    def close(self) -> None:
        """Save what has grown, and leave the group."""
        if self.reader is not None:
            self.reader.close()

    def _stuck(self) -> Unreachable:
        return Unreachable(
            f"site {self.terms.site}: nothing has come for {PATIENCE:.0f} s, "
            f"and {', '.join(map(str, self._incomplete()))} are not checked to their ends",
            remedy="look at the group's members and at the leaders of these partitions",
        )

    def _begin(self, partition: TopicPartition) -> int:
        found = self.states.load(partition)
        if found is None:
            now = self.bounds.bounds([partition])[partition]
            held = _Held(CheckerState(), now.start, now.stable)
            self._held[partition] = held
            self._end_if_due(partition, held)
            return held.position
        if (found.run, found.site) != (str(self.terms.run), self.terms.site):
            raise Conflict(
                f"{partition}: what is kept is of run {found.run} at site {found.site}",
                remedy="name another folder for the states, or take these away",
            )
        state = from_bytes(found.state, str(partition))
        self._held[partition] = _Held(state, found.position, found.end, found.complete, found.position)
        return found.position

    def _give_up(self, partition: TopicPartition) -> None:
        held = self._held.pop(partition, None)
        # Not over what somebody else has come further with, while this one was taken for dead.
        if held is not None and held.saved != held.position and self._is_behind(partition, held):
            self._save(partition, held)

    def _take(self, batch: RecordBatch) -> None:
        held = self._held.get(batch.partition)
        if held is None or held.complete:
            return
        wanted = _below(batch, held.end)
        if wanted.offsets:
            take_found(held.state, wanted, self.terms.site, self.terms.run)
            self.taken += len(wanted.offsets)
        held.position = max(held.position, batch.following)
        self._end_if_due(batch.partition, held)

    def _end_if_due(self, partition: TopicPartition, held: _Held) -> None:
        if held.position >= held.end:
            # Asked last, so that what expired while it was read is not taken for lost.
            start = self.bounds.bounds([partition])[partition].start
            held.state.take(LogStart(self.terms.site, *partition, start, self._retention(partition.topic)))
            held.complete = True
            self._save(partition, held)

    def _retention(self, topic: str) -> Retention | None:
        found = self.settings.topics([topic])
        return retention_in(found[topic].config, self.clock.now().timestamp()) if topic in found else None

    def _save_what_is_due(self) -> None:
        now = self.clock.monotonic()
        if now - self._saved_at < SAVE:
            return
        self._saved_at = now
        for partition, held in self._held.items():
            if held.saved != held.position or self._is_behind(partition, held):
                self._save(partition, held)

    def _is_behind(self, partition: TopicPartition, held: _Held) -> bool:
        """Whether somebody wrote an older state over this one: a checker that was given up for dead, and was not."""
        found = self.states.load(partition)
        return found is None or found.position < held.position or (held.complete and not found.complete)

    def _save(self, partition: TopicPartition, held: _Held) -> None:
        terms, raw = self.terms, to_bytes(held.state)
        checked = CheckedPartition(str(terms.run), terms.site, held.position, held.end, held.complete, raw)
        self.states.save(partition, checked)
        held.saved = held.position

    def _incomplete(self) -> dict[TopicPartition, int]:
        """Return every partition whose end nobody has reached, with where its checker stood when it last saved."""
        stored = {partition: self.states.load(partition) for partition in sorted(self.terms.partitions)}
        return {
            partition: -1 if found is None else found.position
            for partition, found in stored.items()
            if found is None or not found.complete
        }


@dataclass(slots=True)
class _Progress:
    """When a checker last saw anything get on, and when it looks again."""

    since: float
    seen: object = None
    look_at: float = float("-inf")

    def note(self, seen: object, now: float) -> None:
        if seen != self.seen:
            self.since, self.seen = now, seen
        self.look_at = now + LOOK


def _below(batch: RecordBatch, end: int) -> RecordBatch:
    """Return the batch without what lies at ``end`` or behind it: it came after the check had begun."""
    count = bisect_left(batch.offsets, end)
    if count == len(batch.offsets):
        return batch
    columns = (batch.offsets[:count], batch.numbers[:count], batch.keys[:count], batch.values[:count])
    return RecordBatch(batch.partition, batch.following, *columns)
