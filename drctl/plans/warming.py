"""Keeping the standby warm: the groups' positions there follow those at the source, each one proven or certain."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from drctl.errors import Conflict, DrctlError, NotProven, Superseded
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Run, RunState
from drctl.model.translation import Answer, Refusal, Refused, Translated
from drctl.model.warmth import Warmth, WarmthState
from drctl.plans import evidence
from drctl.plans.images import Images
from drctl.plans.keeping import left_by_last_move, note_before
from drctl.plans.positions import translate_positions
from drctl.plans.record import unfinished
from drctl.plans.selection import handed_over, left_by_failover
from drctl.plans.stamp import Stamp, metadata_of
from drctl.plans.standby import AskedStandby, Positions, Standby
from drctl.ports import World

SOON = 0.5
"""Seconds that what moved may wait for the link: until then a proven position is worth more than an early one."""
RETRY = 10.0
"""Seconds after which a refused position is tried again: what stands in its way seldom goes within moments."""


@dataclass(slots=True)
class _Due:
    """A position at the source that the standby does not have yet, to be tried from ``since`` on.

    ``moved`` is when the partition was first seen to be ahead of the standby.
    """

    committed: Committed
    moved: float
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a group is to have at the standby; ``used`` says that somebody else commits there."""

    due: Positions
    answers: Sequence[Answer]
    wanted: Positions = field(default_factory=dict)
    changed: Positions = field(default_factory=dict)
    refused: Mapping[TopicPartition, Refusal] = field(default_factory=dict)
    behind: int = 0
    used: bool = False


