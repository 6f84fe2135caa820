"""watch-first-commits."""

from typing import ClassVar

from drctl.decide.clients import in_words
from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.membership import members_before, static_ids_before
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import group_positions
from drctl.plans.steps.check_source_unmoved import moved_at_source
from drctl.plans.waiting import wait_until_none


class WatchFirstCommits(Step):
    """Watch the groups that had members before arrive at the target, static members under the same ids.

    None of them may be before its position. A group that does not come, that still commits at the source, or that has
    members there is noted in the evidence, with who they are. It is no failure of the run: its position waits for it.
    """

    name: ClassVar[str] = "watch-first-commits"
    title: ClassVar[str] = "Watch the groups arrive at the target"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        return not self._absent(ctx) and not _still_there(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        try:
            wait_until_none(ctx, "the groups have arrived", lambda: [*self._absent(ctx), *_still_there(ctx)])
        except DeadlinePassed as late:
            ctx.report(str(late))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        moved, stayed, unknown = _seen_at_source(ctx)
        told: Evidence = {
            "not arrived": self._absent(ctx),
            "still at the source": moved,
            "connected at the source": stayed,
        }
        return told | ({"source not seen": unknown} if unknown else {})

    def _absent(self, ctx: StepContext) -> list[str]:
        before = members_before(ctx)
        # Who had members before: a job that was at rest does not come now, and the run would wait for it
        # until its deadline.
        expected = [group for group, members in before.items() if members]
        groups = ctx.target.positions.describe(expected)
        behind = _behind(ctx, expected)
        absent = [f"group {name}" for name in sorted(expected) if not groups[name].members or name in behind]
        remembered = static_ids_before(ctx)
        missing = {name: sorted(set(ids) - set(groups[name].static_ids)) for name, ids in remembered.items()}
        return absent + [f"static member {each} of {name}" for name, ids in sorted(missing.items()) for each in ids]


def _still_there(ctx: StepContext) -> list[str]:
    moved, stayed, _ = _seen_at_source(ctx)
    return [f"{each}, at {ctx.source.name} still" for each in (*moved, *stayed)]


def _seen_at_source(ctx: StepContext) -> tuple[list[str], list[str], str]:
    """Positions that moved at the source since their handover, who is in a group there, or why nobody knows either.

    No client waits for the source any more, so its silence is no failure.
    """
    try:
        return moved_at_source(ctx), _members_at_source(ctx), ""
    except DrctlError as unknown:
        return [], [], str(unknown)


def _members_at_source(ctx: StepContext) -> list[str]:
    """Groups that were empty when their positions were handed over, and have members at the source again."""
    # A member need not commit to be left behind: of a log that nobody writes to any more it reads nothing, waits, and
    # its work is done by nobody.
    groups = ctx.source.positions.describe(ctx.groups)
    return [f"group {name}: {in_words(group)}" for name, group in sorted(groups.items()) if group.members]


def _behind(ctx: StepContext, groups: list[str]) -> set[str]:
    """Groups with a position at the target below the one handed over."""
    handed = group_positions(ctx.evidence)
    there = ctx.target.positions.committed(groups)
    behind: set[str] = set()
    for group in handed.keys() & set(groups):
        for name, line in handed[group]["positions"].items():
            now = there[group].get(evidence.image_of(name, line))
            # Only backward: a group that has read on is where it should be, and one without a new commit
            # stands where it was put.
            if now is not None and now.offset < line["there"]:
                behind.add(group)
    return behind
