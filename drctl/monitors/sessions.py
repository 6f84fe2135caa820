"""The sessions of one site: every group's positions and members, kept up to date from its tail."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from drctl.errors import DeadlinePassed, NotFound
from drctl.model.changes import (
    NOTHING_UNDECIDED,
    Change,
    GroupForgotten,
    GroupSeen,
    PositionForgotten,
    PositionMoved,
    UndecidedPartitions,
)
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member
from drctl.ports import Clock, Tail


class Held(NamedTuple):
    """A position and when it was last committed, in milliseconds since 1970."""

    committed: Committed
    milliseconds: int


@dataclass(slots=True)
class _Session:
    positions: dict[TopicPartition, Held] = field(default_factory=dict)
    protocol: GroupProtocol = GroupProtocol.OTHER
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class TailStatus:
    """How far a tail was followed: records still to read (None where nobody knows), and records not understood.

    ``polled``: seconds of a round of asking, where the topic may not be read.
    """

    behind: int | None
    unknown: int
    polled: float | None = None


class Sessions:
    """An index of all groups. What it costs to ask for what moved grows with what moved, not with the groups.

    What is told of a group that ``undecided`` hides was true once; nobody knows whether it still is.
    """

    def __init__(self) -> None:
        self.undecided: UndecidedPartitions = NOTHING_UNDECIDED
        self._groups: dict[str, _Session] = {}
        self._moved: dict[str, set[TopicPartition]] = {}
        self._forgotten: dict[str, set[TopicPartition]] = {}
        self._recorded: dict[str, list[tuple[TopicPartition, Committed]]] = {}

    def record(self, groups: Iterable[str]) -> None:
        """Keep every commit of these groups from now on, also what a later one covers; of all others none any more."""
        self._recorded = {group: [] for group in groups}

    def recorded(self, group: str) -> Sequence[tuple[TopicPartition, Committed]]:
        """Return what was committed for the group since it is recorded, in order."""
        return self._recorded.get(group, ())

    def apply(self, changes: Iterable[Change]) -> None:
        """Take in what the tail brought, in its order."""
        for change in changes:
            # type() and in this order: nearly all changes are moves, and this runs for each commit of a
            # whole site.
            if type(change) is PositionMoved:
                self._move(change)
            elif type(change) is PositionForgotten:
                self._forget(change)
            elif type(change) is GroupSeen:
                group = self._groups.setdefault(change.group, _Session())
                group.protocol, group.members = change.protocol, change.members
            elif type(change) is GroupForgotten:
                self._dissolve(change.group)

    def forget_all_but(self, changes: Collection[Change], undecided: UndecidedPartitions) -> None:
        """Forget what these changes, which are all that there is, do not tell, but for what is ``undecided``."""
        told = {(change.group, change.partition) for change in changes if isinstance(change, PositionMoved)}
        seen = {change.group for change in changes if isinstance(change, GroupSeen)}
        for name in [name for name in self._groups if not undecided.hides(name)]:
            gone = [p for p in self._groups[name].positions if (name, p) not in told]
            if name not in seen:
                self._dissolve(name)
            for partition in gone:
                self._forget(PositionForgotten(name, partition))

    def take_moved(self) -> Mapping[str, Set[TopicPartition]]:
        """Return partitions whose position is another than when this was last asked, by group; a re-commit is no move.

        One with other metadata is: what a group keeps there belongs to its position.
        """
        moved, self._moved = self._moved, {}
        return moved

    def take_forgotten(self) -> Mapping[str, Set[TopicPartition]]:
        """Partitions whose position was deleted or has expired since this was last asked, by group."""
        forgotten, self._forgotten = self._forgotten, {}
        return forgotten

    def groups(self) -> Set[str]:
        """Every group that has positions or members."""
        return self._groups.keys()

    def positions(self, group: str) -> Mapping[TopicPartition, Held]:
        """A group's positions now; none for a group that is not there."""
        found = self._groups.get(group)
        return found.positions if found else {}

    def members(self, group: str) -> tuple[Member, ...]:
        """Who was in the group when its coordinator last wrote it down."""
        found = self._groups.get(group)
        return found.members if found else ()

    def protocol(self, group: str) -> GroupProtocol:
        """How the group agrees on its members; OTHER while its coordinator wrote down nothing of it."""
        found = self._groups.get(group)
        return found.protocol if found else GroupProtocol.OTHER

    def _move(self, change: PositionMoved) -> None:
        group, partition = change.group, change.partition
        session = self._groups.get(group)
        if session is None:
            session = self._groups[group] = _Session()
        if group in self._recorded:
            self._recorded[group].append((partition, change.committed))
        before = session.positions.get(partition)
        # Many consumers commit at intervals whether they have moved or not: taken for moves, these would be
        # translated again and again.
        if before is None or before.committed != change.committed:
            moved = self._moved.get(group)
            if moved is None:
                self._moved[group] = {partition}
            else:
                moved.add(partition)
        session.positions[partition] = Held(change.committed, change.milliseconds)
        if self._forgotten:
            self._forgotten.get(group, set()).discard(partition)

    def _forget(self, change: PositionForgotten) -> None:
        session = self._groups.get(change.group)
        if session is None or session.positions.pop(change.partition, None) is None:
            return
        self._forgotten.setdefault(change.group, set()).add(change.partition)
        # Moved and deleted since it was last asked: only the latter is still true.
        self._moved.get(change.group, set()).discard(change.partition)
        self._drop_if_nothing_is_left(change.group, session)

    def _dissolve(self, group: str) -> None:
        session = self._groups.get(group)
        if session is not None:
            session.members, session.protocol = (), GroupProtocol.OTHER
            self._drop_if_nothing_is_left(group, session)

    def _drop_if_nothing_is_left(self, group: str, session: _Session) -> None:
        if not session.positions and not session.members and session.protocol is GroupProtocol.OTHER:
            del self._groups[group]


