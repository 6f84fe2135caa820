"""watch-first-commits, of a failover."""

from typing import ClassVar

from drctl.errors import DeadlinePassed
from drctl.model.run import Evidence
from drctl.plans.membership import members_before
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import CONFIRMED, HandoverPoint, group_positions, left
from drctl.plans.waiting import wait_until_none


class AwaitClients(Step):
    """Wait until clients work at the target: the first record written there, and a group that has read on.

    That moment is written down as *traffic restored*; the run goes on until every group has arrived that has a
    position. Who does not come in time is named. It is no failure of the run: its position waits for it.
    """

    name: ClassVar[str] = "watch-first-commits"
    title: ClassVar[str] = "Watch the clients arrive at the target"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def do(self, ctx: StepContext) -> Evidence:
        found: Evidence = {"first write": None, "first read": None}

        def look() -> list[str]:
            now = ctx.world.clock.now().isoformat()
            if found["first write"] is None and _written(ctx):
                found["first write"] = now
            if found["first read"] is None and _read_on(ctx):
                found["first read"] = now
            nothing = [what for what in ("first write", "first read") if found[what] is None]
            return [*(f"the {what}" for what in nothing), *_absent(ctx)]

        try:
            wait_until_none(ctx, "clients work at the target", look)
        except DeadlinePassed as late:
            ctx.report(str(late))
        both = found["first write"] and found["first read"]
        return found | {"traffic restored": max(found.values()) if both else None, "not arrived": _absent(ctx)}

    def verify(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - looking was all
        return {}


def _absent(ctx: StepContext) -> list[str]:
    """Groups with a position that have no member; of a move that was taken over, only those that had members."""
    members = members_before(ctx)
    covered = group_positions(ctx.evidence, CONFIRMED)
    expected = sorted(g for g in ctx.groups if (members.get(g, 0) if members else g in covered))
    groups = ctx.target.positions.describe(expected)
    return [f"group {name}" for name in expected if not groups[name].members]


def _written(ctx: StepContext) -> bool:
    """Whether a record was written at the target since it was opened."""
    ends = left(HandoverPoint, ctx.evidence).ends
    bounds = ctx.target.records.bounds(tuple(ends))
    return any(ctx.target.records.following(p, end, 1) for p, end in ends.items() if bounds[p].high > end)


def _read_on(ctx: StepContext) -> bool:
    """Whether a group has gone beyond the position that was confirmed, or has its first one."""
    confirmed = group_positions(ctx.evidence, CONFIRMED)
    there = ctx.target.positions.committed(ctx.groups)
    for group, positions in there.items():
        known = confirmed[group]["positions"] if group in confirmed else {}
        for partition, committed in positions.items():
            line = known.get(str(partition))
            if line is None or committed.offset > line["there"]:
                return True
    return False
