"""restore-positions."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.by_group import differing
from drctl.plans.followed import Held
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.stamp import Stamp
from drctl.plans.step_evidence import group_positions
from drctl.plans.steps.hand_over_positions import HandOverPositions

type _Differing = dict[str, dict[TopicPartition, tuple[Committed, Committed | None]]]


class RestorePositions(Step):
    """Give the groups at the target the positions that they had there before.

    Where there was none before, the proven and stamped position stays: the next switchover overwrites it. What somebody
    else has committed since is the newer decision, and stays too.
    """

    name: ClassVar[str] = "restore-positions"
    title: ClassVar[str] = "Restore the groups' positions at the target"
    at: ClassVar[Place] = Place.TARGET
    may_end_pending: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        return not self._changed(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        for group, positions in self._changed(ctx).items():
            ctx.check_authority()
            ctx.target.positions.commit(group, positions)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        others = [
            f"{group} {partition}"
            for group, positions in self._differing(ctx).items()
            for partition, (_, there) in sorted(positions.items())
            if not _may_be_ours(ctx, group, partition, there)
        ]
        return {"not restored": sorted(self._changed(ctx))} | ({"committed by others since": others} if others else {})

    def _changed(self, ctx: StepContext) -> Held:
        changed: dict[str, Mapping[TopicPartition, Committed]] = {}
        for group, positions in self._differing(ctx).items():
            ours = {p: before for p, (before, there) in positions.items() if _may_be_ours(ctx, group, p, there)}
            if ours:
                changed[group] = ours
        return changed

    def _differing(self, ctx: StepContext) -> _Differing:
        """Return what the groups had, as it was written down before the first commit, and what they have instead."""
        before = self._before(ctx)
        if not before:
            return {}
        now = ctx.target.positions.committed(tuple(before))
        held = {group: evidence.read_held(each) for group, each in before.items()}
        found: _Differing = {}
        for group, positions in differing(held, now).items():
            found[group] = {partition: (each, now[group].get(partition)) for partition, each in positions.items()}
        return found

    def _before(self, ctx: StepContext) -> Evidence:
        """Return what the groups had, as it was written down before the first commit."""
        before: Evidence = ctx.snapshots.get(HandOverPositions.name, {}).get("target before", {})
        return before


def _may_be_ours(ctx: StepContext, group: str, partition: TopicPartition, there: Committed | None) -> bool:
    """Whether this run, or group-offset sync, may have committed it, or it is gone.

    What was committed without a stamp has the group's own metadata, so that only the run's notes tell it from what
    others commit. Where it was cut off before it wrote them, what has no metadata at all is others'.
    """
    if there is None:
        return True
    if (stamp := Stamp.read(there.metadata)) is not None:
        return stamp.plan == ctx.run.plan
    if HandOverPositions.name not in ctx.evidence:
        # With the group's own metadata it may be ours. Without any it is somebody else's: where a group has
        # none, a commit of ours carries a stamp.
        return bool(there.metadata)
    handed = group_positions(ctx.evidence).get(group)
    lines = handed["positions"].items() if handed else ()
    ours = {evidence.image_of(name, line): Committed(line["there"], line["metadata"]) for name, line in lines}
    return ours.get(partition) == there
