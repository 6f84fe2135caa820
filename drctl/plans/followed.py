"""Groups' positions at one site: asked for once, and from then on read as the coordinators write them down."""

from collections.abc import Collection, Iterable, Mapping

from drctl.errors import DrctlError, PositionsPending
from drctl.model.changes import Change, PositionForgotten, PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.ports import Clock, SitePorts, Tail
from drctl.ports.asking import decided

type Held = Mapping[str, Mapping[TopicPartition, Committed]]
"""Positions by group, every asked group in it."""

PATIENCE = 5.0
"""Seconds in which all that was written is read; after that the groups are asked again."""


class FollowedPositions:
    """Tell what :meth:`drctl.ports.ConsumerGroups.committed` does, without a request per group after the first time.

    Where the changes cannot be read, each time asks. Close it when done.
    """

    def __init__(self, site: SitePorts, clock: Clock | None = None) -> None:
        """With a ``clock`` a group whose transaction is open is asked again for a moment; else, or after that, it is
        PositionsPending."""
        self._site, self._clock = site, clock
        self._tail: Tail | None = None
        self._held: dict[str, dict[TopicPartition, Committed]] = {}

    def now(self, groups: Collection[str]) -> Held:
        """The groups' positions, with all that was written before this was called."""
        if not self._up_to_date() or not self._held.keys() >= set(groups):
            self._begin(groups)
        return {group: dict(self._held[group]) for group in groups}

    def keep_up(self) -> None:
        """Take in what is at hand, so that the next :meth:`now` has less to read."""
        if self._tail is None:
            return
        try:
            self._apply(self._tail.poll(0.0).changes)
        except DrctlError:
            self.close()

    def close(self) -> None:
        """Close the connections; it can be used again."""
        tail, self._tail = self._tail, None
        if tail is not None:
            tail.close()

    def _begin(self, groups: Collection[str]) -> None:
        """First the tail, then the groups: what is committed in between is told twice, and nothing is missed."""
        self.close()
        try:
            self._tail = self._site.tail.from_now()
        except DrctlError:  # it may not be read, or is not there yet: asking tells what is wrong with a site
            self._tail = None
        # Behind the tail's start: what is committed in between is told twice, and a position told twice is
        # the same position.
        asked = self._asked(groups)
        self._held = {group: dict(positions) for group, positions in asked.items()}

    def _asked(self, groups: Collection[str]) -> Held:
        if self._clock is None:
            return self._site.positions.committed(groups)
        found, pending = decided(self._site.positions, groups, self._clock)
        if pending:
            names = ", ".join(sorted(pending)[:5])
            raise PositionsPending(
                f"site {self._site.name}: transactions stay open that commit positions of {names}",
                remedy="wait until they end; do not stop their producers",
                found=found,
                pending=pending,
            )
        return found

    def _up_to_date(self) -> bool:
        if self._tail is None:
            return False
        try:
            told = self._tail.catch_up(PATIENCE)
        except DrctlError:
            return False
        self._apply(told.changes)
        # Not caught up within PATIENCE is not known, and asking costs a request per group but is always
        # right.
        return told.behind == 0

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if not isinstance(change, PositionMoved | PositionForgotten) or change.group not in self._held:
                continue
            if isinstance(change, PositionMoved):
                self._held[change.group][change.partition] = change.committed
            else:
                self._held[change.group].pop(change.partition, None)
