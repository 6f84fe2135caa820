"""Whose the positions at the standby are: judged partition by partition, for every look at a group there.

====================================================  =========================================================
position at the standby                               whose
====================================================  =========================================================
what was left there last                              ours
what a commit tried, whatever was answered            ours: it may have been applied, and may still be
has a stamp of this plan file, epoch up to ours       ours: another process of the same service, or an earlier run
what the last move left behind there                  nobody's
what an undo of the sync has given back               somebody's, and the group is used: a person wants it so
anything else, where nothing of ours was              somebody's: gone forward over, never back
anything else, where something of ours was            somebody's, and the group is used; but where it has the
                                                      metadata that the group has at the source, and is behind what
                                                      it would get, another service has put it there
has a stamp of this plan file, a later epoch          nobody can tell: the group is left alone
====================================================  =========================================================

Going forward along what the group has read at the source harms nobody; going back would have somebody read again.

Example: 131 of orders-0 was left there for billing, which would get 140 next. Found is 131: ours. Found is 133 without
a stamp: somebody's, and billing is used. A service that has just begun, and so has left nothing there, goes forward
over 133, and calls billing used where it finds 150.

Invariant: w is committed over the position o that was found => o is ours or nobody's, or o <= w.
:meth:`Ownership.used` is asked for each group first, and one that is used gets nothing. It is, where any position is
not ours and :func:`_may_go_forward` says no, as it does for each o > w.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from functools import partial

from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.stamp import Stamp
from drctl.plans.standby import Held, Positions

REMEMBERED = 16
"""Attempts per partition that were not seen to fail or to succeed; more than that are never under way at once."""


class Ownership:
    """Know which positions of the group-offset sync are its own, as far as one process saw.

    ``nobodys`` are offsets that the last move left behind, ``given_back`` positions that an undo has restored. All else
    can be lost: what is not known to be ours is then somebody's, and is gone forward over only. ``before`` is what the
    same process knew in an earlier epoch: what it left or tried then is ours, what somebody did to it is theirs still.
    """

    def __init__(
        self,
        plan: str,
        epoch: int,
        nobodys: Mapping[tuple[str, TopicPartition], int],
        given_back: Mapping[tuple[str, TopicPartition], Committed] | None = None,
        before: "Ownership | None" = None,
    ) -> None:
        self._plan, self._epoch, self._nobodys = plan, epoch, nobodys
        self._given_back = given_back or {}
        self._left: dict[str, dict[TopicPartition, Committed]] = {}
        self._tried: dict[tuple[str, TopicPartition], deque[Committed]] = defaultdict(partial(deque, maxlen=REMEMBERED))
        if before is not None:
            self._left = {group: dict(held) for group, held in before._left.items()}
            # What was cut short by the raising of the epoch may have been applied, and is ours still.
            self._tried.update({place: deque(tried, REMEMBERED) for place, tried in before._tried.items()})
        self._noted: dict[str, set[TopicPartition]] = {}

    def left(self, group: str) -> Positions:
        """Return what was left there for the group, committed and read back."""
        return self._left.get(group, {})

    def unstamped(self) -> Held:
        """Return what was left there with the groups' own metadata, so that no stamp tells whose it is."""
        found: dict[str, Positions] = {}
        for group, held in self._left.items():
            if own := {partition: each for partition, each in held.items() if Stamp.read(each.metadata) is None}:
                found[group] = own
        return found

    def trying(self, changed: Held) -> None:
        """These are about to be committed. Whatever is answered, they may be found there from now on."""
        for group, positions in changed.items():
            for partition, committed in positions.items():
                # A commit that timed out may still be applied, minutes later, by a coordinator that was
                # frozen. Found there, it must count as ours, or the group would be left alone as used by
                # somebody.
                self._tried[group, partition].append(committed)

    def settled(self, group: str, wanted: Positions) -> None:
        """The standby has these: they were read there."""
        if not wanted:
            return
        self._left.setdefault(group, {}).update(wanted)
        for partition in wanted:
            self._tried.pop((group, partition), None)

    def forget(self, group: str, partitions: Iterable[TopicPartition]) -> None:
        """These are followed no more; what the standby has is left to expire there."""
        held = self._left.get(group, {})
        for partition in partitions:
            held.pop(partition, None)
            self._tried.pop((group, partition), None)
        if not held:
            self._left.pop(group, None)

    def later(self, there: Positions) -> str:
        """The first position whose stamp has an epoch later than ours, for people; empty if there is none."""
        for partition, committed in sorted(there.items()):
            stamp = Stamp.read(committed.metadata)
            if stamp and stamp.plan == self._plan and stamp.epoch > self._epoch:
                return f"{partition} has epoch {stamp.epoch}, and {self._epoch} is the latest"
        return ""

    def used(self, group: str, there: Positions, wanted: Positions) -> bool:
        """Whether somebody else has moved what was left there, or is ahead of what the group would get."""
        left = self.left(group)
        return any(
            not self._is_ours(group, partition, there[partition])
            and (
                self._given_back.get((group, partition)) == there[partition]
                or not _may_go_forward(there[partition], wanted.get(partition), after_ours=partition in left)
            )
            for partition in left.keys() | wanted.keys()
            if partition in there
        )

    def to_note(self, group: str, there: Positions, changed: Positions) -> Positions:
        """Return what others had there and the journal does not hold yet, once something is about to be committed.

        With the group's first commit that is everything, then what is about to be overwritten.
        """
        others = {p: c for p, c in there.items() if self._is_others(group, p, c)}
        if group not in self._noted:
            # All of the group's, with the first: an undo restores a group as a whole, not the partitions
            # that happened to differ.
            return there if others else {}
        noted = self._noted[group]
        return {p: c for p, c in others.items() if p in changed and p not in noted}

    def noted(self, found: Held) -> None:
        """The journal holds these."""
        for group, positions in found.items():
            self._noted.setdefault(group, set()).update(positions)

    def _is_ours(self, group: str, partition: TopicPartition, committed: Committed) -> bool:
        left = self.left(group).get(partition)
        # By offset alone: MirrorMaker 2 and applications write no stamp, so that what the last move left is
        # known only by the number. A person who commits that very number is taken for nobody, and loses
        # nothing by it.
        nobodys = left is None and self._nobodys.get((group, partition)) == committed.offset
        return nobodys or not self._is_others(group, partition, committed)

    def _is_others(self, group: str, partition: TopicPartition, committed: Committed) -> bool:
        """Whether it is neither what was left or tried here, nor stamped by this plan file."""
        stamp = Stamp.read(committed.metadata)
        return not (
            (stamp is not None and stamp.plan == self._plan)
            or committed == self.left(group).get(partition)
            or committed in self._tried.get((group, partition), ())
        )


def _may_go_forward(there: Committed, wanted: Committed | None, *, after_ours: bool) -> bool:
    """Whether committing ``wanted`` over somebody's position harms nobody, and that is no sign of somebody at work."""
    if wanted is None or there.offset > wanted.offset:
        return False
    # Behind ours and with the metadata that the group has at the source: another service of the same plan
    # file, from before a change of leader. Anybody else who went back meant it.
    return not after_ours or (bool(there.metadata) and there.metadata == wanted.metadata)