def follow(tail: Tail, sessions: Sessions, clock: Clock, seconds: float) -> TailStatus:
    """Take in what the tail brings until nothing is left that can be read, or that time is over.

    What an open transaction hides is left: it counts as behind, and the sessions know which groups it may concern.
    """
    deadline = clock.monotonic() + seconds
    while True:
        told = tail.poll(min(0.1, seconds))
        if told.whole:
            sessions.forget_all_but(told.changes, told.undecided)
        sessions.apply(told.changes)
        sessions.undecided = told.undecided
        # None, where nobody knows how much is left, equals no number: then it goes on to the deadline.
        if told.behind == told.undecided.records or clock.monotonic() > deadline:
            return TailStatus(told.behind, sum(told.unknown.values()), told.polled)


def hidden(sessions: Sessions, groups: Collection[str] | None) -> str:
    """Why these groups' newest commits, or with None all groups', are not known; empty if they are."""
    if groups is None:
        return "a transaction that does not end hides commits" if sessions.undecided.records else ""
    named = sorted(group for group in groups if sessions.undecided.hides(group))
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f"a transaction that does not end hides the commits of {', '.join(named[:5])}{more}" if named else ""


def read_sessions(
    tail: Tail, clock: Clock, site: str, patience: float, groups: Collection[str] | None = None
) -> Sessions:
    """All of a site's sessions with the times of their commits; ``groups`` are those that matter, None is all.

    DeadlinePassed where they are not read to the end in time or a transaction hides theirs, NotFound where nobody tells
    when something was committed.
    """
    sessions = Sessions()
    followed = follow(tail, sessions, clock, patience)
    if followed.behind != sessions.undecided.records:
        raise DeadlinePassed(f"site {site}: its commits were not read within {patience:.0f} s", remedy="more --timeout")
    if why := hidden(sessions, groups):
        raise DeadlinePassed(
            f"site {site}: {why}", remedy="find it: kafka-transactions.sh find-hanging, or wait for its timeout"
        )
    if followed.polled is not None:
        raise NotFound(f"site {site}: __consumer_offsets may not be read, so nobody tells when a group committed")
    return sessions
