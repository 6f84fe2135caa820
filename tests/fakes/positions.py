"""Positions of a fake site's groups: asked, committed, and followed in the coordinators' log."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from drctl.errors import Conflict, DrctlError, PositionsPending
from drctl.model.changes import (
    Change,
    GroupForgotten,
    GroupSeen,
    PositionForgotten,
    PositionMoved,
    TailBatch,
    UndecidedPartitions,
    partition_of,
)
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import Group, GroupProtocol, GroupState, Member
from tests.fakes.effects import Effects
from tests.fakes.site import COORDINATORS, FakeSite


class FakePositions:
    """The site's consumer groups."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def groups(self) -> Mapping[str, GroupProtocol]:
        self.site.reach()
        return {name: group.protocol for name, group in self.site.groups.items()}

    def describe(self, groups: Collection[str]) -> Mapping[str, Group]:
        self.site.reach()
        return {name: self._describe(name) for name in groups}

    def _describe(self, name: str) -> Group:
        group = self.site.groups.get(name)
        if group is None:
            return Group(name, GroupProtocol.OTHER, GroupState.DEAD)
        state = GroupState.STABLE if group.members else GroupState.EMPTY
        told = () if group.protocol in (GroupProtocol.SHARE, GroupProtocol.STREAMS) else group.members
        return Group(name, group.protocol, state, told)

    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
        self.site.reach()
        found = {name: dict(self.site.groups[name].committed) if name in self.site.groups else {} for name in groups}
        pending = {name: self.site.pending[name] for name in found if self.site.pending.get(name)}
        if pending:
            decided = {n: {p: c for p, c in held.items() if p not in pending.get(n, ())} for n, held in found.items()}
            raise PositionsPending(f"{self.site.name}: transactions are open", found=decided, pending=pending)
        return found

    def commit(self, group: str, positions: Mapping[TopicPartition, Committed]) -> None:
        self.site.reach()
        if self.site.group(group).members:
            raise Conflict(f"{self.site.name}: group {group} has members", remedy="stop its consumers first")
        with self._effects(f"commit {group} at {self.site.name}") as parts:
            now = self.site.clock.now().timestamp()
            for partition in parts(positions):
                self.site.group(group).committed[partition] = positions[partition]
                self.site.group(group).committed_at[partition] = int(now * 1000)

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        refused: dict[str, DrctlError] = {}
        for group, each in positions.items():
            permit()
            try:
                self.commit(group, each)
            except DrctlError as error:
                refused[group] = error
        return refused

    def forget(self, group: str) -> None:
        self.site.reach()
        if self.site.group(group).members:
            raise Conflict(f"{self.site.name}: group {group} has members", remedy="stop its consumers first")
        with self._effects(f"forget {group} at {self.site.name}"):
            del self.site.groups[group]


class FakeTail:
    """Tells the site's history, then how its groups differ from what it told before; what is hidden it counts."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self._history = deque(site.history)
        self._told: dict[str, tuple[dict[TopicPartition, tuple[Committed, int]], tuple[Member, ...]]] = {}

    def poll(self, seconds: float) -> TailBatch:
        self.site.reach()
        if self._history:
            self.site.clock.sleep(seconds)
            return TailBatch(self._history.popleft(), None)
        told = self.catch_up(seconds)
        if not told.changes:
            self.site.clock.sleep(seconds)
        return told

    def catch_up(self, seconds: float) -> TailBatch:
        del seconds
        self.site.reach()
        changes: list[Change] = [change for batch in self._history for change in batch]
        self._history.clear()
        open_ = {partition_of(group, COORDINATORS) for group in self.site.pending}
        hidden, count = UndecidedPartitions(frozenset(self.site.hidden | open_), COORDINATORS), len(open_)
        for name in sorted(self._told.keys() | self.site.groups.keys()):
            if hidden.hides(name):
                count += self._told.get(name) != self._now(name)
            else:
                changes.extend(self._differences(name))
        return TailBatch(changes, count, undecided=replace(hidden, records=count))

    def _now(self, name: str) -> tuple[dict[TopicPartition, tuple[Committed, int]], tuple[Member, ...]] | None:
        group = self.site.groups.get(name)
        return None if group is None else (group.with_times(), group.members)

    def from_now(self) -> "FakeTail":
        tail = FakeTail(self.site)
        tail.catch_up(0.0)
        return tail

    def _differences(self, name: str) -> Iterator[Change]:
        group = self.site.groups.get(name)
        now = self._now(name) or ({}, ())
        before = self._told.pop(name, ({}, ()))
        for partition, (committed, at) in now[0].items():
            if before[0].get(partition) != (committed, at):
                told_at = at or int(self.site.clock.now().timestamp() * 1000)
                yield PositionMoved(name, partition, committed, told_at, self.site.topic_id(partition.topic))
        yield from (PositionForgotten(name, p) for p in before[0] if p not in now[0])
        if group is None:
            yield GroupForgotten(name)
            return
        if now[1] != before[1]:
            yield GroupSeen(name, group.protocol, group.members)
        self._told[name] = now

    def close(self) -> None:
        """Nothing is open."""
