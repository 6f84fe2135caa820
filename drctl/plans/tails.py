"""Stranded tails as the journal knows them: where they lie on which site."""

from collections.abc import Mapping

from drctl.model.cluster import Topic
from drctl.model.offsets import Span, TopicPartition
from drctl.model.run import Event, Evidence, RunState
from drctl.model.salvage import StrandedSpan
from drctl.plans import evidence
from drctl.plans.selection import SALVAGE
from drctl.ports import World

EXPORT = "export-tail"
"""The step whose evidence tells of the tails."""


type Apart = Mapping[TopicPartition, tuple[Span, ...]]
"""Spans of a site's logs that were stranded there."""


def written(tails: Mapping[TopicPartition, StrandedSpan]) -> Evidence:
    """Tails for the journal."""
    return {
        str(partition): {
            "topic id": tail.topic_id,
            "frontier": tail.frontier,
            "from": tail.span.start,
            "to": tail.span.stop,
            "gone": tail.gone,
        }
        for partition, tail in sorted(tails.items())
    }


def read(told: Evidence) -> Mapping[TopicPartition, StrandedSpan]:
    """The opposite of :func:`written`."""
    return {
        (partition := evidence.partition_of(name)): StrandedSpan(
            partition, tail["topic id"], tail["frontier"], Span(tail["from"], tail["to"]), tail["gone"]
        )
        for name, tail in told.items()
    }


def known(world: World, site: str, topics: Mapping[str, Topic]) -> Apart:
    """Every stranded span on that site's logs, in order; a topic that was recreated since has none.

    ``topics`` are the site's topics as they are now.
    """
    found: dict[TopicPartition, list[Span]] = {}
    for run, state in world.journal.runs():
        if run.kind == SALVAGE and state is RunState.DONE and run.source == site:
            for partition, tail in read(observed(world, run.id)[EXPORT]["tails"]).items():
                if (
                    partition.topic in topics
                    # A topic recreated since has other records at these offsets, and none of them is a
                    # tail.
                    and topics[partition.topic].topic_id == tail.topic_id
                    and tail.span.start < tail.span.stop
                ):
                    found.setdefault(partition, []).append(tail.span)
    return {partition: tuple(sorted(set(spans))) for partition, spans in found.items()}


def observed(world: World, run: str) -> Mapping[str, Evidence]:
    """The newest evidence of each step of a run."""
    done = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
    return {entry.step: entry.body for entry in world.journal.entries(run) if entry.event in done}
