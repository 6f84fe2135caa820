"""Positions at the target that somebody else committed there, and that a move replaces.

Most of what groups have at the target is routine: group-offset sync, MirrorMaker and earlier moves left it there, or
the groups themselves until the work moved away. What remains came from somebody who used the group there in between.
The move replaces it all the same, since the work is at the source; whether that is meant only a person can tell.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from drctl.errors import DrctlError
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, Run, RunState
from drctl.model.translation import Exact, Translation
from drctl.plans import evidence
from drctl.plans.by_group import only
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.positions import Answers, translate_committed
from drctl.plans.selection import FAILOVER, HANDOVER, MOVES
from drctl.plans.stamp import Stamp
from drctl.plans.step_evidence import CONFIRMED, HANDED_OVER, GroupPositions, group_positions
from drctl.plans.uncommitted import NAMED
from drctl.ports import World

type Place = tuple[str, TopicPartition]
"""A group's position, by the partition's name at the target."""


@dataclass(frozen=True, slots=True)
class ForeignCommit:
    """A position that somebody else committed at the target; ``partition`` is its name there.

    ``becomes`` is what the move sets instead, None as long as that is not proven.
    """

    group: str
    partition: TopicPartition
    stands: int
    becomes: int | None


def foreign_commits(
    world: World, source: str, target: str, here: Held, there: Held, *, answers: Answers | None = None
) -> tuple[ForeignCommit, ...]:
    """Positions ``there`` that a move replaces and that nobody known has left, in order.

    ``here`` and ``there`` are the groups' positions at source and target. ``answers`` are what those at the source were
    translated to; without them only the positions in question are translated.
    """
    image, topics = Images(world, source, target).of, set(world.plan.topics_at(source))
    found: dict[str, Mapping[TopicPartition, Committed]] = {}
    for group, positions in here.items():
        held = there.get(group, {})
        found[group] = {p: held[image(p)] for p in positions if p.topic in topics and image(p) in held}

    def stays(answers: Answers) -> Callable[[str, TopicPartition, Committed], bool]:
        return lambda group, p, c: _stays(c, here[group].get(p), answers.get(group, {}).get(p))

    found = _without(found, lambda _group, _p, c: _is_stamped(c, world.plan.name))
    if answers is not None:
        found = _without(found, stays(answers))
    if found:
        left = _left_by_moves(world, source, target)
        found = _without(found, lambda group, p, c: left.knows(group, image(p), c))
    if found:
        copied = _checkpoints(world, source, target, found)
        found = _without(found, lambda group, p, c: copied.get((group, image(p))) == c.offset)
    if not found:
        return ()
    if answers is None:
        asked = only({group: here[group] for group in found}, lambda group, p, _: p in found[group])
        answers = translate_committed(world, source, target, asked, {})
        found = _without(found, stays(answers))
    return tuple(
        ForeignCommit(group, image(partition), committed.offset, _becomes(answers[group][partition]))
        for group, positions in sorted(found.items())
        for partition, committed in sorted(positions.items())
    )


def replaced(found: Sequence[ForeignCommit], wanted: Held) -> tuple[ForeignCommit, ...]:
    """Those whose place the positions took that were committed at the target."""
    set_to = [replace(each, becomes=wanted[each.group][each.partition].offset) for each in found]
    return tuple(each for each in set_to if each.becomes != each.stands)


def told_of(found: Sequence[ForeignCommit], target: str, *, done: bool = False) -> list[str]:
    """Return what to tell a person, a line for each group; ``done``: the move has replaced them."""
    return [_line(group, list(each), target, done=done) for group, each in groupby(found, key=lambda each: each.group)]


def _line(group: str, found: Sequence[ForeignCommit], target: str, *, done: bool) -> str:
    names = ", ".join(_numbers(each, done=done) for each in found[:NAMED])
    names += f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        f"{group}: {names}: neither drctl nor MirrorMaker committed that at {target}, so find out who reads there with"
        " this group"
    )


def _numbers(each: ForeignCommit, *, done: bool) -> str:
    if done:
        return f"{each.partition} stood at {each.stands} and was set to {each.becomes}"
    becomes = "what is not proven yet" if each.becomes is None else each.becomes
    return f"{each.partition} stands at {each.stands} and will be set to {becomes}"


def _without(
    found: Held, known: Callable[[str, TopicPartition, Committed], bool]
) -> dict[str, Mapping[TopicPartition, Committed]]:
    left = only(found, lambda group, partition, committed: not known(group, partition, committed))
    return {group: positions for group, positions in left.items() if positions}


def _is_stamped(committed: Committed, plan: str) -> bool:
    stamp = Stamp.read(committed.metadata)
    return stamp is not None and stamp.plan == plan


def _stays(there: Committed, here: Committed | None, answer: Translation | None) -> bool:
    """Whether a move replaces it with the same, or group-offset sync may have left it while it follows the group.

    The latter has the group's own metadata and is not ahead.
    """
    if answer is None or (becomes := _becomes(answer)) == there.offset:
        return True
    followed = here is not None and bool(there.metadata) and there.metadata == here.metadata
    return followed and (becomes is None or there.offset <= becomes)


def _becomes(answer: Translation) -> int | None:
    if isinstance(answer, Exact):
        return answer.offset
    return None if answer.waits_for_copy else answer.conservative


@dataclass(slots=True)
class _Left:
    """Hold what runs have left at the target: by group and partition there.

    ``lost`` is how far groups had come when a failover left it, None if it was no failover. Where that could not tell,
    nobody can tell it apart from what was committed later.
    """

    offsets: dict[Place, set[int]]
    lost: dict[Place, int | None] | None = None

    def knows(self, group: str, partition: TopicPartition, committed: Committed) -> bool:
        place = group, partition
        if self.lost is not None and self.lost.get(place) in (None, committed.offset):
            return True
        return committed.offset in self.offsets.get(place, ())


def _left_by_moves(world: World, source: str, target: str) -> _Left:
    """Return what the last move left there, and what runs of single groups or back have left since."""
    left = _Left(defaultdict(set))
    for run, state in reversed(world.journal.runs()):
        away, done = (run.source, run.target) == (target, source), state is RunState.DONE
        back = (run.source, run.target) == (source, target)
        if run.kind not in (*MOVES, HANDOVER) or not (back or (away and done)):
            continue
        if away and run.kind == FAILOVER:
            image = Images(world, source, target).of  # a failover's positions have their names where it led to
            left.lost = {
                (group, image(evidence.partition_of(name))): line.get("here")
                for group, told in _positions(world, run, CONFIRMED).items()
                for name, line in told["positions"].items()
            }
            break
        for group, told in _positions(world, run, HANDED_OVER).items():
            for name, line in told["positions"].items():
                place = evidence.partition_of(name) if away else evidence.image_of(name, line)
                left.offsets[group, place].add(line["here"] if away else line["there"])
        if away and run.kind in MOVES:
            break
    return left


def _positions(world: World, run: Run, step: str) -> Mapping[str, GroupPositions]:
    """Return what that step of the run has left last; nothing if it has not come to that."""
    found: Mapping[str, GroupPositions] = {}
    for entry in world.journal.entries(run.id):
        if (
            entry.step == step
            and entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
            and "groups" in entry.body
        ):
            found = group_positions({step: entry.body}, step)
    return found


def _checkpoints(world: World, source: str, target: str, groups: Held) -> Mapping[Place, int]:
    """Where MirrorMaker 2 would set the groups; nothing where it does not tell."""
    try:
        # With sync.group.offsets MirrorMaker 2 commits what its checkpoints say and leaves no mark: a
        # position that equals one is taken for its own.
        found = world.links[source, target].mappings.checkpoints(tuple(groups))
    except DrctlError:
        return {}
    return {(group, p): each.downstream for group, told in found.items() for p, each in told.items()}
