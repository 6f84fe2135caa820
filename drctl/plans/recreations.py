"""Topics that a failback recreated at the returned site, as the journal knows them, and what is void since."""

from collections.abc import Collection, Iterator, Mapping

from drctl.model.offsets import Checkpoint, Mark, OffsetSync, TopicPartition
from drctl.model.run import Event, Evidence, Run
from drctl.plans.selection import FAILBACK
from drctl.ports import Journal, MirrorOffsets, World

RECREATE = "recreate-topics"
"""The step whose evidence tells of them."""


def standing(world: World, site: str) -> frozenset[str]:
    """Topics at that site that are still what the newest failback to it made of them: copied whole, without a tail."""
    made: dict[str, str] = {}
    for run, told in _told(world.journal):
        if run.target == site:
            made |= {name: each["is"] for name, each in told["topics"].items()}
    found = world.sites[site].brokers.topics(made) if made else {}
    return frozenset(name for name, topic in found.items() if topic.topic_id == made[name])


def marks(journal: Journal, link: str) -> Mapping[str, Mark]:
    """By topic the place behind every sync of that link that tells of an earlier incarnation."""
    found: dict[str, Mark] = {}
    for _, told in _told(journal):
        if at := told["syncs"].get(link):
            found |= dict.fromkeys(told["topics"], Mark(*at))
    return found


def _told(journal: Journal) -> Iterator[tuple[Run, Evidence]]:
    """Return what each failback has observed of its recreation, oldest first; without those that recreated nothing."""
    done = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
    for run, _ in journal.runs():
        if run.kind == FAILBACK:
            told = [e.body for e in journal.entries(run.id) if e.step == RECREATE and e.event in done]
            if told and told[-1]["topics"]:
                yield run, told[-1]


class CurrentMappings:
    """Implements :class:`drctl.ports.MirrorOffsets`: one link's, without what tells of topics that are no more.

    MirrorMaker 2 never takes back what it wrote. A sync from before a topic was recreated would name two records that
    have nothing to do with each other.
    """

    def __init__(self, link: str, mappings: MirrorOffsets, journal: Journal) -> None:
        self._link, self._mappings, self._journal = link, mappings, journal

    def syncs(
        self, partitions: Collection[TopicPartition], since: Mapping[str, Mark] | None = None
    ) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        return self._mappings.syncs(partitions, {**marks(self._journal, self._link), **(since or {})})

    def mark(self) -> Mark | None:
        return self._mappings.mark()

    def checkpoints(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Checkpoint]]:
        return self._mappings.checkpoints(groups)
