"""confirm-positions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from drctl.errors import DrctlError, StepFailed
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence
from drctl.model.translation import Exact, Translation, Unproven
from drctl.plans import evidence
from drctl.plans.by_group import differing, renamed
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.positions import translate_committed
from drctl.plans.stamp import Stamp, is_synced, metadata_of
from drctl.plans.step_evidence import CONFIRMED, HANDED_OVER, MeasuredLoss, group_positions, left
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.topic_identity import require_same_topics_at
from drctl.plans.uncommitted import certain, told_at_target, uncommitted

NO_POSITION = "it has no position at the target: auto.offset.reset decides where its consumers begin"


@dataclass(frozen=True, slots=True)
class ConfirmPositions(Step):
    """Read the groups' positions at the target, and write down which of them are proven, and which groups have none.

    Where the standby was kept in sync they are there. If the source still answers, what it knows is translated and
    proven as in a switchover; a group that has read beyond what was copied goes on at the end of the copy. No position
    is guessed: a group without one is named with what happens to it, and so are partitions in which a group that has
    others never committed. Where such a partition is empty at the target its end is certain, and is committed.

    Nobody waits here for a commit that the service may have sent before the epoch was raised: clients are waiting. It
    is proven like the others and may be a few records older, so it is left standing; those are read again.
    """

    name: ClassVar[str] = CONFIRMED
    title: ClassVar[str] = "Confirm the groups' positions at the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        confirmed = ctx.evidence.get(self.name)
        return confirmed is not None and (
            ctx.past_point_of_no_return or not _differing(ctx, confirmed["groups"], or_earlier=True)
        )

    def snapshot(self, ctx: StepContext) -> Evidence:
        before = ctx.target.positions.committed(ctx.groups)
        return {"target before": {group: evidence.held(positions) for group, positions in sorted(before.items())}}

    def do(self, ctx: StepContext) -> Evidence:
        there = ctx.target.positions.committed(ctx.groups)
        answers: Mapping[str, Mapping[TopicPartition, Translation]] = {}
        own: Held = {}
        # Once the target may be open its groups commit there, and a position that is put in then would take
        # them back.
        if ctx.evidence[FenceWhatAnswers.name]["answered"] and not ctx.past_point_of_no_return:
            own, answers = _at_target(ctx, *_translated(ctx, there))
        wanted = {group: _commits(ctx, found, own[group]) for group, found in answers.items()}
        if not ctx.past_point_of_no_return:
            require_same_topics_at(ctx, ctx.target)
        _commit(ctx, differing(wanted, there))
        held = {group: {**there[group], **wanted.get(group, {})} for group in sorted(there)}
        ends, never = _at_empty_ends(ctx, held)
        groups: dict[str, Any] = {}
        for group, positions in held.items():
            if positions:
                groups[group] = {"positions": _lines(ctx, group, positions, own, answers)}
        for group, empty in ends.items():
            lines = groups[group]["positions"]
            lines |= {str(p): {"here": None} | _told(c) | {"proof": "empty"} for p, c in sorted(empty.items())}
        missing = uncovered(ctx.world.plan.topics_at(ctx.target.name), held)
        return {"groups": groups, "uncovered": missing, "never committed": never}

    def verify(self, ctx: StepContext) -> Evidence:
        wrong = _differing(ctx, ctx.evidence[self.name]["groups"])
        if wrong and not ctx.past_point_of_no_return:
            raise StepFailed(
                f"{ctx.target.name}: positions read back differ: {', '.join(wrong[:5])}",
                remedy="find who else commits for these groups at the target",
            )
        return {}


def _commit(ctx: StepContext, changed: Held) -> None:
    for error in ctx.target.positions.commit_all(changed, ctx.check_authority).values():
        raise error


def _at_empty_ends(ctx: StepContext, held: Held) -> tuple[Held, list[str]]:
    """Commit the end of each empty partition in which a group never committed; what was, and lines about all of them.

    Clients are waiting: whatever fails here is reported and holds nothing up.
    """
    try:
        found = uncommitted(ctx.world, ctx.target.name, held, closely=False)
    except DrctlError as error:
        return {}, [f"unknown: {error}"]
    if ctx.past_point_of_no_return:
        return {}, told_at_target(tuple(replace(each, place=None) for each in found), ctx.target.name)
    stamp = str(Stamp(ctx.run.plan, ctx.run.id, ctx.run.epoch))
    wanted = {group: _stamped(ends, stamp) for group, ends in certain(found).items()}
    failed = ctx.target.positions.commit_all(wanted, ctx.check_authority) if wanted else {}
    left = tuple(replace(each, place=None) if each.group in failed else each for each in found)
    lines = told_at_target(left, ctx.target.name)
    lines += [f"{group}: the end of what is empty was not committed: {error}" for group, error in failed.items()]
    return {group: each for group, each in wanted.items() if group not in failed}, lines


def _stamped(positions: Mapping[TopicPartition, Committed], stamp: str) -> dict[TopicPartition, Committed]:
    return {partition: replace(each, metadata=stamp) for partition, each in positions.items()}


def uncovered(topics: tuple[str, ...], held: Held) -> dict[str, str]:
    """Groups, or parts of them, without a position at the target, and what happens to them."""
    covered = {group for group, positions in held.items() for partition in positions if partition.topic in topics}
    return {group: NO_POSITION for group in held if group not in covered}


def within(own: Held, frontier: Mapping[TopicPartition, int]) -> Held:
    """Positions at the source that lie beyond the frontier, taken back to it: what is at the target from there on is
    read again, and nothing is skipped."""
    return {group: _taken_back(positions, frontier) for group, positions in own.items()}


def _taken_back(
    positions: Mapping[TopicPartition, Committed], frontier: Mapping[TopicPartition, int]
) -> dict[TopicPartition, Committed]:
    beyond = {p: c for p, c in positions.items() if c.offset > frontier.get(p, c.offset)}
    return {partition: replace(each, offset=frontier[partition]) for partition, each in beyond.items()}


def _translated(ctx: StepContext, there: Held) -> tuple[Held, Mapping[str, Mapping[TopicPartition, Translation]]]:
    """Translate what the source still tells of its groups; nothing if it tells nothing."""
    try:
        own = ctx.source.positions.committed(ctx.groups)
        answers = translate_committed(ctx.world, ctx.source.name, ctx.target.name, own, there)
        # A link may have copied more than it has noted, so a position beyond that is taken back only in need.
        refused = {group: _without_usable(own[group], found) for group, found in answers.items()}
        early = within(refused, left(MeasuredLoss, ctx.evidence).frontier)
        if any(early.values()):
            again = translate_committed(ctx.world, ctx.source.name, ctx.target.name, early, {})
            answers = {group: {**found, **again.get(group, {})} for group, found in answers.items()}
        return own, answers
    except DrctlError as silent:
        ctx.report(f"the source's positions cannot be read: {silent}")
        return {}, {}


def _at_target(
    ctx: StepContext, own: Held, answers: Mapping[str, Mapping[TopicPartition, Translation]]
) -> tuple[Held, Mapping[str, Mapping[TopicPartition, Translation]]]:
    """The same by the partitions' names at the target."""
    image = Images(ctx.world, ctx.source.name, ctx.target.name).of
    return renamed(own, image), renamed(answers, image)


