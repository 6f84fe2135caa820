"""Write the standby's positions: commit, read back, and give back what somebody committed in between.

Kafka has no commit on condition: between the look at a group and our commit somebody else may commit for it, and the
last one counts. The standby's tail tells both in their order, so theirs is committed once more, right behind ours.
Where only the brokers can be asked, nobody tells.
"""

from collections.abc import Callable, Collection, Mapping, Set

from drctl.errors import Conflict, DrctlError, NotProven
from drctl.plans.apart import apart
from drctl.plans.ownership import Ownership
from drctl.plans.standby import Held, Positions, Standby
from drctl.ports import SitePorts


class StandbyWriter:
    """Commits at one site what group-offset sync has found; ``permit`` raises unless it is still ours to act."""

    def __init__(self, site: SitePorts, standby: Standby, own: Ownership, permit: Callable[[], None]) -> None:
        self._site, self._standby, self._own, self._permit = site, standby, own, permit

    def commit(self, changed: Held) -> tuple[Set[str], Mapping[str, DrctlError]]:
        """Commit and read back; returns groups that have members, and those that failed."""

        def permit() -> None:
            self._permit()
            self._standby.keep_up()

        # Before the request: it may be applied and its answer lost.
        self._own.trying(changed)
        failed = dict(self._site.positions.commit_all(changed, permit))
        done = {group: each for group, each in changed.items() if group not in failed}
        read, unread = apart(lambda groups: self._standby.read_back({g: done[g] for g in groups}), tuple(done))
        failed |= unread
        for group, held in read.items():
            # Offset and metadata both: another tool that commits the same offset without our stamp would
            # otherwise pass for us.
            wrong = [str(p) for p, c in changed[group].items() if held.get(p) != c]
            if wrong:
                failed[group] = NotProven(
                    f"{self._site.name}: positions of {group} read back differ: {', '.join(wrong[:5])}",
                    remedy="find who else commits for this group at the standby: MirrorMaker's sync.group.offsets?",
                )
        conflicts = {group for group, error in failed.items() if isinstance(error, Conflict)}
        return conflicts, {group: error for group, error in failed.items() if group not in conflicts}

    def give_back(self, changed: Held, failed: Collection[str]) -> Mapping[str, DrctlError | None]:
        """Commit once more what ours has covered of somebody's; returns these groups, with what failed or None."""
        covered: dict[str, Positions] = {}
        for group in changed.keys() - failed:
            found = self._standby.covered(group, changed[group])
            theirs = {p: c for p, c in found.items() if self._own.used(group, {p: c}, {p: changed[group][p]})}
            if theirs:
                covered[group] = theirs
        refused = self._site.positions.commit_all(covered, self._permit) if covered else {}
        return {group: refused.get(group) for group in covered}
