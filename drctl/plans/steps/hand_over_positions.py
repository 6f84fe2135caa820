"""hand-over-positions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from drctl.errors import NotProven, StepFailed
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence
from drctl.model.translation import Exact, Proof, Translation
from drctl.model.wording import counted
from drctl.plans import evidence
from drctl.plans.by_group import differing, only
from drctl.plans.followed import Held
from drctl.plans.foreign_commits import foreign_commits, replaced, told_of
from drctl.plans.images import Images
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.position_gate import once_settled
from drctl.plans.positions import Answers, translate_committed
from drctl.plans.stamp import Stamp, is_synced, metadata_of
from drctl.plans.step_evidence import HANDED_OVER, GroupPositions, HandedPosition, group_positions
from drctl.plans.topic_identity import require_same_topics
from drctl.plans.uncommitted import certain, told, uncommitted
from drctl.plans.under_way import wait_for_sync
from drctl.plans.waiting import held_once_decided

PROOFS = {proof: proof.name.lower().replace("_", "-") for proof in Proof}
"""As the journal writes them."""


@dataclass(frozen=True, slots=True)
class HandOverPositions(Step):
    """Translate every position of every group, prove it by comparing records, commit it at the target, read it back.

    Where a position cannot be proven, nothing is committed for any group and the run is rolled back, naming group,
    partition and reason; what the next offset sync may prove is asked again first. With repeats accepted, an earlier
    position that certainly skips nothing is taken instead. What the target held before is written to the journal first.
    A group's own commit metadata is kept; where there is none, the commit carries plan, run and epoch. A topic that was
    recreated at either site since the gates rolls the run back, too.
    """

    accept_repeats: bool = False
    name: ClassVar[str] = HANDED_OVER
    title: ClassVar[str] = "Hand the groups' positions over, each one proven"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "drctl groups"

    def check(self, ctx: StepContext) -> bool:
        if self.name not in ctx.evidence:
            return False
        return ctx.past_point_of_no_return or not _differing(ctx, group_positions(ctx.evidence))

    def snapshot(self, ctx: StepContext) -> Evidence:
        before = ctx.positions(ctx.target).now(ctx.groups)
        return {"target before": {group: evidence.held(positions) for group, positions in sorted(before.items())}}

    def do(self, ctx: StepContext) -> Evidence:
        wait_for_sync(ctx)
        own, there = held_once_decided(ctx)
        never = uncommitted(ctx.world, ctx.source.name, own)
        places = certain(never)
        wanted_here = {group: {**places.get(group, {}), **positions} for group, positions in own.items()}
        names = ctx.source.name, ctx.target.name

        def ask() -> Answers:
            translated = translate_committed(ctx.world, *names, wanted_here, there, proofs=ctx.proofs)
            return _without_unproven(translated, places)

        # A link that was asked to stop has written every offset sync: there is none to wait for, and its worker is not
        # asked while it stops.
        if ctx.asked_link_to_stop:
            answers = ask()
        else:
            answers = once_settled(ctx.world, *names, ask, accept_repeats=self.accept_repeats)
        self._refuse_unproven(ctx, answers)
        image = Images(ctx.world, ctx.source.name, ctx.target.name).of
        wanted: dict[str, dict[TopicPartition, Committed]] = {}
        for group, found in sorted(answers.items()):
            wanted[group] = _commits(ctx, found, own[group], there[group], image)
        # Right before the commit, for reading records took seconds, and offsets of a topic recreated
        # meanwhile mean something else.
        require_same_topics(ctx)
        self._commit(ctx, differing(wanted, there))
        ends = ctx.source.records.bounds(ctx.partitions(ctx.source))
        groups: dict[str, GroupPositions] = {}
        for group, found in sorted(answers.items()):
            lag = sum(max(ends[p].stable - a.position, 0) for p, a in found.items() if p in ends)
            lines = {str(p): _line(a, image(p), wanted[group][image(p)]) for p, a in sorted(found.items())}
            groups[group] = {"lag": lag, "positions": lines}
        left = tuple(each if each.partition in answers[each.group] else replace(each, place=None) for each in never)
        return {
            "groups": groups,
            "never committed": told(left, ctx.target.name),
            "replaced": self._replaced(ctx, wanted_here, answers, wanted),
        }

    def verify(self, ctx: StepContext) -> Evidence:
        wrong = _differing(ctx, group_positions(ctx.evidence))
        if wrong:
            raise StepFailed(
                f"{ctx.target.name}: positions read back differ from those committed: {', '.join(wrong[:5])}",
                remedy="find who else commits for these groups at the target: MirrorMaker's sync.group.offsets?",
            )
        return {}

    def _replaced(self, ctx: StepContext, here: Held, answers: Answers, wanted: Held) -> list[str]:
        """Return what others had committed at the target, as it was before the first commit."""
        before = ctx.snapshots.get(self.name, {}).get("target before", {})
        there = {group: evidence.read_held(positions) for group, positions in before.items()}
        foreign = foreign_commits(ctx.world, ctx.source.name, ctx.target.name, here, there, answers=answers)
        return told_of(replaced(foreign, wanted), ctx.target.name, done=True)

    @staticmethod
    def _commit(ctx: StepContext, changed: Mapping[str, Mapping[TopicPartition, Committed]]) -> None:
        ctx.report(f"handing over {counted(len(changed), 'group')}")
        followed = ctx.positions(ctx.target)

        def permit() -> None:
            ctx.check_authority()
            # Reading back at the end then costs only the rest: of a thousand groups it would take as long
            # as committing.
            followed.keep_up()  # while the brokers are at work, read back what they have written

        for error in ctx.target.positions.commit_all(changed, permit).values():
            raise error

    def _refuse_unproven(self, ctx: StepContext, answers: Mapping[str, Mapping[TopicPartition, Translation]]) -> None:
        refused = [
            f"group {group}, {partition} at {answer.position}: {answer.why}" + (answer.detail and f" ({answer.detail})")
            for group, found in sorted(answers.items())
            for partition, answer in sorted(found.items())
            if not isinstance(answer, Exact) and not (self.accept_repeats and answer.conservative is not None)
        ]
        if refused:
            raise NotProven(
                f"{counted(len(refused), 'position')} could not be proven at {ctx.target.name}: " + "; ".join(refused),
                remedy="see `drctl groups`; accept repeats to take earlier positions that certainly skip nothing",
            )


def _without_unproven(answers: Answers, places: Held) -> Answers:
    """The answers but for places that no group committed and that cannot be proven: they hold nothing up."""
    return only(answers, lambda group, p, answer: isinstance(answer, Exact) or p not in places.get(group, {}))


def _commits(
    ctx: StepContext,
    answers: Mapping[TopicPartition, Translation],
    own: Mapping[TopicPartition, Committed],
    there: Mapping[TopicPartition, Committed],
    image: Callable[[TopicPartition], TopicPartition],
) -> dict[TopicPartition, Committed]:
    """One group's positions for the target, by the partitions' names there."""
    commits: dict[TopicPartition, Committed] = {}
    for partition, answer in sorted(answers.items()):
        name = image(partition)
        commits[name] = _commit_of(ctx, answer, own.get(partition), there.get(name))
    return commits


def _commit_of(ctx: StepContext, answer: Translation, own: Committed | None, there: Committed | None) -> Committed:
    """The position for the target; one that was kept in sync there is as good as a new commit of it."""
    run = ctx.run
    metadata = metadata_of(own.metadata if own else "", Stamp(run.plan, run.id, run.epoch))
    offset = answer.offset if isinstance(answer, Exact) else answer.conservative
    if offset is None:
        raise NotProven(f"{answer.partition} at {answer.position}: no position is certain to skip nothing")
    # Nothing to write: group-offset sync has put the same position there. Of ten thousand groups at rest a
    # switchover then commits almost none within its pause.
    if there is not None and there.offset == offset and is_synced(there.metadata, run.plan) and Stamp.read(metadata):
        return there
    return Committed(offset, metadata)


def _line(answer: Translation, image: TopicPartition, commit: Committed) -> HandedPosition:
    line: HandedPosition = {
        "here": answer.position,
        "there": commit.offset,
        "metadata": commit.metadata,
        "proof": "repeats-accepted",
    }
    if image != answer.partition:
        line["as"] = str(image)
    if isinstance(answer, Exact):
        return {**line, "proof": PROOFS[answer.proof], "compared": answer.compared}
    return {**line, "repeats": answer.repeats}


def _differing(ctx: StepContext, groups: Mapping[str, GroupPositions]) -> list[str]:
    """Positions at the target that are not what was handed over."""
    there = ctx.positions(ctx.target).now(tuple(groups))
    return [
        f"{group} {partition}"
        for group, handed in groups.items()
        for partition, line in handed["positions"].items()
        if there[group].get(evidence.image_of(partition, line)) != Committed(line["there"], line["metadata"])
    ]
