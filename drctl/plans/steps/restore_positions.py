"""restore-positions."""

from typing import ClassVar

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.hand_over_positions import HandOverPositions


class RestorePositions(Step):
    """Give the groups at the target the positions that they had there before.

    Where there was none before, the proven and stamped position stays: the next switchover overwrites it.
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
        return {"not restored": sorted(self._changed(ctx))}

    def _changed(self, ctx: StepContext) -> dict[str, dict[TopicPartition, Committed]]:
        before = self._before(ctx)
        if not before:
            return {}
        now = ctx.target.positions.committed(tuple(before))
        changed = {
            group: {p: c for p, c in evidence.read_held(held).items() if now[group].get(p) != c}
            for group, held in before.items()
        }
        return {group: positions for group, positions in changed.items() if positions}

    def _before(self, ctx: StepContext) -> Evidence:
        """What the groups had, as it was written down before the first commit."""
        before: Evidence = ctx.snapshots.get(HandOverPositions.name, {}).get("target before", {})
        return before
