"""Which positions the standby does not have yet, and in which order they are tried.

A position is due from when it moved, or, once it was tried, from when it is to be tried again. A cycle takes a part of
bounded size, those first that have been due longest: whatever comes later waits behind it, so no part starves another,
however many groups are refused again and again.

Example, parts of two: a, b and c moved at 1.0, 1.1 and 1.2. The first part is a and b; b is refused, and due again at
11.1. d moves at 1.3. The second part is c and d, though b has waited for its proof longer than either.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.translation import Exact, Translation, Unproven
from drctl.plans.answering import not_copied
from drctl.plans.standby import Held, Positions
from drctl.ports import Clock

WAITED, AT_MOST = 4, 5.0
"""Positions that wait for the link are tried again after a fourth of the time that they have waited, or these seconds:
they come so much later than the records, and for a group at rest the end of a lagging link is not committed ten times a
second."""
RETRY = 10.0
"""Seconds after which a refused position is tried again: what stands in its way rarely goes away within moments."""
AGAIN, RARELY = 1.0, 60.0
"""The same for a group that failed, doubled each time, and the most of it: a coordinator that moves is back within
moments; one that is gone costs all groups the time of its silence."""


@dataclass(slots=True)
class Due:
    """A position at the source that the standby does not have yet, to be tried from ``since`` on.

    ``moved`` is when the partition was first seen to be ahead of the standby, ``answer`` the last one that it got.
    """

    committed: Committed
    moved: float
    since: float
    answer: Unproven | None = None


class DuePositions:
    """Keep what is due, by group and partition at the source. All times are seconds of the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, dict[TopicPartition, Due]] = defaultdict(dict)
        self._failures: dict[str, tuple[float, float]] = {}

    def note(self, group: str, partition: TopicPartition, committed: Committed) -> None:
        """It has moved there, or what is known of it may not hold any more."""
        now, known = self._clock.monotonic(), self._due[group].get(partition)
        if known is None:
            self._due[group][partition] = Due(committed, now, now)
        else:
            known.committed, known.since = committed, min(known.since, now)

    def ripe(self, most: int, hides: Callable[[str], bool]) -> tuple[Held, bool]:
        """Return what is to be tried now of so many groups, those first that are due longest, and whether more are.

        Groups that ``hides`` tells are left out.
        """
        now, ripe = self._clock.monotonic(), list[tuple[float, str]]()
        for group, positions in self._due.items():
            _, tried_again_at = self._failures.get(group, (AGAIN, 0.0))
            since = max(tried_again_at, min((each.since for each in positions.values()), default=now + 1))
            if since <= now and not hides(group):
                ripe.append((since, group))
        return {group: self._ripe_of(group, now) for _, group in nsmallest(most, ripe)}, len(ripe) > most

    def _ripe_of(self, group: str, now: float) -> Positions:
        return {partition: each.committed for partition, each in self._due[group].items() if each.since <= now}

    def moved(self, group: str) -> float:
        """Since when a position of the group, which has one that is due, is ahead of the standby."""
        return min(each.moved for each in self._due[group].values())

    def answers(self, group: str) -> list[Unproven]:
        """Return the last answers that positions of the group got which are still due."""
        return [each.answer for each in self._due.get(group, {}).values() if each.answer]

    def settled(self, group: str, due: Positions, answers: Iterable[Translation]) -> None:
        """Take what is proven out of what is due; what waits for the copy comes soon, what was refused later."""
        self._failures.pop(group, None)
        now = self._clock.monotonic()
        for answer in answers:
            known = self._still_due(group, answer.partition, due[answer.partition])
            if known is None:
                continue
            if isinstance(answer, Exact):
                self.drop(group, [answer.partition])
            else:
                known.answer = answer
                known.since = now + (min(AT_MOST, (now - known.moved) / WAITED) if not_copied(answer) else RETRY)

    def put_off(self, group: str, due: Positions, seconds: float = RETRY) -> None:
        """Let these be tried again later, behind all that is due by then."""
        since = self._clock.monotonic() + seconds
        for partition, committed in due.items():
            if (known := self._still_due(group, partition, committed)) is not None:
                known.since = since

    def failed(self, group: str) -> None:
        """Let it be tried again soon; the more often it fails, the less often."""
        pause, _ = self._failures.get(group, (AGAIN, 0.0))
        self._failures[group] = min(RARELY, 2 * pause), self._clock.monotonic() + pause

    def drop(self, group: str, partitions: Iterable[TopicPartition] | None = None) -> None:
        """These are due no more; None is all of the group's."""
        positions = self._due.get(group, {})
        for partition in tuple(positions) if partitions is None else partitions:
            positions.pop(partition, None)
        if not positions:
            self._due.pop(group, None)

    def _still_due(self, group: str, partition: TopicPartition, committed: Committed) -> Due | None:
        """Return what is due there, unless the group has moved on meanwhile."""
        known = self._due.get(group, {}).get(partition)
        return known if known is not None and known.committed == committed else None
