"""compare-returned-site."""

from collections.abc import Iterable
from typing import ClassVar

from drctl.decide.rules import GateCategory
from drctl.decide.shortfall import Shortfall
from drctl.errors import Blocked
from drctl.model.run import Evidence
from drctl.plans.aftermath import COMPARE, aftermath
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.selection import chosen
from drctl.plans.shortfall import shortfalls

ACCEPTED = "accepted less"
"""Key of what a run said at its start: who accepts that the site has less than it had, and why."""


class CompareReturnedSite(Step):
    """Hold the site that came back against what was recorded of it: topic ids, log ends, the last records copied.

    A lost disk, an older snapshot, a topic or a whole cluster recreated leave it with less than it had. Then records
    that were acknowledged are gone, and the link home would leave out what only the serving site has. It is refused,
    with every partition named, unless a person has accepted it. The site stays closed, and keeps what it has.

    What is there of a topic whose log is no longer the one that was copied is saved whole, copies among it, so it
    cannot be replayed; and the topic comes home only as a full copy (`drctl failback --recreate`), at a stated cost.
    """

    name: ClassVar[str] = COMPARE
    title: ClassVar[str] = "Hold the site that came back against what it had"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-topics.sh --bootstrap-server {source} --describe"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - it only looks
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        found, accepted = shortfalls(ctx, aftermath(ctx.world)), _accepted(ctx)
        if found and not accepted:
            raise Blocked(
                f"{ctx.source.name} came back with less than it had; it is closed, and nothing was saved yet",
                (each.detail for each in found),
                exit_code=GateCategory.LOSS.value,
                remedy="bring it back on the disks that it had, and salvage again; if they are gone, drctl salvage"
                " --accept-less REASON saves what is left, and drctl failback --recreate TOPIC copies the rest home",
            )
        return {
            "less": _by_topic(each for each in found if each.breaks_log),
            "tail cut": {str(each.partition): each.offsets for each in found if not each.breaks_log},
            "accepted": accepted if found else {},
        }


def _accepted(ctx: StepContext) -> Evidence:
    told: Evidence = chosen(ctx.world, ctx.run.id).get(ACCEPTED, {})
    return told


def _by_topic(found: Iterable[Shortfall]) -> dict[str, str]:
    """Why each topic is no longer the one that was copied, by its first partition that shows it."""
    told: dict[str, str] = {}
    for each in found:
        told.setdefault(each.partition.topic, each.detail)
    return told
