"""How much would be lost: from what is known of the source's log ends to a number that can be accepted."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from math import ceil

from drctl.model.loss import EndsFrom, LogEndsSighting, Loss
from drctl.model.offsets import TopicPartition

type Offsets = Mapping[TopicPartition, int]


def counted(
    frontier: Offsets,
    ends: Offsets,
    records: Offsets,
    seconds: Mapping[str, float | None],
    at: datetime,
    *,
    exact: bool,
) -> Loss:
    """The loss at a source that was just asked; ``records`` by partition, as they were counted there."""
    return Loss(frontier, EndsFrom.ASKED, ends, at, by_topic(records), 0, seconds, exact)


def sighted(frontier: Offsets, sighting: LogEndsSighting | None, now: datetime) -> Loss:
    """The loss at a source that is silent, from when it was last seen; ``seconds`` is left for who can read records.

    Until it fell silent the logs may have grown on as fast as before. The frontier has gone on, too: what it passed is
    not lost. Without a rate nobody can tell how much came after the sighting, unless no time has passed since. What was
    copied from a topic that was recreated may be of the one before: it says nothing of the one that is lost.
    """
    if sighting is None:
        return Loss(frontier, EndsFrom.UNKNOWN)
    # Without the frontier the whole log counts as lost, which is too much rather than too little.
    frontier = {p: offset for p, offset in frontier.items() if p.topic not in sighting.anew}
    span = max(0.0, ((sighting.silent_since or now) - sighting.at).total_seconds())
    seen = {p: max(0, end - frontier.get(p, 0)) for p, end in sighting.ends.items()}
    # One partition without a rate makes the whole number unknown. A sum that leaves it out would be
    # accepted by a person as the loss, and be less than that.
    known = span == 0 or sighting.rates.keys() >= sighting.ends.keys()
    unseen = sum(
        # Rounded up, and at the rate of the last looks: a burst in the last seconds before the silence is
        # not in it. It is the best that can be said; the salvage counts what it really was.
        max(0, end + ceil(sighting.rates.get(partition, 0.0) * span) - frontier.get(partition, 0)) - seen[partition]
        for partition, end in sighting.ends.items()
    )
    return Loss(frontier, EndsFrom.SIGHTING, sighting.ends, sighting.at, by_topic(seen), unseen if known else None)


def by_topic(records: Offsets) -> Mapping[str, int]:
    """Sums over the partitions of each topic."""
    sums: dict[str, int] = defaultdict(int)
    for partition, count in sorted(records.items()):
        sums[partition.topic] += count
    return dict(sums)
