"""A site's commits and members by asking for all of them again and again, where their topic may not be read."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from drctl.errors import Forbidden, PositionsPending
from drctl.model.changes import (
    Change,
    GroupForgotten,
    GroupSeen,
    PositionForgotten,
    PositionMoved,
    TailBatch,
    UndecidedPartitions,
)
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import Group, GroupProtocol, GroupState
from drctl.ports import Clock, ConsumerGroups, Tail

type Held = Mapping[str, Mapping[TopicPartition, Committed]]
type _Session = tuple[Group, Mapping[TopicPartition, Committed]]


class PolledTail:
    """Implements :class:`drctl.ports.Tail`: each poll asks for all groups, and costs a request or two per group.

    What was committed and committed again in between is not seen, nor when: changes have the time at which they were
    noticed.
    """

    def __init__(self, positions: ConsumerGroups, clock: Clock) -> None:
        self.positions, self.clock = positions, clock
        self._known: dict[str, _Session] = {}
        self._next = 0.0

    def poll(self, seconds: float) -> TailBatch:
        began = self.clock.monotonic()
        if began < self._next:
            self.clock.sleep(min(seconds, self._next - began))
            began = self.clock.monotonic()
        names = self.positions.groups()
        groups, (committed, pending) = self.positions.describe(names), self._committed(names)
        at = int(self.clock.now().timestamp() * 1000)
        # A group may end between the listing and the questions; with positions it is still one that
        # somebody may return to.
        now = {n: (groups[n], committed[n]) for n in names if groups[n].state is not GroupState.DEAD or committed[n]}
        for name in pending.intersection(now):
            # Undecided ones stay as they were: neither forgotten nor told again.
            now[name] = groups[name], {**self._known.get(name, (groups[name], {}))[1], **committed[name]}
        changes = [c for n in sorted(self._known.keys() | now.keys()) for c in self._differences(n, now.get(n), at)]
        self._known = now
        took = self.clock.monotonic() - began
        # Never more than half of the time is spent asking, however slow the site is: each round is followed
        # by as long a pause as it took.
        self._next = began + took if changes else began + max(took, seconds)
        return TailBatch(
            changes, len(pending), polled=took, undecided=UndecidedPartitions(records=len(pending), groups=pending)
        )

    def _committed(self, names: Collection[str]) -> tuple[Held, frozenset[str]]:
        """All positions that are decided, and the groups of which an open transaction commits some."""
        try:
            return self.positions.committed(names), frozenset()
        except PositionsPending as error:
            return error.found, frozenset(error.pending)

    def _differences(self, name: str, now: _Session | None, at: int) -> Iterator[Change]:
        nothing: _Session = (Group(name, GroupProtocol.OTHER, GroupState.DEAD), {})
        group, positions = now or nothing
        before, held = self._known.get(name, nothing)
        yield from (PositionMoved(name, p, c, at) for p, c in positions.items() if held.get(p) != c)
        yield from (PositionForgotten(name, p) for p in held if p not in positions)
        if now is None:
            yield GroupForgotten(name)
        elif (group.protocol, group.members) != (before.protocol, before.members):
            yield GroupSeen(name, group.protocol, group.members)

    def catch_up(self, seconds: float) -> TailBatch:
        """A round of asking that begins now."""
        del seconds
        self._next = 0.0
        return self.poll(0.0)

    def from_now(self) -> Tail:
        """It could only ask for everything, as the caller can."""
        raise Forbidden("the changes may not be read here, only asked for", remedy="allow READ on __consumer_offsets")

    def close(self) -> None:
        """Nothing is open."""


class FallbackTail:
    """Follow the topic's tail, and the polled one from the moment at which the brokers deny reading the topic.

    The first round of asking then tells all that there is: what went in between nobody has told.
    """

    def __init__(self, written: Tail, polled: Tail) -> None:
        self.polled = polled
        self._used = written

    def poll(self, seconds: float) -> TailBatch:
        return self._ask(lambda tail: tail.poll(seconds))

    def catch_up(self, seconds: float) -> TailBatch:
        """As :meth:`poll`, up to what was written when this was called."""
        return self._ask(lambda tail: tail.catch_up(seconds))

    def from_now(self) -> Tail:
        """Of the topic's tail, or Forbidden."""
        return self._used.from_now()

    def _ask(self, asked: Callable[[Tail], TailBatch]) -> TailBatch:
        try:
            return asked(self._used)
        except Forbidden:
            if self._used is self.polled:
                raise
            self._used.close()
            self._used = self.polled
            # Told as whole, so that the index forgets groups that went while the tail was denied.
            return replace(asked(self._used), whole=True)

    def close(self) -> None:
        """Close what is open."""
        self._used.close()
