"""check-undo and undo-positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import DrctlError, PartlyRefused, Refused, StepFailed
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence
from drctl.plans.foreign_commits import foreign_commits
from drctl.plans.images import Images
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.stamp import is_synced
from drctl.plans.under_way import wait_for_sync

LEFT = "undo the other groups with --group; one that has moved on is handed over back instead"


@dataclass(frozen=True, slots=True)
class Kept:
    """A group's positions before drctl committed, and what it committed: None for positions that it kept in sync."""

    before: Mapping[TopicPartition, Committed]
    handed: Mapping[TopicPartition, Committed] | None

    def is_restored(self, now: Mapping[TopicPartition, Committed]) -> bool:
        """Whether the group has what it had."""
        return all(now.get(p) == c for p, c in self.before.items()) and (bool(self.before) or not now)

    def moved_on(self, now: Mapping[TopicPartition, Committed], plan: str) -> list[TopicPartition]:
        """Partitions in which somebody else has committed since."""
        if self.handed is not None:  # also of what is restored: the group may read on where it had no position
            return [p for p, c in now.items() if c not in (self.handed.get(p), self.before.get(p))]
        if self.is_restored(now):
            return []
        return [p for p, c in now.items() if c != self.before.get(p) and not is_synced(c.metadata, plan)]


@dataclass(frozen=True, slots=True)
class CheckUndo(Step):
    """See that no group has moved on or has members; else nothing is changed for any of them."""

    kept: Mapping[str, Kept]
    name: ClassVar[str] = "check-undo"
    title: ClassVar[str] = "Check that no group has moved on"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.epochs.current() >= ctx.run.epoch

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - looking is all
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if not self.check(ctx):
            _require_unmoved(ctx, self.kept)
        return {"groups": sorted(self.kept)}


@dataclass(frozen=True, slots=True)
class UndoPositions(Step):
    """Commit what each group had before, and delete groups that did not exist; looked at once more right before.

    A group that has moved on meanwhile is left as it is, and told once the others have what they had. Of what was kept
    in sync that is each position that is not known to be the sync's own, as it left it: by its stamp, or, where the
    group's own metadata stands in its place, by what the service has noted.

    A partition in which a group had no position before keeps the one that was committed: Kafka's Python client cannot
    take a single one away. It is named in the evidence.
    """

    kept: Mapping[str, Kept]
    name: ClassVar[str] = "undo-positions"
    title: ClassVar[str] = "Give the groups back what they had"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {target} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        now = ctx.target.positions.committed(tuple(self.kept))
        return all(kept.is_restored(now[group]) for group, kept in self.kept.items())

    def do(self, ctx: StepContext) -> Evidence:
        wait_for_sync(ctx)
        positions = ctx.target.positions
        refused: dict[str, list[str]] = {}
        for group, kept in sorted(self.kept.items()):
            # Looked at once more for each: a thousand groups take seconds, in which one of them may begin to
            # work.
            if why := _moved(ctx, {group: kept}, strictly=True):
                refused[group] = why
                continue
            ctx.check_authority()
            if kept.before:
                positions.commit(group, kept.before)
            else:
                # Deleted, and not put at 0: it had no position, so its consumers' reset policy decided where
                # they begin, and is to decide again.
                positions.forget(group)
            ctx.report(f"restored {group}")
        if refused:
            raise self._partly(ctx, refused)
        return {}

    def _partly(self, ctx: StepContext, refused: Mapping[str, list[str]]) -> Refused:
        now = ctx.target.positions.committed(tuple(self.kept))
        others = [(group, kept) for group, kept in sorted(self.kept.items()) if group not in refused]
        done = [group for group, kept in others if kept.is_restored(now[group])]
        said = _not_undone(ctx, [why for each in refused.values() for why in each])
        return (
            PartlyRefused(f"{said}; undone: {', '.join(done)}", done, remedy=LEFT)
            if done
            else Refused(said, remedy=LEFT)
        )

    def verify(self, ctx: StepContext) -> Evidence:
        now = ctx.target.positions.committed(tuple(self.kept))
        wrong = sorted(group for group, kept in self.kept.items() if not kept.is_restored(now[group]))
        if wrong:
            raise StepFailed(f"{ctx.target.name}: not what it was: {', '.join(wrong)}")
        left = {group: sorted(map(str, now[group].keys() - kept.before.keys())) for group, kept in self.kept.items()}
        return {"groups": sorted(self.kept), "not taken away": {group: names for group, names in left.items() if names}}


def _require_unmoved(ctx: StepContext, kept: Mapping[str, Kept]) -> None:
    if why := _moved(ctx, kept):
        raise Refused(_not_undone(ctx, why), remedy=LEFT)


def _not_undone(ctx: StepContext, why: Sequence[str]) -> str:
    return f"{ctx.target.name}: not undone: {', '.join(why[:8])}"


def _moved(ctx: StepContext, kept: Mapping[str, Kept], *, strictly: bool = False) -> list[str]:
    """Return why these groups cannot get back what they had.

    Not ``strictly``: what may be the sync's counts as its own, as long as it may still be at work and note more.
    """
    now = ctx.target.positions.committed(tuple(kept))
    states = ctx.target.positions.describe(tuple(kept))
    why = [f"{name} has members" for name in sorted(kept) if not states[name].takes_positions]
    for name, each in sorted(kept.items()):
        moved = each.moved_on(now[name], ctx.run.plan)
        if moved and each.handed is None:
            moved = _not_noted(ctx, name, moved, now[name])
            moved = moved if strictly or not moved else _by_others(ctx, name, moved, now[name])
        why += [f"{name} has moved on at {p}" for p in sorted(moved)]
    return why


def _not_noted(
    ctx: StepContext, group: str, moved: list[TopicPartition], now: Mapping[TopicPartition, Committed]
) -> list[TopicPartition]:
    """Return those that group-offset sync has not noted as what it left, where its stamp is not on them."""
    report = ctx.world.sync_reports.last(ctx.run.target)
    if report is None or (report.source, report.target) != (ctx.run.source, ctx.run.target):
        return moved
    return [partition for partition in moved if not report.left(group, partition, now[partition])]


def _by_others(
    ctx: StepContext, group: str, moved: list[TopicPartition], now: Mapping[TopicPartition, Committed]
) -> list[TopicPartition]:
    """Return those that group-offset sync has not committed with the group's own metadata, where it puts no stamp.

    As the sync itself judges it: what has the metadata that the group has at the source, and is not ahead of it, is
    the sync's.
    """
    names = ctx.run.source, ctx.run.target
    try:
        here = ctx.source.positions.committed((group,))
        foreign = {each.partition for each in foreign_commits(ctx.world, *names, here, {group: now})}
    except DrctlError:
        return moved  # a source that is silent tells neither its metadata nor where the group stands
    image = Images(ctx.world, *names).of
    own = {image(partition): each.metadata for partition, each in here[group].items() if each.metadata}
    return [partition for partition in moved if partition in foreign or own.get(partition) != now[partition].metadata]
