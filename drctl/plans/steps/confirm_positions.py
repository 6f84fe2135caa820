"""confirm-positions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from drctl.errors import DrctlError, StepFailed
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence
from drctl.model.translation import Answer, Translated
from drctl.plans import evidence
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.positions import translate_committed
from drctl.plans.stamp import Stamp, is_warm, metadata_of
from drctl.plans.step_evidence import CONFIRMED, HANDED_OVER, MeasuredLoss, group_positions, left
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.topic_identity import require_same_topics_at

NO_POSITION = "it has no position at the target: auto.offset.reset decides where its consumers begin"


@dataclass(frozen=True, slots=True)
class ConfirmPositions(Step):
    """Read the groups' positions at the target, and write down which of them are proven, and which groups have none.

    Where the standby was kept warm they are there. If the source still answers, what it knows is translated and proven
    as in a switchover; a group that has read beyond what was copied goes on at the end of the copy. No position is
    guessed: a group without one is named with what happens to it.

    Nobody waits here for a commit that the service may have sent before the epoch was raised: clients are waiting. It
    is proven like the others and may be a few records older, so it is left standing; those are read again.
    """

    name: ClassVar[str] = CONFIRMED
    title: ClassVar[str] = "Confirm the groups' positions at the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, scene: Scene) -> bool:
        confirmed = scene.seen.get(self.name)
        return confirmed is not None and (scene.crossed or not _differing(scene, confirmed["groups"], or_earlier=True))

    def remember(self, scene: Scene) -> Evidence:
        before = scene.target.positions.committed(scene.groups)
        return {"target before": {group: evidence.held(positions) for group, positions in sorted(before.items())}}

    def do(self, scene: Scene) -> Evidence:
        there = scene.target.positions.committed(scene.groups)
        answers: Mapping[str, Mapping[TopicPartition, Answer]] = {}
        own: Held = {}
        if scene.seen[FenceWhatAnswers.name]["answered"] and not scene.crossed:
            own, answers = _at_target(scene, *_translated(scene, there))
        wanted = {
            group: {p: c for p, answer in found.items() if (c := _commit_of(scene, answer, own[group].get(p)))}
            for group, found in answers.items()
        }
        if not scene.crossed:
            require_same_topics_at(scene, scene.target)
        _commit(scene, {g: {p: c for p, c in each.items() if there[g].get(p) != c} for g, each in wanted.items()})
        held = {group: {**there[group], **wanted.get(group, {})} for group in sorted(there)}
        groups: dict[str, Any] = {
            group: {
                "positions": {
                    str(p): _here(own, group, p) | _line(scene, group, p, c, answers)
                    for p, c in sorted(positions.items())
                }
            }
            for group, positions in held.items()
            if positions
        }
        return {"groups": groups, "uncovered": uncovered(scene.world.plan.topics_at(scene.target.name), held)}

    def verify(self, scene: Scene) -> Evidence:
        wrong = _differing(scene, scene.seen[self.name]["groups"])
        if wrong and not scene.crossed:
            raise StepFailed(
                f"{scene.target.name}: positions read back differ: {', '.join(wrong[:5])}",
                remedy="find who else commits for these groups at the target",
            )
        return {}


def _commit(scene: Scene, changed: Held) -> None:
    wanted = {group: positions for group, positions in changed.items() if positions}
    for error in scene.target.positions.commit_all(wanted, scene.in_charge).values():
        raise error


def uncovered(topics: tuple[str, ...], held: Held) -> dict[str, str]:
    """Groups, or parts of them, without a position at the target, and what happens to them."""
    return {
        group: NO_POSITION
        for group, positions in held.items()
        if not any(partition.topic in topics for partition in positions)
    }


def within(own: Held, frontier: Mapping[TopicPartition, int]) -> Held:
    """Positions at the source, those beyond the frontier taken back to it.

    All that is at the target came from before the frontier, so who has read beyond it goes on where the copy ends.
    """
    return {
        group: {p: replace(c, offset=min(c.offset, frontier.get(p, c.offset))) for p, c in positions.items()}
        for group, positions in own.items()
    }


def _translated(scene: Scene, there: Held) -> tuple[Held, Mapping[str, Mapping[TopicPartition, Answer]]]:
    """What the source still tells of its groups; nothing if it tells nothing."""
    try:
        own = scene.source.positions.committed(scene.groups)
        frontier = left(MeasuredLoss, scene.seen).frontier
        copied = within(own, frontier)
        return own, translate_committed(scene.world, scene.source.name, scene.target.name, copied, there)
    except DrctlError as silent:
        scene.say(f"the source's positions cannot be read: {silent}")
        return {}, {}


def _at_target(
    scene: Scene, own: Held, answers: Mapping[str, Mapping[TopicPartition, Answer]]
) -> tuple[Held, Mapping[str, Mapping[TopicPartition, Answer]]]:
    """The same by the partitions' names at the target."""
    image = Images(scene.world, scene.source.name, scene.target.name).of
    return (
        {group: {image(p): c for p, c in positions.items()} for group, positions in own.items()},
        {group: {image(p): a for p, a in found.items()} for group, found in answers.items()},
    )


