"""Hold one answer of Connect, what a link has copied, against the logs of both sites: what has it left to copy?

| read in this order | of | so that |
| --- | --- | --- |
| what Connect has stored | the link's worker | whatever is copied later can only confirm it |
| the ends, and the first record behind what is stored | the source | a marker is not taken for a record |
| the ends, then offset syncs, then records | both sites | a stored offset that the target's log contradicts is none |

Example: Connect has stored 41, the log ends at 43 and 42 is a marker: nothing is left. The target's log ends at 58,
with the copy of 41 at 57. Asked within the window of the fence's proof, it still holds behind it if the logs end at 43
and 58 under the same leaders as then: one question instead of six. If one ends elsewhere all of it is read again.

Invariant: drained => between the frontier and the source's end lies no record, and the records below it are at the
target, both as the logs are now. A log that ends where it did, under the leader that it had, is the log that was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.wording import counted
from drctl.plans.frontier import looked_at
from drctl.plans.images import Images
from drctl.plans.step_evidence import DrainedLink
from drctl.ports import Records, World
from drctl.ports.asking import both, first_records


@dataclass(frozen=True, slots=True)
class DrainLook:
    """Hold what one answer of Connect, ``frontier``, and the logs said of a link.

    ``left`` names what is not copied, or what contradicts the answer; ``drained`` is None unless it is empty. ``here``
    and ``there`` are how far the logs reached, by the source's names; ``there`` only of what is at both sites.
    """

    frontier: Mapping[TopicPartition, int]
    left: tuple[str, ...]
    drained: DrainedLink | None
    here: Mapping[TopicPartition, LogBounds]
    there: Mapping[TopicPartition, LogBounds]


@dataclass(frozen=True, slots=True)
class DrainQuestion:
    """Ask what is left to copy of ``partitions``, by the source's names; it only reads, so it may be asked ahead."""

    world: World
    source: str
    target: str
    partitions: tuple[TopicPartition, ...]

    def ask(self) -> DrainLook:
        """Ask Connect, and hold its answer against the logs."""
        return self.held_against(self.world.links[self.source, self.target].replication.frontier())

    def held_against(self, frontier: Mapping[TopicPartition, int]) -> DrainLook:
        """Hold what the link has told before against the logs of both sites as they are now."""
        here = self._records.bounds(self.partitions)
        if left := self._left(frontier, here):
            return DrainLook(frontier, left, None, here, {})
        doubts, unpaired, logs = looked_at(self.world, self.source, self.target, frontier)
        there = {partition: target for partition, (_, target) in logs.items()}
        if doubts:
            doubted = tuple(f"{each.partition} ({each.detail})" for each in doubts)
            return DrainLook(frontier, doubted, None, here, there)
        known = {p: frontier[p] for p in here if p in frontier}
        drained = DrainedLink(known, {p: each.stable for p, each in here.items()}, unpaired)
        return DrainLook(frontier, (), drained, here, there)

    def still_holds(self, look: DrainLook) -> bool:
        """Whether every log at both sites begins and ends where it did in that look, under the leader that it had."""
        there = Images(self.world, self.source, self.target)
        now_here, now_there = both(
            partial(self._records.bounds, tuple(look.here)), partial(there.bounds, tuple(look.there))
        )
        return _seen(now_here) == _seen(look.here) and _seen(now_there) == _seen(look.there)

    @property
    def _records(self) -> Records:
        return self.world.sites[self.source].records

    def _left(
        self, frontier: Mapping[TopicPartition, int], bounds: Mapping[TopicPartition, LogBounds]
    ) -> tuple[str, ...]:
        """Partitions with uncopied records, each with how many there are at most."""
        spans = {p: (max(frontier.get(p, 0), there.start), there.stable) for p, there in sorted(bounds.items())}
        # One record read settles what offsets cannot: in a trial the stored offset met the last stable one in
        # 15 of 27 partitions only, the others ended in markers.
        left = first_records(self._records, spans)
        behind = {partition: stop - begin for partition, (begin, stop) in spans.items() if partition in left}
        return tuple(f"{partition} (at most {counted(count, 'record')})" for partition, count in behind.items())


def _seen(logs: Mapping[TopicPartition, LogBounds]) -> dict[TopicPartition, tuple[LogBounds, int | None]]:
    # Bounds are compared without the leader's epoch.
    return {partition: (each, each.leader_epoch) for partition, each in logs.items()}
