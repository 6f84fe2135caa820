"""Groups' positions at one site: asked for once, and from then on read as the coordinators write them down."""

from collections.abc import Collection, Iterable, Mapping

from drctl.errors import DrctlError
from drctl.model.changes import Change, PositionForgotten, PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.ports import SitePorts, Tail

type Held = Mapping[str, Mapping[TopicPartition, Committed]]
"""Positions by group, every asked group in it."""

PATIENCE = 5.0
"""Seconds in which all that was written is read; after that the groups are asked again."""


class Followed:
    """What :meth:`drctl.ports.Positions.committed` tells, without a request per group after the first time.

    Where the changes cannot be read, each time asks. Close it when done.
    """

    def __init__(self, site: SitePorts) -> None:
        self._site = site
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
        asked = self._site.positions.committed(groups)
        self._held = {group: dict(positions) for group, positions in asked.items()}

    def _up_to_date(self) -> bool:
        if self._tail is None:
            return False
        try:
            told = self._tail.catch_up(PATIENCE)
        except DrctlError:
            return False
        self._apply(told.changes)
        return told.behind == 0

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if not isinstance(change, PositionMoved | PositionForgotten) or change.group not in self._held:
                continue
            if isinstance(change, PositionMoved):
                self._held[change.group][change.partition] = change.committed
            else:
                self._held[change.group].pop(change.partition, None)