def _commit_of(scene: Scene, answer: Answer, own: Committed | None) -> Committed | None:
    """The position for the target: proven, or certain to skip nothing where only the copy is missing; else none."""
    stamp = Stamp(scene.run.plan, scene.run.id, scene.run.epoch)
    metadata = metadata_of(own.metadata if own else "", stamp)
    if isinstance(answer, Translated):
        return Committed(answer.offset, metadata)
    if answer.waits_for_copy and answer.conservative is not None:
        return Committed(answer.conservative, metadata)
    return None


def _here(own: Held, group: str, partition: TopicPartition) -> Evidence:
    """Where the group was at the source, None where the source does not tell."""
    known = own.get(group, {}).get(partition)
    return {"here": known.offset if known else None}


def _line(
    scene: Scene,
    group: str,
    partition: TopicPartition,
    held: Committed,
    answers: Mapping[str, Mapping[TopicPartition, Answer]],
) -> Evidence:
    answer = answers.get(group, {}).get(partition)
    line: Evidence = {"there": held.offset, "metadata": held.metadata}
    if isinstance(answer, Translated):
        return line | {"proof": answer.proof.name.lower().replace("_", "-"), "compared": answer.compared}
    if answer is not None and answer.waits_for_copy:
        return line | {"proof": "certain", "repeats": answer.repeats}
    if answer is not None:
        return line | {"proof": "none", "why": answer.why.value}
    return line | {"proof": _origin(scene, group, partition, held)}


def _origin(scene: Scene, group: str, partition: TopicPartition, held: Committed) -> str:
    """Whose position it is: kept warm, handed over by the move that was taken over, or nobody can tell."""
    handed = group_positions(scene.seen) if HANDED_OVER in scene.seen else {}
    line = handed[group]["positions"].get(str(partition)) if group in handed else None
    if line is not None and line["there"] == held.offset:
        return "handed-over"
    return origin(held, scene.run.plan, scene.run.epoch - 1)


def origin(held: Committed, plan: str, epoch: int) -> str:
    """``warm``: kept by the service in that epoch; ``warm-earlier``: in one before; ``unmarked``: no stamp tells."""
    stamp = Stamp.read(held.metadata)
    if stamp is None or (stamp.plan, stamp.run) != (plan, "warm"):
        return "unmarked"
    return "warm" if stamp.epoch == epoch else "warm-earlier"


def _differing(scene: Scene, groups: Evidence, *, or_earlier: bool = False) -> list[str]:
    """Positions at the target that are not what was confirmed, nor what the service sent before the epoch was raised.

    Its commits may bear a group's own metadata, so ``or_earlier`` lets stand whatever skips nothing.
    """
    plan = scene.run.plan
    there = scene.target.positions.committed(tuple(groups))
    held = {g: {str(p): c for p, c in positions.items()} for g, positions in there.items()}

    def stands(found: Committed | None, line: Evidence) -> bool:
        if found is None:
            return False
        same = (found.offset, found.metadata) == (line["there"], line["metadata"])
        return same or is_warm(found.metadata, plan) or (or_earlier and found.offset <= line["there"])

    return [
        f"{group} {partition}"
        for group, confirmed in groups.items()
        for partition, line in confirmed["positions"].items()
        if not stands(held.get(group, {}).get(partition), line)
    ]
