"""check-homecoming."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from drctl.decide.digests import facts_digest
from drctl.decide.rights import lacking
from drctl.decide.rules_disks import places_missing
from drctl.errors import Blocked, NotFound, Undecided
from drctl.model.facts import Facts
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.model.salvage import Decision
from drctl.plans import evidence, fencing, tails
from drctl.plans.aftermath import Aftermath, Salvaged, aftermath, decided, last_salvage, undecided
from drctl.plans.approvals import ApprovalRequest, Digests, require_approval
from drctl.plans.linking import was_set
from drctl.plans.observing import Observe
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.recopying import Recopy, diverged, recopies
from drctl.plans.remedies import waiting

BOTH_DIRECTIONS, WRITERS, CONFIGURED, LOST, FORBIDDEN, SITES = 34, 38, 36, 17, 7, 30
NEEDED = frozenset({"DELETE", "CREATE"})
"""Operations on a topic that is recreated."""


@dataclass(frozen=True, slots=True)
class CheckHomecoming(Step):
    """See that the old site may take records again, and name every reason why not.

    Its tail is salvaged and decided on, topic by topic; it is fenced, and an ordinary client is refused; the link away
    from it is stopped, as its connectors say themselves; and no group would read through the tail that stays in its
    log. Kafka cannot cut a tail off: a group that has not yet read past the handover point has to do so first. A
    compacted topic whose tail was not replayed would show stranded values to whoever reads it whole: recreate it.

    A topic that is chosen with --recreate loses its tail, and is held up by neither. What the serving site no longer
    has of it, because it expired or was compacted away there, is then gone at the old site, too: its number is stated
    and has to be accepted. drctl needs DELETE and CREATE on it, the link home must stand still, and as many brokers as
    it has replicas must take new partitions: what cannot be created again is not deleted. A topic that did not diverge
    is not recreated: it would be copied again for nothing.

    A topic that came back with less than it had comes home only if it is recreated: the link home would begin behind a
    hole.

    A second person's approval, where the plan file requires one, is asked for here.
    """

    observe: Observe
    recreate: tuple[str, ...] = ()
    accepted: AcceptedLoss = AcceptedLoss()  # noqa: RUF009 - frozen
    name: ClassVar[str] = "check-homecoming"
    title: ClassVar[str] = "Check that the old site may take records again"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl salvage show"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.epochs.current() >= ctx.run.epoch

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - it only looks
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        world = ctx.world
        failover = aftermath(world)
        try:
            salvaged = last_salvage(world, failover)
        except NotFound as missing:
            raise Undecided(str(missing), remedy=missing.remedy) from missing
        if open_topics := undecided(world, failover, salvaged):
            counted = ", ".join(f"{t} ({salvaged.committed[t]} records)" for t in open_topics)
            raise Undecided(
                f"nobody has decided about the stranded records of {counted}; nothing was changed",
                remedy="drctl salvage decide --topic … --decision replay|discard|hand-over --by … --reason …",
            )
        may = diverged(world, failover, salvaged)
        choice = _Choice(self.recreate, may, recopies(world, failover, set(self.recreate).intersection(may)))
        facts = self.observe(world, ctx.run.source, ctx.run.target)
        reasons = [
            *self._reasons(ctx, failover, salvaged),
            *choice.reasons(ctx, salvaged.committed.keys() | salvaged.less.keys(), self.accepted),
            *self._broken(salvaged, may),
            *self._no_places(facts),
        ]
        if reasons:
            raise Blocked(
                f"failback to {ctx.target.name}: {waiting(len(reasons))}",
                (reason for _, reason in reasons),
                exit_code=reasons[0][0],
                remedy="remove the reasons and run the command again",
            )
        digest = facts_digest(facts, ctx.run.epoch - 1)
        approved = require_approval(world, ctx.terms, Digests(ctx.digest, digest), ApprovalRequest(ctx.run.id))
        return approved | {
            "facts": digest,
            "failover": failover.run.id,
            "salvage": salvaged.run.id,
            "ends": evidence.to_json(failover.ends),
            "tail ends": evidence.to_json({p: tail.span.stop for p, tail in salvaged.tails.items()}),
            "recreated": choice.document(),
        }

    def _broken(self, salvaged: Salvaged, may: Collection[str]) -> Iterator[tuple[int, str]]:
        """Topics that the link home would leave a hole in, because the old site has less of them than it had."""
        for topic, why in sorted(salvaged.less.items()):
            if topic in may and topic not in self.recreate:
                yield LOST, f"{topic} came back with less than it had ({why}): --recreate {topic} copies all of it home"

    def _no_places(self, facts: Facts) -> Iterator[tuple[int, str]]:
        """Why Kafka would not create the chosen topics again: too few brokers that are not cordoned."""
        chosen = [topic for name, topic in (facts.target.topics.value or {}).items() if name in self.recreate]
        yield from ((SITES, f"{each.detail} ({each.remedy})") for each in places_missing(facts.target, chosen))

    def _reasons(self, ctx: StepContext, failover: Aftermath, salvaged: Salvaged) -> Iterator[tuple[int, str]]:
        target, away = ctx.target, ctx.home
        if not away.replication.status().halted:
            state = away.replication.status().source.state
            yield BOTH_DIRECTIONS, f"link {away.link.name} is not stopped ({state}): stop it at {ctx.source.name}"
        yield from ((WRITERS, reason) for reason in open_writers(ctx))
        # Once the link home has begun, its copies lie behind the tail, and a log that grows is no sign of a
        # writer.
        if not was_set(ctx.world, ctx.forward, failover.run.id):
            ids = {name: topic.topic_id for name, topic in target.brokers.topics(salvaged.committed).items()}
            same = {
                partition: tail.span.stop
                for partition, tail in salvaged.tails.items()
                if ids.get(partition.topic) == tail.topic_id
            }
            grown = fencing.growth(target, same)
            for partition, count in grown.items():
                yield WRITERS, f"{target.name}: {partition} has {count} records more than were salvaged: salvage again"
        done = decided(ctx.world, failover.run.id)
        topics = target.brokers.topics(salvaged.committed)
        known = tails.known(ctx.world, target.name, topics)
        spans = {partition: each for partition, each in known.items() if partition.topic not in self.recreate}
        for topic in sorted({partition.topic for partition in spans}):
            replayed = topic in done and done[topic][0] is Decision.REPLAY
            if topics[topic].compacted and salvaged.committed[topic] and not replayed:
                yield CONFIGURED, f"{topic} is compacted and holds stranded values: recreate it at {target.name}"
        yield from ((CONFIGURED, reason) for reason in _readers_behind(ctx, failover.ends, frozenset(spans)))


@dataclass(frozen=True, slots=True)
class _Choice:
    """The topics that are to be recreated. ``may``: those that can be; ``costs``: of the chosen ones among them."""

    topics: tuple[str, ...]
    may: tuple[str, ...]
    costs: tuple[Recopy, ...]

    def reasons(self, ctx: StepContext, moving: Collection[str], accepted: AcceptedLoss) -> Iterator[tuple[int, str]]:
        """Why not; and topics that would come home in part only unless they are chosen."""
        target = ctx.target
        there = target.brokers.topics(moving)
        missing = sorted(set(moving).difference(there))
        for topic in missing:
            yield CONFIGURED, f"{target.name} has no topic {topic}: create it as it was, then --recreate {topic}"
        for topic in sorted(set(self.may).difference(self.topics)):
            if not any(b.high for b in target.records.bounds(there[topic].spread()).values()):
                told = f"{topic} was recreated at {target.name} and is empty"
                yield CONFIGURED, f"{told}: --recreate {topic} lets all of it come home"
        for topic in sorted(set(self.topics).difference(self.may, missing)):
            yield (
                CONFIGURED,
                f"{topic} did not diverge at {target.name}, or was recreated already: leave it out of --recreate",
            )
        if self.costs:
            yield from self._hindrances(ctx, accepted)

    def _hindrances(self, ctx: StepContext, accepted: AcceptedLoss) -> Iterator[tuple[int, str]]:
        home, target = ctx.forward, ctx.target
        status = home.replication.status()
        if not status.halted:
            yield BOTH_DIRECTIONS, f"link {home.link.name} is not stopped ({status.source.state}): it copies into them"
        for missing in lacking(target.access.may([each.topic for each in self.costs]), NEEDED):
            yield FORBIDDEN, f"{target.name}: drctl may not {missing}: allow it, see docs/kafka-rights.md"
        gone = sum(each.gone for each in self.costs)
        if gone > accepted.records and not accepted.unknown:
            told = f"{gone} records are at {target.name} and no longer at {ctx.source.name}"
            yield LOST, f"{told}, and {accepted} are accepted: accept them with --accept-loss {gone}"

    def document(self) -> Evidence:
        """Return what it costs, for the journal."""
        return {r.topic: {"records": r.records, "bytes": r.bytes, "gone": r.gone} for r in self.costs}


def open_writers(ctx: StepContext) -> Iterator[str]:
    """Why the target of a failback is not certain to refuse writes."""
    yield from (f"{why}: salvage again, it fences" for why in fencing.not_closed(ctx.world, ctx.target))


def _readers_behind(
    ctx: StepContext, ends: Mapping[TopicPartition, int], partitions: frozenset[TopicPartition]
) -> Iterator[str]:
    """Groups that have not read everything that came before the failover, where a tail follows it at home."""
    for group, positions in sorted(ctx.source.positions.committed(ctx.groups).items()):
        for partition, position in sorted(positions.items()):
            end = ends.get(partition, 0)
            if partition in partitions and position.offset < end:
                # A record is looked for, offsets are not compared: the last ones before an end are often
                # transaction markers, which no group ever reads.
                ahead = ctx.source.records.following(partition, position.offset, 1)
                if ahead and ahead[0].offset < end:
                    yield (
                        f"group {group} has not read {partition} past the failover ({position.offset} of {end})"
                        f" and would read stranded records at {ctx.target.name}: let it read on first, or recreate the"
                        " topic there"
                    )
