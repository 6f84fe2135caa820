"""The way home in a drill: the site that was lost takes the work back, as an operator lets it.

Its Connect worker starts, what is left of its clients leaves, every group reads past the failover, and then a failback
brings the work home under load. One group lags on purpose, so that its positions are put to the test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap

from drctl.drills.lab_drill import LabDrill
from drctl.drills.moving import StepTimer, handed_positions
from drctl.drills.outcome import Handover
from drctl.errors import Blocked, DrctlError, LabError
from drctl.lab.workload import LabWorkload
from drctl.model.chain import Line
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.plans import failback
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.positions import mirrormaker_repeats
from drctl.plans.recopying import diverged, recopies
from drctl.plans.recreations import standing
from drctl.plans.runner import run
from drctl.ports import World

ANSWERS, GONE, PAST, READY = 120.0, 90.0, 180.0, 180.0
"""Seconds, of which a quiet machine needs a tenth: until the old site's Connect worker answers; until nobody is a
member there; until every group has read past the failover; until no gate holds the failback back any more."""


@dataclass(frozen=True, slots=True)
class BackHome:
    """Hold the failback, and the journal after it."""

    move: Handover
    journal: tuple[Line, ...]


class HomewardDrill(LabDrill):
    """A drill that can take the work home to a site that was lost."""

    def make_ready(self, workload: LabWorkload, lost: str, survivor: str) -> None:
        """Bring the site and the groups to where a failback can begin. LabError if its worker does not answer.

        A group that has not read past the failover would read the stranded tail at home.
        """
        # Of a site that was left while it ran it is still there.
        if self.lab.processes.status(self.lab.layout[lost].worker).state == "gone":
            self.say(f"{lost}'s Connect worker is started again")
            self.lab.start_worker(lost)
        workload.hurry()
        with self.open_world(self.plan_file) as world:
            link = world.links[survivor, lost].replication
            if silent := self.waited(ANSWERS, f"{lost}'s Connect worker", lambda: _silent(link.status)):
                raise LabError(f"{lost}'s Connect worker does not answer: {silent}", remedy="see the lab's logs")
            self.phase(f"{lost}'s Connect worker answers")
            self._await("nobody is a member of a group there", GONE, lambda: _members(world, lost))
            self._await("every group has read past the failover", PAST, lambda: behind_failover(world))
        workload.slow_down()

    def _await(self, what: str, seconds: float, left: Callable[[], str]) -> None:
        late = self.waited(seconds, f"this: {what}", left)
        self.phase(f"not in time: {what}: {late}" if late else what)

    def go_home(self, lost: str, survivor: str) -> BackHome:
        """Fail back. A failback that fails raises."""
        with self.open_world(self.plan_file) as world:
            return BackHome(self.fail_back(world, lost, survivor), world.journal.lines())

    def fail_back(self, world: World, lost: str, survivor: str) -> Handover:
        """Do as an operator does: recreate what cannot stay as it is, accept what that costs, wait for the gates."""
        self.say(f"failback from {survivor} to {lost}")
        deadline = self.lab.clock.monotonic() + READY
        while True:
            topics, gone = self._made_anew(world, lost)
            plan = failback.plan(
                world, survivor, lost, observe=self.observe, recreate=topics, accepted=AcceptedLoss(gone)
            )
            timer = StepTimer(self.announce, self.now, f"{survivor} to {lost}")
            try:
                result = run(plan, world, timer, self.terms)
            except Blocked as held:
                if self.lab.clock.monotonic() > deadline:
                    raise
                self.restart_failed(world)
                self.say(f"waiting for the gates: {'; '.join(held.reasons)}")
                self.lab.clock.sleep(1)
                continue
            repeats = mirrormaker_repeats(world, survivor, lost, handed_positions(result))
            return Handover(survivor, lost, result, tuple(timer.spans), dict(repeats))

    def _made_anew(self, world: World, lost: str) -> tuple[tuple[str, ...], int]:
        """Find topics that have to be recreated, and how many of their records are then gone: older ones of a key.

        A compacted topic would show the stranded value of a key to whoever reads it whole.
        """
        failover = aftermath(world)
        salvaged = last_salvage(world, failover)
        there = world.sites[lost].brokers.topics(salvaged.committed)
        # Of a topic that is not compacted the tail is stepped over: nobody reads it from its middle on, and
        # copying all of it again would cost more than it is worth.
        wanted = {name for name, count in salvaged.committed.items() if count and there[name].compacted}
        wanted &= {*diverged(world, failover, salvaged)} - standing(world, lost)
        costs = recopies(world, failover, wanted)
        for each in costs:
            what = f"{each.topic} is compacted and holds stranded values, and is recreated at {lost}"
            self.say(f"{what}: {each.records} records are copied again, {each.gone} older ones are gone then")
        return tuple(sorted(wanted)), sum(each.gone for each in costs)


def behind_failover(world: World) -> str:
    """Name the groups that have not read everything at the survivor that came before the failover."""
    failover = aftermath(world)
    site = world.sites[failover.run.target]
    committed = site.positions.committed(world.plan.groups)

    def is_behind(partition: TopicPartition, held: Committed) -> bool:
        end = failover.ends.get(partition, 0)
        ahead = site.records.following(partition, held.offset, 1) if held.offset < end else ()
        return bool(ahead) and ahead[0].offset < end

    late = [group for group, positions in sorted(committed.items()) if any(starmap(is_behind, positions.items()))]
    return ", ".join(late)


def _members(world: World, site: str) -> str:
    groups = world.sites[site].positions.describe(world.plan.groups)
    return ", ".join(name for name, group in sorted(groups.items()) if group.members)


def _silent(ask: Callable[[], object]) -> str:
    try:
        ask()
    except DrctlError as error:
        return str(error)
    return ""
