"""Keeping the standby in sync: the groups' positions there follow those at the source, each one proven or certain."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from drctl.errors import DrctlError, Superseded, Unreachable
from drctl.model.changes import NOTHING_UNDECIDED, UndecidedPartitions
from drctl.model.group_sync import GroupSyncState, GroupSyncStatus
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence, Run, RunState
from drctl.model.translation import Exact, Translation
from drctl.plans import evidence
from drctl.plans.answering import Answers, Due, SyncDecision, is_early, not_copied, translate_apart
from drctl.plans.apart import apart
from drctl.plans.group_sync_notes import begin, given_back, last_move, left_by_last_move, note_before, note_sinks
from drctl.plans.images import Images
from drctl.plans.ownership import Ownership
from drctl.plans.proofs import Proofs
from drctl.plans.record import unfinished
from drctl.plans.selection import handed_over, left_by_failover
from drctl.plans.stamp import Stamp, metadata_of
from drctl.plans.standby import AskedStandby, Held, Positions, Standby
from drctl.plans.standby_writer import StandbyWriter
from drctl.ports import World

SOON = 0.5
"""Seconds that what moved may wait for the link: until then a proven position is worth more than an early one."""
WAITED, AT_MOST = 4, 5.0
"""Positions that wait for the link are tried again after a fourth of the time that they have waited, or these seconds:
they come so much later than the records, and for a group at rest the end of a lagging link is not committed ten times a
second."""
RETRY = 10.0
"""Seconds after which a refused position is tried again: what stands in its way rarely goes away within moments."""
AGAIN, RARELY = 1.0, 60.0
"""The same for a group that failed, doubled each time, and the most of it: a coordinator that moves is back within
moments; one that is gone costs all groups the time of its silence."""


class GroupSync:
    """Follows one source. What a cycle costs grows with what moved since the last one, not with the number of groups.

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
        self._failures: dict[str, tuple[float, float]] = {}
        self._due: dict[str, dict[TopicPartition, Due]] = defaultdict(dict)

    def note(self, moved: Mapping[str, Positions]) -> None:
        """These positions moved at the source; groups and topics that the plan file does not name are left out."""
        plan, now = self.world.plan, self.world.clock.monotonic()
        topics = set(plan.topics_at(self.source))
        for group in (moved.keys() & set(plan.groups)) - self._handed_over.keys():
            for partition, committed in moved[group].items():
                if partition.topic in topics:
                    known = self._due[group].get(partition)
                    self._due[group][partition] = (
                        Due(committed, known.moved, answer=known.answer) if known else Due(committed, now)
                    )

    @property
    def waiting(self) -> bool:
        """Whether a run is at work or was cut off: then its positions are the newer decision.

        So it is while a failover away from the other site stands: what its groups had read there is evidence.
        """
        return bool(unfinished(self.world)) or left_by_failover(self.world, self.target)

    def cycle(self) -> Mapping[str, GroupSyncStatus]:
        """Translate, prove, commit and read back what is due; returns the groups that had something.

        A group that fails, or that somebody contests, is named as such and stays due, and the others go on. Unreachable
        if a site is silent. Superseded if this source serves no more, or a newer decision was made: then begin again.
        """
        self._check_authority()
        self._look_at_runs()
        due = self._due_at(self.world.clock.monotonic())
        due = {group: each for group, each in due.items() if not self.undecided.hides(group)}
        # Not an error: a run hands over positions itself, and ours, translated from an earlier look, must
        # not land behind its own.
        if not due or self.blocked_by_run:
            return {}
        answers, failed = translate_apart(self.world, self.source, self.target, due, self._proofs)
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

    def forget(self, forgotten: Mapping[str, Iterable[TopicPartition]]) -> None:
        """These positions are gone at the source: what the standby has is left to expire there."""
        for group, partitions in forgotten.items():
            for partition in partitions:
                self._due.get(group, {}).pop(partition, None)
                self._own.forget(group, [self._image(partition)])
            if not self._own.left(group):
                self.statuses.pop(group, None)

    def refresh(self, groups: Iterable[str]) -> int:
        """Commit once more what was left at the standby, before its brokers forget it; returns how many groups.

        Groups that somebody else uses there by now are left alone.
        """
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

    def _due_at(self, now: float) -> Held:
        """Return what is to be tried now, by group: the one that has waited longest first."""
        due: dict[str, Positions] = {}
        for group, positions in sorted(self._due.items(), key=_waiting_since):
            _, tried_again_at = self._failures.get(group, (AGAIN, 0.0))
            ripe = {partition: each.committed for partition, each in positions.items() if each.since <= now}
            if ripe and tried_again_at <= now:
                due[group] = ripe
        return due

    def _copied_soon(self, group: str, due: Positions, answers: Answers) -> bool:
        """Whether waiting for the link a moment longer saves committing this group twice."""
        since = min(each.moved for each in self._due[group].values())
        young = self.world.clock.monotonic() - since < SOON
        return young and any(not_copied(answers[p, c.offset]) for p, c in due.items())

    def _decide(self, group: str, due: Positions, translated: Answers, there: Positions) -> SyncDecision:
        answers = [translated[partition, each.offset] for partition, each in due.items()]
        if contested := self._own.later(there):
            return SyncDecision(due, answers, contested=f"{self.target}: {contested}")
        positions = self._certain(due, answers)
        if self._own.used(group, there, positions):
            return SyncDecision(due, answers, used=True)
        changed = {partition: each for partition, each in positions.items() if there.get(partition) != each}
        return SyncDecision(due, answers, positions, changed)

    def _conclude(self, group: str, found: SyncDecision, conflict: bool) -> GroupSyncStatus:
        """Take what is done out of what is due; returns how the group stands now."""
        if found.contested or found.used or conflict:
            self._try_again(group, found.due)
            if found.contested:
                return GroupSyncStatus(GroupSyncState.CONTESTED, why=found.contested)
            return GroupSyncStatus(GroupSyncState.USED if found.used else GroupSyncState.ACTIVE)
        self._own.settled(group, found.positions)
        self._failures.pop(group, None)
        self._reschedule(group, found.due, found.answers)
        left = [each.answer for each in self._due.get(group, {}).values() if each.answer]
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
        """Let what failed stay due, to be tried again soon; the more often it fails, the less often."""
        pause, _ = self._failures.get(group, (AGAIN, 0.0))
        self._failures[group] = min(RARELY, 2 * pause), self.world.clock.monotonic() + pause
        return GroupSyncStatus(GroupSyncState.FAILED, why=str(error))

    def _certain(self, due: Positions, answers: Iterable[Translation]) -> Positions:
        """Return what to commit: what is proven, and what is early for want of records that are not copied yet."""
        certain: dict[TopicPartition, int] = {}
        for answer in answers:
            if isinstance(answer, Exact):
                certain[answer.partition] = answer.offset
            elif is_early(answer) and answer.conservative is not None:
                certain[answer.partition] = answer.conservative
        stamp = Stamp(self.world.plan.name, "group-sync", self.epoch)
        return {
            self._image(partition): Committed(offset, metadata_of(due[partition].metadata, stamp))
            for partition, offset in certain.items()
        }

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
            self._due.pop(group, None)
            self.statuses[group] = GroupSyncStatus(GroupSyncState.HANDED_OVER)

    def _reschedule(self, group: str, due: Positions, answers: Iterable[Translation]) -> None:
        """Take what is proven out of what is due; what waits for the copy comes soon, what was refused later."""
        now = self.world.clock.monotonic()
        for answer in answers:
            if isinstance(answer, Exact):
                self._done(group, answer.partition, due[answer.partition])
            elif (known := self._still_due(group, answer.partition, due[answer.partition])) is not None:
                known.answer = answer
                known.since = now + (min(AT_MOST, (now - known.moved) / WAITED) if not_copied(answer) else RETRY)

    def _done(self, group: str, partition: TopicPartition, committed: Committed) -> None:
        if self._still_due(group, partition, committed) is not None:
            del self._due[group][partition]
            if not self._due[group]:
                del self._due[group]

    def _try_again(self, group: str, due: Positions) -> None:
        since = self.world.clock.monotonic() + RETRY
        for partition, committed in due.items():
            if (known := self._still_due(group, partition, committed)) is not None:
                known.since = since

    def _still_due(self, group: str, partition: TopicPartition, committed: Committed) -> Due | None:
        """Return what is due there, unless the group has moved on meanwhile."""
        known = self._due.get(group, {}).get(partition)
        return known if known is not None and known.committed == committed else None

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


def _waiting_since(due: tuple[str, Mapping[TopicPartition, Due]]) -> float:
    return min((each.moved for each in due[1].values()), default=0.0)
