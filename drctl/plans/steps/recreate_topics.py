"""recreate-topics, and what its rollback owes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from drctl.decide.rights import lacking
from drctl.errors import Conflict, Forbidden, NotFound, StepFailed
from drctl.model.cluster import Topic
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.recreations import RECREATE
from drctl.plans.steps.check_homecoming import NEEDED, open_writers
from drctl.plans.waiting import wait_until_none
from drctl.ports import LinkPorts

SHOWN = 30.0
"""Seconds in which every broker shows that a topic is gone, or there; and the coordinators have forgotten positions."""


@dataclass(frozen=True, slots=True)
class RecreateTopics(Step):
    """Delete the topics that were chosen at the old site and create them again, empty, so that all of them comes home.

    With a topic goes its stranded tail, which was salvaged and decided on. Partitions, replicas and the topic's own
    settings are journaled before the deletion and are the same afterwards. The groups' positions in it are forgotten by
    the brokers; the handover commits proven ones. Both links forget how far they have copied it, so that the link home
    begins where the serving site's log begins; what either link wrote down about offsets of the old topic is never used
    again. A topic that was not chosen stays as it is: its tail is stepped over.

    The new topic has another id: a reader at the old site that kept offsets elsewhere (Kafka Streams, Flink) must
    begin again there. Nothing is deleted unless both links stand still, the old site is closed, and both rights are
    there.
    """

    topics: tuple[str, ...] = ()
    name: ClassVar[str] = RECREATE
    title: ClassVar[str] = "Recreate the chosen topics at the old site"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-topics.sh --bootstrap-server {target} --describe"

    def check(self, ctx: StepContext) -> bool:
        planned = ctx.snapshots.get(self.name, {}).get("topics")
        if planned is None:
            return not self.topics
        return not _old_or_missing(ctx, planned) and (self.name in ctx.evidence or not _left_over(ctx, planned))

    def snapshot(self, ctx: StepContext) -> Evidence:
        found = _definitions(ctx, self.topics)
        if missing := sorted(set(self.topics).difference(found)):
            raise NotFound(f"{ctx.target.name}: there is no topic {', '.join(missing)}", remedy="create it first")
        marks = {ports.link.name: ports.mappings.mark() for ports in (ctx.forward, ctx.home)}
        return {
            "topics": found,
            "syncs": {link: list(mark) for link, mark in marks.items() if mark},
        }

    def do(self, ctx: StepContext) -> Evidence:
        planned = ctx.snapshots[self.name]["topics"]
        _require_stillness(ctx)
        _require_rights(ctx, tuple(_there(ctx, planned)))
        for name, told in planned.items():
            # By its id: behind a cut the name may stand for the new topic already, and that one
            # holds what has come home since.
            _delete(ctx, name, told["topic id"])
            _create(ctx, name, told)
        for ports in (ctx.forward, ctx.home):
            if copied := _copied(ctx, ports, planned):
                ctx.check_authority()
                # Connect keys offsets by the topic's name and keeps them: going on from one of the old log, a
                # link would leave out as many of the new one's first records.
                ports.replication.restart_from(dict.fromkeys(copied, 0), ctx.check_authority)
        made = _there(ctx, planned)
        ctx.world.memory.note_topic_ids(ctx.target.name, {n: t.topic_id for n, t in made.items()}, anew=True)
        nothing = {p: 0 for topic in made.values() for p in topic.spread()}
        ctx.world.memory.note_copied(ctx.home.link.name, nothing)
        wait_until_none(ctx, "old positions are forgotten", lambda: _held(ctx, planned), within=SHOWN)
        wait_until_none(ctx, "the topics are as they were", lambda: _otherwise(ctx, planned), within=SHOWN)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        snapshot = ctx.snapshots.get(self.name, {"topics": {}, "syncs": {}})
        planned = snapshot["topics"]
        if left := [*_old_or_missing(ctx, planned), *_left_over(ctx, planned)]:
            raise StepFailed(f"{ctx.target.name}: not as it was to become: {', '.join(left[:5])}")
        if wrong := _otherwise(ctx, planned):
            raise StepFailed(
                f"{ctx.target.name}: {', '.join(wrong)} was recreated otherwise than it was",
                remedy="does something else create topics there, such as an operator's KafkaTopic?",
            )
        found = _there(ctx, planned)
        made = {name: {"was": told["topic id"], "is": found[name].topic_id} for name, told in planned.items()}
        return {"topics": made, "syncs": snapshot["syncs"]}


class RestoreTopics(Step):
    """Create what this run deleted and has not yet recreated. The topics are empty until a failback copies them."""

    name: ClassVar[str] = "restore-topics"
    title: ClassVar[str] = "Create what was deleted and is not there yet"
    at: ClassVar[Place] = Place.TARGET
    may_end_pending: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-topics.sh --bootstrap-server {target} --describe"

    def check(self, ctx: StepContext) -> bool:
        return not self._missing(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        for name, told in self._missing(ctx).items():
            _create(ctx, name, told)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if missing := self._missing(ctx):
            raise StepFailed(f"{ctx.target.name}: {', '.join(missing)} is not there")
        return {}

    def _missing(self, ctx: StepContext) -> dict[str, Evidence]:
        planned = ctx.snapshots.get(RECREATE, {}).get("topics", {})
        there = _there(ctx, planned) if planned else {}
        return {name: told for name, told in planned.items() if name not in there}


def _there(ctx: StepContext, names: Collection[str]) -> Mapping[str, Topic]:
    """Those that exist at the old site. Conflict while one broker knows a topic and the next does not."""
    try:
        return ctx.target.brokers.topics(names)
    except NotFound as torn:
        raise Conflict(f"{ctx.target.name}: the brokers do not all show the same topics yet") from torn


def _definitions(ctx: StepContext, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Topics as they are created again, ready for JSON; where their replicas lie is left to the brokers."""
    there = _there(ctx, names)
    try:
        own = ctx.target.topics.own(tuple(there))
    except NotFound as torn:
        raise Conflict(f"{ctx.target.name}: the brokers do not all show the same topics yet") from torn
    definitions: dict[str, dict[str, Any]] = {}
    for name, topic in sorted(there.items()):
        definitions[name] = {
            "topic id": topic.topic_id,
            "partitions": len(topic.partitions),
            # The fewest: while a reassignment is under way a partition shows its old and its new replicas
            # together.
            "replicas": min(len(partition.replicas) for partition in topic.partitions),
            "config": dict(sorted(own[name].items())),
        }
    return definitions


