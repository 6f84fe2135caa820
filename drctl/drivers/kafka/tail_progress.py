"""How far each partition of a followed topic was read, and what transactions hide of it.

A read_committed reader is given the end of a partition at its last stable offset. What lies between that and the high
watermark was written behind a transaction that has not ended: unknown, and not nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drctl.model.changes import UndecidedPartitions

STUCK = 2.0
"""Seconds at one last stable offset after which a transaction counts as open for good: others commit within moments."""


@dataclass(slots=True)
class _Partition:
    """``next`` is the offset to come, ``wanted`` the high watermark that it first told, ``begun`` once that is passed.

    ``ended``: all that is committed up to ``next`` was told; ``still_since``: since when that did not move although
    the log goes on.
    """

    next: int
    wanted: int | None = None
    high: int = 0
    ended: bool = False
    still_since: float | None = None
    begun: bool = False

    def is_stuck(self, now: float) -> bool:
        return self.still_since is not None and now - self.still_since >= STUCK


class TailProgress:
    """Counts what is still to read; ``begin`` are the offsets at which reading begins."""

    def __init__(self, begin: Mapping[int, int]) -> None:
        self._partitions = {number: _Partition(max(0, offset)) for number, offset in begin.items()}
        self._now = 0.0

    def numbers(self) -> Iterable[int]:
        """Every partition that is read."""
        return self._partitions.keys()

    def next(self, number: int) -> int:
        """The offset that comes next; all before it was told."""
        return self._partitions[number].next

    def read(self, number: int, offset: int) -> None:
        """Note a record."""
        self._go_on(number, offset + 1, ended=False)

    def end(self, number: int, offset: int) -> None:
        """Note that ``offset`` was told to be the end, as far as transactions have ended."""
        self._go_on(number, offset, ended=True)

    def _go_on(self, number: int, offset: int, *, ended: bool) -> None:
        partition = self._partitions[number]
        if offset != partition.next:
            partition.still_since = None
        partition.next, partition.ended = offset, ended

    def measure(self, highs: Mapping[int, int], now: float) -> None:
        """Hold what was read against the high watermarks; a partition that has none yet told nothing."""
        self._now = now
        for number, high in highs.items():
            partition = self._partitions[number]
            partition.high = high
            if partition.wanted is None:
                partition.wanted = high
            # A partition that was not told to its end is being read; only one whose end stands below the
            # high watermark waits for a transaction.
            if not partition.ended or partition.next >= high:
                partition.still_since = None
            elif partition.still_since is None:
                partition.still_since = now
            # A transaction that is open when we begin must not keep us from beginning: what it hides is
            # told as undecided instead.
            partition.begun = partition.begun or partition.next >= partition.wanted or partition.is_stuck(now)

    def behind(self) -> int | None:
        """How many offsets are still to read, hidden ones included; None before the ends met at first are passed."""
        if not all(partition.begun for partition in self._partitions.values()):
            return None
        return sum(max(0, partition.high - partition.next) for partition in self._partitions.values())

    def stuck(self) -> frozenset[int]:
        """Partitions whose newest records an open transaction hides."""
        return frozenset(number for number, partition in self._partitions.items() if partition.is_stuck(self._now))

    def undecided(self) -> UndecidedPartitions:
        """The same with how much is hidden."""
        stuck = self.stuck()
        hidden = (self._partitions[number].high - self._partitions[number].next for number in stuck)
        return UndecidedPartitions(stuck, len(self._partitions), sum(hidden))
