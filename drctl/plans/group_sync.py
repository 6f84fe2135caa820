"""Keeping the standby in sync: the groups' positions there follow those at the source, each one proven or certain."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import batched

from drctl.errors import DrctlError, Superseded, Unreachable
from drctl.model.changes import NOTHING_UNDECIDED, UndecidedPartitions
from drctl.model.group_sync import GroupSyncState, GroupSyncStatus
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence, Run, RunState
from drctl.model.translation import Exact, Translation, Unproven
from drctl.plans import evidence
from drctl.plans.answering import Answers, SyncDecision, is_early, not_copied, translate_apart
from drctl.plans.apart import apart
from drctl.plans.due import DuePositions
from drctl.plans.group_sync_notes import begin, given_back, last_move, left_by_last_move, note_before, note_sinks
from drctl.plans.images import Images
from drctl.plans.ownership import Ownership
from drctl.plans.positions import reelected
from drctl.plans.proofs import Proofs
from drctl.plans.selection import handed_over, left_by_failover
from drctl.plans.stamp import Stamp, metadata_of
from drctl.plans.standby import AskedStandby, Held, Positions, Standby
from drctl.plans.standby_writer import StandbyWriter
from drctl.plans.unfinished import unfinished
from drctl.ports import World

SOON = 0.5
"""Seconds that what moved may wait for the link: until then a proven position is worth more than an early one."""
PART = 1_000
"""Groups of which a cycle takes care at most: a second or two of work, and what is known of them fits in memory."""


class GroupSync:
    """Follows one source. What a cycle costs grows with what moved since the last one, not with the number of groups.

    A cycle takes a part of what is due, :data:`PART` groups at most, those first that are due longest; ``more`` says
    whether it has left any. Authority is asked for each part, and before every request that changes something.
    Everything it knows can be lost at any moment: a new one begins with all positions as moved. It never sends a group
    past a record that the group has not read, and leaves alone what others use, and groups that ``undecided`` hides.
    ``leads`` says, at every moment, whether it is still ours to act; ``before`` is the one of the epoch before.
    """

    def __init__(
        self,
        world: World,
        source: str,
        target: str,
        standby: Standby | None = None,
        *,
        leads: Callable[[], bool] = lambda: True,
        before: "GroupSync | None" = None,
    ) -> None:
        self.world, self.source, self.target, self.leads = world, source, target, leads
        self.standby = standby or AskedStandby(world.sites[target].positions)
        self.epoch = world.epochs.current()
        self._image = Images(world, source, target).of
        self.statuses: dict[str, GroupSyncStatus] = {}
        self.blocked_by_run = False
        self.undecided: UndecidedPartitions = NOTHING_UNDECIDED
        self._runs: tuple[tuple[Run, RunState], ...] = ()
        self._handed_over: Mapping[str, str] = {}
        self.since = source, target, last_move(world)
        left = left_by_last_move(world, source, target), given_back(world, target)
        known = before._own if before is not None and before.since == self.since else None
        self._own: Ownership = Ownership(world.plan.name, self.epoch, *left, before=known)
        self._writer = StandbyWriter(world.sites[target], self.standby, self._own, self._check_authority)
        self._proofs = Proofs()
        self._begun = False
        self._sinks_noted: Evidence = {}
        self._due = DuePositions(world.clock)
        self._followed, self._cut = set[TopicPartition](), set[TopicPartition]()
        self.more = False

    def note(self, moved: Mapping[str, Positions]) -> None:
        """These positions moved at the source; groups and topics that the plan file does not name are left out."""
        plan = self.world.plan
        topics = set(plan.topics_at(self.source))
        for group in (moved.keys() & set(plan.groups)) - self._handed_over.keys():
            for partition, committed in moved[group].items():
                if partition.topic in topics:
                    self._due.note(group, partition, committed)

    @property
    def waiting(self) -> bool:
        """Whether a run is at work or was cut off: then its positions are the newer decision.

        So it is while a failover away from the other site stands: what its groups had read there is evidence.
        """
        return bool(unfinished(self.world)) or left_by_failover(self.world, self.target)

    def cycle(self) -> Mapping[str, GroupSyncStatus]:
        """Translate, prove, commit and read back a part of what is due; returns the groups that had something.

        A group that fails, or that somebody contests, is named as such and stays due, and the others go on. Unreachable
        if a site is silent. Superseded if this source serves no more, or a newer decision was made: then begin again.
        """
        self._check_authority()
        self._look_at_runs()
        due, self.more = ({}, False) if self.blocked_by_run else self._due.ripe(PART, self.undecided.hides)
        # Not an error: a run hands over positions itself, and ours, translated from an earlier look, must
        # not land behind its own.
        if not due:
            return {}
        answers, failed = translate_apart(self.world, self.source, self.target, due, self._proofs)
        self._followed |= {partition for partition, _ in answers}
        self._cut |= self._proofs.take_cut()
        due = {
            group: positions
            for group, positions in due.items()
            if group not in failed and not self._copied_soon(group, positions, answers)
        }
        there, unread = apart(self.standby.held, tuple(due))
        found = {group: self._decide(group, due[group], answers, there[group]) for group in due if group in there}
        changed = {group: each.changed for group, each in found.items() if each.changed}
        self._note_what_was_there(there, changed)
        conflicts, refused = self._writer.commit(changed)
        for group, error in self._writer.give_back(changed, [*conflicts, *refused]).items():
            found[group] = SyncDecision(due[group], (), used=True)
            refused = {**refused, **({group: error} if error else {})}
        failed = {**failed, **unread, **refused}
        reached = found.keys() - refused.keys()
        if not reached and any(isinstance(error, Unreachable) for error in failed.values()):
            for site in (self.source, self.target):
                self.world.sites[site].brokers.cluster()  # one that is silent is no group's failure
        seen = {group: self._conclude(group, found[group], group in conflicts) for group in reached}
        seen |= {group: self._fail(group, error) for group, error in failed.items()}
        self.statuses.update(seen)
        return seen

    def shown(self) -> Mapping[str, GroupSyncStatus]:
        """How the groups stand; of those whose commits a transaction hides nobody can tell, and nothing is done."""
        hidden = [group for group in self.world.plan.groups if self.undecided.hides(group)]
        return self.statuses | dict.fromkeys(
            (g for g in hidden if g not in self._handed_over), GroupSyncStatus(GroupSyncState.UNDECIDED)
        )

    def unstamped(self) -> Held:
        """Return what was left at the standby, and read back, with metadata of the groups' own instead of a stamp."""
        return self._own.unstamped()

    def forget(self, forgotten: Mapping[str, Iterable[TopicPartition]]) -> None:
        """These positions are gone at the source: what the standby has is left to expire there."""
        for group, partitions in forgotten.items():
            for partition in partitions:
                self._due.drop(group, [partition])
                self._own.forget(group, [self._image(partition)])
            if not self._own.left(group):
                self.statuses.pop(group, None)

    def reelected(self) -> Set[TopicPartition]:
        """Return partitions with another leader, at either site, than when positions in them were proven.

        What was proven there may be late, so all positions in them are to be noted again. One that nobody tells of is
        left out until somebody does.
        """

        def ask(partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, bool]:
            found = reelected(self.world, self.source, self.target, partitions, self._proofs)
            return {partition: partition in found for partition in partitions}

        answers, _ = apart(ask, sorted(self._followed))
        return {partition for partition, differs in answers.items() if differs} | self._proofs.take_elected()

    def refresh(self, groups: Iterable[str]) -> int:
        """Commit once more what was left at the standby, before its brokers forget it; returns how many groups.

        Groups that somebody else uses there by now are left alone.
        """
        return sum(self._refresh(part) for part in batched(groups, PART))

    def _refresh(self, groups: Iterable[str]) -> int:
        self._check_authority()
        left = {
            group: dict(kept) for group in groups if (kept := self._own.left(group)) and group not in self._handed_over
        }
        if not left or self.waiting:
            return 0
        there, unread = apart(self.standby.held, tuple(left))
        own = {group: left[group] for group, held in there.items() if left[group].items() <= held.items()}
        _, failures = self._writer.commit(own)
        for failure in (*unread.values(), *failures.values()):
            raise failure
        return len(own)

    def _copied_soon(self, group: str, due: Positions, answers: Answers) -> bool:
        """Whether waiting for the link a moment longer saves committing this group twice."""
        young = self.world.clock.monotonic() - self._due.moved(group) < SOON
        soon = young and any(not_copied(answers[p, c.offset]) for p, c in due.items())
        if soon:
            self._due.put_off(group, due, 0.0)  # behind the others, or a full part of such groups would keep them out
        return soon

    def _decide(self, group: str, due: Positions, translated: Answers, there: Positions) -> SyncDecision:
        answers = [translated[partition, each.offset] for partition, each in due.items()]
        if contested := self._own.later(there):
            return SyncDecision(due, answers, contested=f"{self.target}: {contested}")
        positions = self._certain(group, due, answers, there)
        if self._own.used(group, there, positions):
            return SyncDecision(due, answers, used=True)
        changed = {partition: each for partition, each in positions.items() if there.get(partition) != each}
        return SyncDecision(due, answers, positions, changed)

    def _conclude(self, group: str, found: SyncDecision, conflict: bool) -> GroupSyncStatus:
        """Take what is done out of what is due; returns how the group stands now."""
        if found.contested or found.used or conflict:
            self._due.put_off(group, found.due)
            if found.contested:
                return GroupSyncStatus(GroupSyncState.CONTESTED, why=found.contested)
            return GroupSyncStatus(GroupSyncState.USED if found.used else GroupSyncState.ACTIVE)
        self._own.settled(group, found.positions)
        self._due.settled(group, found.due, found.answers)
        left = self._due.answers(group)
        behind = sum(answer.repeats or 0 for answer in left if is_early(answer))
        refused = {answer.partition: answer.why for answer in left if not is_early(answer)}
        # The worst of its partitions names the group: a failover needs all of them.
        state = GroupSyncState.PROVEN
        if behind:
            state = GroupSyncState.BEHIND
        if refused:
            state = GroupSyncState.REFUSED
        return GroupSyncStatus(state, behind, refused, len(found.changed))

    def _fail(self, group: str, error: DrctlError) -> GroupSyncStatus:
        self._due.failed(group)
        return GroupSyncStatus(GroupSyncState.FAILED, why=str(error))

    def _certain(self, group: str, due: Positions, answers: Iterable[Translation], there: Positions) -> Positions:
        """Return what to commit: what is proven, and what is early for want of records that are not copied yet.

        And what is early where ours may be late since a log was cut.
        """
        certain: dict[TopicPartition, int] = {}
        for answer in answers:
            if isinstance(answer, Exact):
                certain[answer.partition] = answer.offset
            elif answer.conservative is not None and (is_early(answer) or self._is_late(group, answer, there)):
                certain[answer.partition] = answer.conservative
        stamp = Stamp(self.world.plan.name, "group-sync", self.epoch)
        return {
            self._image(partition): Committed(offset, metadata_of(due[partition].metadata, stamp))
            for partition, offset in certain.items()
        }

    def _is_late(self, group: str, answer: Unproven, there: Positions) -> bool:
        """Whether a position of ours, proven before a log was cut, lies behind what is certain now."""
        image = self._image(answer.partition)
        stands = there.get(image)
        is_ours = stands is not None and stands == self._own.left(group).get(image)
        late = stands is not None and answer.conservative is not None and stands.offset > answer.conservative
        return is_ours and late and answer.partition in self._cut

    def _note_what_was_there(self, there: Held, changed: Held) -> None:
        """Before the first commit of all, that positions are kept; and what others had there, for an undo."""
        if changed and not self._begun:
            self._check_authority()
            begin(self.world, self.source, self.target, self.epoch)
            self._begun = True
        if changed:
            self._sinks_noted = note_sinks(self.world, self.source, self.target, self.epoch, self._sinks_noted)
        found = {group: self._own.to_note(group, there[group], changed[group]) for group in changed}
        if foreign := {group: evidence.held(each) for group, each in found.items() if each}:
            self._check_authority()
            note_before(self.world, self.source, self.target, self.epoch, foreign)
        self._own.noted(found)

    def _look_at_runs(self) -> None:
        """Groups that live at the target since a handover are followed no more; while a run is unfinished, none is."""
        runs = self.world.journal.runs()
        if runs == self._runs:
            return
        self._runs, self._handed_over, self.blocked_by_run = runs, handed_over(self.world, self.target), self.waiting
        for group in self._handed_over:
            self._due.drop(group)
            self.statuses[group] = GroupSyncStatus(GroupSyncState.HANDED_OVER)

    def _check_authority(self) -> None:
        """Superseded if not. Whether we lead is asked last: all else takes time."""
        routing, epoch = self.world.client_routing.site(), self.world.epochs.current()
        if routing != self.source or epoch != self.epoch:
            raise Superseded(
                f"client routing names {routing or 'no site'} in epoch {epoch}: {self.source} is no longer followed",
                remedy="start again from the site that serves",
            )
        if not self.leads():
            raise Superseded("another service leads, or will soon", remedy="wait until this one leads again")