def _otherwise(ctx: StepContext, planned: Evidence) -> list[str]:
    """Topics that are missing, or were recreated otherwise than they were."""
    found = _definitions(ctx, planned)
    return [n for n, told in planned.items() if n not in found or found[n] | {"topic id": told["topic id"]} != told]


def _old_or_missing(ctx: StepContext, planned: Evidence) -> list[str]:
    there = _there(ctx, planned)
    return [name for name, told in planned.items() if name not in there or there[name].topic_id == told["topic id"]]


def _left_over(ctx: StepContext, planned: Evidence) -> list[str]:
    """Return what tells of the old topics still: how far they were copied, what is remembered of them, positions."""
    ids = {name: topic.topic_id for name, topic in _there(ctx, planned).items()}
    known = ctx.world.memory.topic_ids(ctx.target.name)
    copied = ctx.world.memory.copied(ctx.home.link.name)
    left: list[str] = []
    for ports in (ctx.forward, ctx.home):
        left += [f"{ports.link.name} has copied {partition}" for partition in _copied(ctx, ports, planned)]
    left += [f"the id of {name}" for name, found in ids.items() if known.get(name) != found]
    left += [f"how far {p} was copied" for p, end in sorted(copied.items()) if p.topic in planned and end]
    return left + _held(ctx, planned)


def _copied(ctx: StepContext, ports: LinkPorts, planned: Evidence) -> list[TopicPartition]:
    """Partitions of these topics of which the link may know how far it has copied them.

    Connect keeps the offsets of a connector that was deleted, and tells them only once it exists again. The link away
    is begun from exact offsets whenever it does not exist, so nobody need know there.
    """
    try:
        return sorted(p for p in ports.replication.frontier() if p.topic in planned)
    except NotFound:
        every = [p for topic in _there(ctx, planned).values() for p in topic.spread()]
        return every if ports is ctx.forward else []


def _held(ctx: StepContext, planned: Evidence) -> list[str]:
    """Positions of the groups that move in these topics at the old site."""
    found = ctx.target.positions.committed(ctx.groups)
    return [f"{group} in {p}" for group, held in sorted(found.items()) for p in sorted(held) if p.topic in planned]


def _require_stillness(ctx: StepContext) -> None:
    for ports in (ctx.forward, ctx.home):
        try:
            if ports.replication.status().halted:
                continue
        except NotFound:
            continue
        raise StepFailed(
            f"link {ports.link.name} is not stopped: it would write to the new topic, or read it",
            remedy=f"stop its connectors at {ports.link.target}'s Connect worker",
        )
    if reasons := list(open_writers(ctx)):
        raise StepFailed("; ".join(reasons), remedy="salvage again: it fences the site")


def _require_rights(ctx: StepContext, topics: tuple[str, ...]) -> None:
    """Ask before anything is deleted: what cannot be created again must not be."""
    if missing := lacking(ctx.target.access.may(topics), NEEDED):
        raise Forbidden(f"{ctx.target.name}: drctl may not {'; '.join(missing)}", remedy="allow it, see kafka-rights")


def _delete(ctx: StepContext, name: str, topic_id: str) -> None:
    def there() -> list[str]:
        found = _there(ctx, [name]).get(name)
        return [name] if found and found.topic_id == topic_id else []

    if there():
        ctx.check_authority()
        ctx.target.topics.delete(name)
        wait_until_none(ctx, "it is deleted", there, within=SHOWN)


def _create(ctx: StepContext, name: str, told: Evidence) -> None:
    def missing() -> list[str]:
        found = _there(ctx, [name]).get(name)
        # To be listed is not enough: a partition without a leader takes no record and tells no end.
        whole = found is not None and all(p.leader >= 0 for p in found.partitions)
        return [] if whole else [name]

    if name not in _there(ctx, [name]):
        ctx.check_authority()
        ctx.target.topics.create(name, told["partitions"], told["replicas"], told["config"])
    wait_until_none(ctx, "it is there again", missing, within=SHOWN)