def _commits(
    ctx: StepContext, answers: Mapping[TopicPartition, Translation], own: Mapping[TopicPartition, Committed]
) -> dict[TopicPartition, Committed]:
    """One group's positions for the target, by the partitions' names there; those that nothing gives are left out."""
    commits = {partition: _commit_of(ctx, answer, own.get(partition)) for partition, answer in answers.items()}
    return {partition: each for partition, each in commits.items() if each is not None}


def _commit_of(ctx: StepContext, answer: Translation, own: Committed | None) -> Committed | None:
    """The position for the target: proven, or certain to skip nothing where only the copy is missing; else none."""
    stamp = Stamp(ctx.run.plan, ctx.run.id, ctx.run.epoch)
    metadata = metadata_of(own.metadata if own else "", stamp)
    if isinstance(answer, Exact):
        return Committed(answer.offset, metadata)
    return Committed(answer.conservative, metadata) if _is_usable(answer) and answer.conservative is not None else None


def _without_usable(
    own: Mapping[TopicPartition, Committed], answers: Mapping[TopicPartition, Translation]
) -> dict[TopicPartition, Committed]:
    return {partition: each for partition, each in own.items() if not _is_usable(answers.get(partition))}


def _is_usable(answer: Translation | None) -> bool:
    """Whether it is proven, or certain to skip nothing where only the copy is missing."""
    if isinstance(answer, Unproven):
        return answer.waits_for_copy and answer.conservative is not None
    return answer is not None