class Warm:
    """Follows one source. What a cycle costs grows with what moved since the last one, not with the number of groups.

    Everything it knows can be lost at any moment: a new one begins with all positions as moved. It never sends a group
    past a record that the group has not read, and leaves alone what others use. ``leads`` says, at every moment,
    whether it is still ours to act.
    """

    def __init__(
        self,
        world: World,
        source: str,
        target: str,
        standby: Standby | None = None,
        *,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self.world, self.source, self.target, self.leads = world, source, target, leads
        self.standby = standby or AskedStandby(world.sites[target].positions)
        self.epoch = world.epochs.current()
        self._image = Images(world, source, target).of
        self.warmth: dict[str, Warmth] = {}
        self._runs: tuple[tuple[Run, RunState], ...] = ()
        self._away: Mapping[str, str] = {}
        self._known = left_by_last_move(world, source, target)
        self._due: dict[str, dict[TopicPartition, _Due]] = defaultdict(dict)
        self._left: dict[str, dict[TopicPartition, Committed]] = defaultdict(dict)

    def note(self, moved: Mapping[str, Positions]) -> None:
        """These positions moved at the source; groups and topics that the plan file does not name are left out."""
        plan, now = self.world.plan, self.world.clock.monotonic()
        topics = set(plan.topics_at(self.source))
        for group in (moved.keys() & set(plan.groups)) - self._away.keys():
            for partition, committed in moved[group].items():
                if partition.topic in topics:
                    known = self._due[group].get(partition)
                    self._due[group][partition] = _Due(committed, known.moved if known else now)

    @property
    def waiting(self) -> bool:
        """Whether a run is at work or was cut off: then its positions are the newer decision.

        So it is while a failover away from the other site stands: what its groups had read there is evidence.
        """
        return bool(unfinished(self.world)) or left_by_failover(self.world, self.target)

    def cycle(self) -> Mapping[str, Warmth]:
        """Translate, prove, commit and read back what is due; returns the groups that had something.

        Superseded if this source serves no more, or a newer decision was made: then begin anew. What was not reached
        because something failed stays due.
        """
        self._in_charge()
        self._leave_out_what_was_handed_over()
        now = self.world.clock.monotonic()
        due = {group: {p: d.committed for p, d in each.items() if d.since <= now} for group, each in self._due.items()}
        due = {group: positions for group, positions in due.items() if positions}
        if not due or self.waiting:
            return {}
        wanted: dict[TopicPartition, set[int]] = defaultdict(set)
        for positions in due.values():
            for partition, committed in positions.items():
                wanted[partition].add(committed.offset)
        answers = translate_positions(self.world, self.source, self.target, wanted)
        due = {group: positions for group, positions in due.items() if not self._copied_soon(group, positions, answers)}
        there = self.standby.held(due.keys())
        self._note_what_was_there({group: held for group, held in there.items() if group not in self._left})
        found = {
            group: self._wanted(group, positions, [answers[p, c.offset] for p, c in positions.items()], there[group])
            for group, positions in due.items()
        }
        conflicts, failures = self._commit({g: w.changed for g, w in found.items() if w.changed})
        reached = [group for group in found if group not in failures]
        seen = {group: self._settled(group, found[group], group in conflicts) for group in reached}
        self.warmth.update(seen)
        for failure in failures.values():
            raise failure
        return seen

    def forget(self, forgotten: Mapping[str, Iterable[TopicPartition]]) -> None:
        """These positions are gone at the source: what the standby has is left to expire there."""
        for group, partitions in forgotten.items():
            for partition in partitions:
                self._due.get(group, {}).pop(partition, None)
                self._left.get(group, {}).pop(self._image(partition), None)
            if not self._left.get(group):
                self._left.pop(group, None)
                self.warmth.pop(group, None)

    def refresh(self, groups: Iterable[str]) -> int:
        """Commit once more what was left at the standby, before its brokers forget it; returns how many groups.

        Groups that somebody else uses there by now are left alone.
        """
        self._in_charge()
        left = {group: self._left[group] for group in groups if self._left.get(group) and group not in self._away}
        if not left or self.waiting:
            return 0
        there = self.standby.held(left.keys())
        own = {group: c for group, c in left.items() if all(there[group].get(p) == each for p, each in c.items())}
        _, failures = self._commit(own)
        for failure in failures.values():
            raise failure
        return len(own)

    def _copied_soon(self, group: str, due: Positions, answers: Mapping[tuple[TopicPartition, int], Answer]) -> bool:
        """Whether waiting for the link a moment longer saves committing this group twice."""
        since = min(each.moved for each in self._due[group].values())
        young = self.world.clock.monotonic() - since < SOON
        return young and any(_not_copied(answers[p, c.offset]) for p, c in due.items())

    def _wanted(self, group: str, due: Positions, answers: Sequence[Answer], there: Positions) -> _Wanted:
        if self._used(group, there):
            return _Wanted(due, answers, used=True)
        wanted, refused, behind = self._answered(due, answers)
        if group not in self._left and self._ahead(group, there, wanted):
            return _Wanted(due, answers, used=True)
        return _Wanted(due, answers, wanted, {p: c for p, c in wanted.items() if there.get(p) != c}, refused, behind)

    def _settled(self, group: str, found: _Wanted, conflict: bool) -> Warmth:
        """What is done is due no more; returns how the group stands now."""
        if found.used or conflict:
            self._try_again(group, found.due)
            state = WarmthState.USED if found.used else WarmthState.ACTIVE
            return Warmth(state, found.behind, found.refused)
        self._left[group].update(found.wanted)
        self._settle(group, found.due, found.answers)
        state = WarmthState.REFUSED if found.refused else WarmthState.BEHIND if found.behind else WarmthState.PROVEN
        return Warmth(state, found.behind, found.refused, len(found.changed))

    def _answered(
        self, due: Positions, answers: Iterable[Answer]
    ) -> tuple[Positions, Mapping[TopicPartition, Refusal], int]:
        """What to commit, what is refused, and how many records before these positions are not copied yet."""
        certain: dict[TopicPartition, int] = {}
        refused: dict[TopicPartition, Refusal] = {}
        behind = 0
        for answer in answers:
            if isinstance(answer, Translated):
                certain[answer.partition] = answer.offset
            elif _not_copied(answer) and answer.conservative is not None:
                certain[answer.partition] = answer.conservative
                behind += answer.repeats or 0
            else:
                refused[answer.partition] = answer.why
        stamp = Stamp(self.world.plan.name, "warm", self.epoch)
        wanted = {
            self._image(p): Committed(offset, metadata_of(due[p].metadata, stamp)) for p, offset in certain.items()
        }
        return wanted, refused, behind

    def _ahead(self, group: str, there: Positions, wanted: Positions) -> bool:
        """Whether somebody else's position, found there at first, lies behind the one that the group would get.

        Going forward along what the group has read harms nobody; going back would have somebody read again.
        """
        return any(
            there[p].offset > c.offset
            and not Stamp.read(there[p].metadata)
            and there[p].offset != self._known.get((group, p))
            for p, c in wanted.items()
            if p in there
        )

    def _note_what_was_there(self, found: Mapping[str, Positions]) -> None:
        """Before the first commit for a group: what others had left there goes to the journal, for an undo."""
        foreign = {
            group: evidence.held(held)
            for group, held in found.items()
            if any(not Stamp.read(c.metadata) for c in held.values())
        }
        if foreign:
            self._in_charge()
            note_before(self.world, self.source, self.target, self.epoch, foreign)

    def _leave_out_what_was_handed_over(self) -> None:
        """Groups that live at the target since a handover are followed no more."""
        runs = self.world.journal.runs()
        if runs == self._runs:
            return
        self._runs, self._away = runs, handed_over(self.world, self.target)
        for group in self._away:
            self._due.pop(group, None)
            self.warmth[group] = Warmth(WarmthState.HANDED_OVER)

    def _commit(self, changed: Mapping[str, Positions]) -> tuple[Set[str], Mapping[str, DrctlError]]:
        """Commit and read back; returns groups that have members, and those that failed."""

        def permit() -> None:
            self._in_charge()
            self.standby.keep_up()

        failed = dict(self.world.sites[self.target].positions.commit_all(changed, permit))
        read = self.standby.read_back({group: each for group, each in changed.items() if group not in failed})
        for group, held in read.items():
            wrong = [str(p) for p, c in changed[group].items() if held.get(p) != c]
            if wrong:
                failed[group] = NotProven(
                    f"{self.target}: positions of {group} read back differ: {', '.join(wrong[:5])}",
                    remedy="find who else commits for this group at the standby: MirrorMaker's sync.group.offsets?",
                )
        conflicts = {group for group, error in failed.items() if isinstance(error, Conflict)}
        return conflicts, {group: error for group, error in failed.items() if group not in conflicts}

    def _used(self, group: str, there: Positions) -> bool:
        """Whether somebody else has moved what was left there. A newer drctl is obeyed, not reported."""
        for partition, committed in there.items():
            stamp = Stamp.read(committed.metadata)
            if stamp and stamp.plan == self.world.plan.name and stamp.epoch > self.epoch:
                raise Superseded(
                    f"{self.target}: {group} {partition} bears epoch {stamp.epoch}, and ours is {self.epoch}",
                    remedy="another drctl has decided since: look at 'drctl status'",
                )
        left = self._left.get(group, {})
        return any(there.get(partition) != committed for partition, committed in left.items())

    def _settle(self, group: str, due: Positions, answers: Iterable[Answer]) -> None:
        """What is proven is done; what waits for the copy is due in the next cycle, what was refused later."""
        for answer in answers:
            if isinstance(answer, Translated):
                self._done(group, answer.partition, due[answer.partition])
            elif not _not_copied(answer):
                self._try_again(group, {answer.partition: due[answer.partition]})

    def _done(self, group: str, partition: TopicPartition, committed: Committed) -> None:
        known = self._due.get(group, {}).get(partition)
        if known is not None and known.committed == committed:
            del self._due[group][partition]
            if not self._due[group]:
                del self._due[group]

    def _try_again(self, group: str, due: Positions) -> None:
        since = self.world.clock.monotonic() + RETRY
        for partition, committed in due.items():
            known = self._due.get(group, {}).get(partition)
            if known is not None and known.committed == committed:
                known.since = since

    def _in_charge(self) -> None:
        """Superseded if not. Whether we lead is asked last: all else takes time."""
        door, epoch = self.world.front_door.site(), self.world.epochs.current()
        if door != self.source or epoch != self.epoch:
            raise Superseded(
                f"the front door names {door or 'no site'} in epoch {epoch}: {self.source} is no longer followed",
                remedy="begin anew from the site that serves",
            )
        if not self.leads():
            raise Superseded("another service leads, or will soon", remedy="wait until this one leads again")


def _not_copied(answer: Answer) -> bool:
    return isinstance(answer, Refused) and answer.why is Refusal.NOT_COPIED