def _here(own: Held, group: str, partition: TopicPartition) -> Evidence:
    """Where the group was at the source, None where the source does not tell."""
    known = own.get(group, {}).get(partition)
    return {"here": known.offset if known else None}


def _told(held: Committed) -> Evidence:
    return {"there": held.offset, "metadata": held.metadata}


def _lines(
    ctx: StepContext,
    group: str,
    positions: Mapping[TopicPartition, Committed],
    own: Held,
    answers: Mapping[str, Mapping[TopicPartition, Translation]],
) -> dict[str, Evidence]:
    """Return what the journal says of one group's positions, by partition."""
    lines: dict[str, Evidence] = {}
    for partition, held in sorted(positions.items()):
        lines[str(partition)] = _here(own, group, partition) | _line(ctx, group, partition, held, answers)
    return lines


def _line(
    ctx: StepContext,
    group: str,
    partition: TopicPartition,
    held: Committed,
    answers: Mapping[str, Mapping[TopicPartition, Translation]],
) -> Evidence:
    answer = answers.get(group, {}).get(partition)
    line = _told(held)
    if isinstance(answer, Exact):
        return line | {"proof": answer.proof.name.lower().replace("_", "-"), "compared": answer.compared}
    if answer is not None and answer.waits_for_copy:
        return line | {"proof": "certain", "repeats": answer.repeats}
    if answer is not None:
        return line | {"proof": "none", "why": answer.why.value}
    return line | {"proof": _origin(ctx, group, partition, held)}


def _origin(ctx: StepContext, group: str, partition: TopicPartition, held: Committed) -> str:
    """Whose position it is: kept in sync, handed over by the move that was taken over, or nobody can tell."""
    handed = group_positions(ctx.evidence) if HANDED_OVER in ctx.evidence else {}
    line = handed[group]["positions"].get(str(partition)) if group in handed else None
    if line is not None and line["there"] == held.offset:
        return "handed-over"
    return origin(held, ctx.run.plan, ctx.run.epoch - 1)


def origin(held: Committed, plan: str, epoch: int) -> str:
    """``group-sync``: kept by the service in that epoch; ``group-sync-earlier``: before; ``unmarked``: no stamp."""
    stamp = Stamp.read(held.metadata)
    if stamp is None or (stamp.plan, stamp.run) != (plan, "group-sync"):
        return "unmarked"
    return "group-sync" if stamp.epoch == epoch else "group-sync-earlier"


def _differing(ctx: StepContext, groups: Evidence, *, or_earlier: bool = False) -> list[str]:
    """Positions at the target that are not what was confirmed, nor what the service sent before the epoch was raised.

    Its commits may have a group's own metadata, so ``or_earlier`` lets stand whatever skips nothing.
    """
    plan = ctx.run.plan
    there = ctx.target.positions.committed(tuple(groups))

    def stands(found: Committed | None, line: Evidence) -> bool:
        if found is None:
            return False
        # A commit that the service sent before the epoch was raised may land behind our look. It is proven
        # and at most a little earlier: it repeats some records, and waiting for it would cost more than
        # these.
        same = (found.offset, found.metadata) == (line["there"], line["metadata"])
        return same or is_synced(found.metadata, plan) or (or_earlier and found.offset <= line["there"])

    return [
        f"{group} {partition}"
        for group, confirmed in groups.items()
        for partition, line in confirmed["positions"].items()
        if not stands(there.get(group, {}).get(evidence.partition_of(partition)), line)
    ]
