"""What clients wait for within the pause: nothing is asked twice, and no look makes the fence's window longer."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import override

import pytest

from drctl.errors import RolledBack, StepFailed, Unreachable
from drctl.model.fence import DenyRule
from drctl.model.link import LinkStatus
from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.model.run import Run, RunState
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.plan import StepContext
from drctl.plans.runner import Progress, StepState
from drctl.plans.steps.drain_link import DrainLink
from drctl.ports import World
from drctl.ports.permit import Permit, always
from tests.fakes import FakeFence, FakeRecords, FakeReplication, FakeWorld, fake_world
from tests.spec.harness import killed_at, require_nothing_lost_or_repeated

SLOW = 0.1
"""Seconds that one look at a log's ends takes here; half of the time between two looks of a window."""


class Asked:
    """Counts by step what is asked."""

    def __init__(self) -> None:
        self.step = ""
        self.counts: Counter[tuple[str, str]] = Counter()
        self.noted: Callable[[str], None] = lambda _: None

    def __call__(self, progress: Progress) -> None:
        if progress.state is StepState.STARTED:
            self.step = progress.step

    def note(self, what: str) -> None:
        self.counts[self.step, what] += 1
        self.noted(what)


class CountedReplication(FakeReplication):
    """Counts how often Connect is asked what it has copied, and which connectors to stop."""

    asked: Asked

    @override
    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:
        self.asked.note("stop the source connector" if copying_only else "stop all connectors")
        super().stop(permit, copying_only=copying_only)

    @override
    def frontier(self) -> Mapping[TopicPartition, int]:
        self.asked.note("frontier")
        return super().frontier()


class CountedFence(FakeFence):
    """Counts how often the rules of a site are asked for."""

    asked: Asked

    @override
    def standing(self) -> frozenset[DenyRule]:
        self.asked.note("standing")
        return super().standing()


class CountedRecords(FakeRecords):
    """Counts how often the ends of the source's logs are asked for, and its records read."""

    asked: Asked

    @override
    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        self.asked.note("bounds")
        return super().bounds(partitions)

    @override
    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        self.asked.note("records")
        return super().identities_all(spans)


class SlowRecords(FakeRecords):
    """Takes its time for every look at the ends, and notes when each began and ended."""

    def __init__(self, earth: FakeWorld, asked: Asked) -> None:
        super().__init__(earth.north)
        self.earth, self.asked = earth, asked
        self.looks: list[tuple[float, float]] = []

    @override
    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        beside = threading.current_thread() is not threading.main_thread()
        if self.asked.step not in ("fence-transactions", "prove-fence") or beside:
            return super().bounds(partitions)
        began = self.earth.clock.monotonic()
        found = super().bounds(partitions)
        self.earth.clock.sleep(SLOW)
        self.looks.append((began, self.earth.clock.monotonic()))
        return found


def rested() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def moved(world: World, asked: Asked) -> RunState:
    return runner.run(switchover.plan(world, "north", "south", observe=observe), world, asked).state


class TellsOnce(CountedReplication):
    """A worker that tells what there is to stop, and not once more."""

    @override
    def status(self) -> LinkStatus:
        self.asked.note("status")
        if self.asked.counts["stop-link", "status"] == 2:
            raise Unreachable("the worker's group rebalances")
        return super().status()


class AnswersLate(CountedReplication):
    """A worker that does not tell what it has copied while the fence is proven."""

    @override
    def frontier(self) -> Mapping[TopicPartition, int]:
        found = super().frontier()
        if self.asked.step in ("fence-transactions", "prove-fence"):
            raise Unreachable("the worker's group rebalances")
        return found


def counted(earth: FakeWorld, world: World, asked: Asked, kind: type[CountedReplication] = CountedReplication) -> World:
    replication = kind(earth.mirrors["north", "south"], earth.effects)
    replication.asked = asked
    forward = replace(world.links["north", "south"], replication=replication)
    return replace(world, links={**world.links, ("north", "south"): forward})


def test_connect_is_asked_once_what_the_link_has_copied_and_that_is_journaled() -> None:
    earth, asked = rested(), Asked()
    world = counted(earth, earth.ports(), asked)
    assert moved(world, asked) is RunState.DONE
    asked_for_it = {step: count for (step, what), count in asked.counts.items() if what == "frontier"}
    assert asked_for_it == {"check-gates": 1, "fence-transactions": 1}, (
        "within the window, in which clients wait anyway"
    )
    drained = next(e.body for e in earth.journal.entries(earth.journal.runs()[-1][0].id) if e.step == "drain-link")
    topics = world.plan.topics
    ends = {str(p): log.bounds.stable for p, log in earth.north.logs.items() if p.topic in topics}
    assert drained["ends"] == ends
    assert drained["frontier"].keys() <= ends.keys()
    assert drained["frontier"], "it says up to where the link had copied"
    require_nothing_lost_or_repeated(earth, "south")


def test_a_link_that_was_behind_within_the_window_is_asked_again() -> None:
    earth, asked = rested(), Asked()
    mirror = earth.mirrors["north", "south"]
    mirror.holds = True
    earth.producers[0].running = True
    earth.settle(0.3)

    def announced(progress: Progress) -> None:
        asked(progress)
        mirror.holds = mirror.holds and progress.step != "drain-link"

    world = counted(earth, earth.ports(), asked)
    plan = switchover.plan(world, "north", "south", observe=observe)
    assert runner.run(plan, world, announced).state is RunState.DONE
    assert asked.counts["prove-fence", "frontier"] > 1, "still within the window, and again behind it"
    assert asked.counts["drain-link", "frontier"] > 1
    require_nothing_lost_or_repeated(earth, "south")


def test_a_worker_that_does_not_answer_within_the_window_is_asked_again() -> None:
    earth, asked = rested(), Asked()
    assert moved(counted(earth, earth.ports(), asked, AnswersLate), asked) is RunState.DONE
    assert asked.counts["prove-fence", "frontier"] > 1, "still within the window"
    assert asked.counts["drain-link", "frontier"] == 1


def test_what_the_link_said_within_the_window_is_held_against_the_logs_of_afterwards() -> None:
    earth, asked = rested(), Asked()

    def announced(progress: Progress) -> None:
        asked(progress)
        if progress.step == "drain-link":
            earth.south.logs[TopicPartition("shop.orders", 0)].entries.clear()

    world = counted(earth, earth.ports(), asked)
    plan = switchover.plan(world, "north", "south", observe=observe)
    with pytest.raises(RolledBack, match=r"drain-link: .*shop\.orders-0 \(said to be copied up to"):
        runner.run(plan, world, announced)
    assert asked.counts["drain-link", "frontier"] > 1


@pytest.mark.parametrize(("window", "after"), [(1, 0.0), (6, 4.8)])
def test_the_link_is_asked_so_late_in_the_window_that_it_has_copied_what_was_written_before(
    window: int, after: float
) -> None:
    earth, asked = rested(), Asked()
    guards = replace(earth.plan.guards, fence_window=timedelta(seconds=window))
    earth.plan = replace(earth.plan, guards=guards)
    world = counted(earth, earth.ports(), asked)
    began, at = list[float](), list[float]()
    asked.noted = lambda what: at.append(earth.clock.monotonic()) if what == "frontier" else None

    def announced(progress: Progress) -> None:
        asked(progress)
        if progress.step == "fence-transactions" and not began:
            began.append(earth.clock.monotonic())
            at.clear()

    plan = switchover.plan(world, "north", "south", observe=observe)
    assert runner.run(plan, world, announced).state is RunState.DONE
    assert at[0] - began[0] == pytest.approx(after)


def test_a_link_that_was_not_seen_to_have_copied_everything_is_not_called_drained() -> None:
    run = Run("r", "switchover", "fake", "0", "north", "south", 1)
    ctx = StepContext(
        rested().ports(),
        run,
        {},
        {},
        past_point_of_no_return=False,
        report=lambda _: None,
        check_authority=lambda: None,
    )
    with pytest.raises(StepFailed, match="was not seen to have copied everything"):
        DrainLink().verify(ctx)


def test_what_was_stopped_before_the_pause_is_not_asked_to_stop_again_within_it() -> None:
    earth, asked = rested(), Asked()
    assert moved(counted(earth, earth.ports(), asked), asked) is RunState.DONE
    stops = {each for each in asked.counts if each[1].startswith("stop ")}
    assert stops == {("ask-link-to-stop", "stop the source connector")}
    assert earth.ports().links["north", "south"].replication.status().halted


def test_a_process_that_has_not_stopped_them_itself_asks_all_to_stop() -> None:
    """A connector that is being started is told as STOPPED until it has."""
    earth, asked = rested(), Asked()
    with killed_at(earth, "stop link to south"):
        moved(earth.ports(), asked)
    assert moved(counted(earth, earth.new_process(), asked), asked) is RunState.DONE
    assert {each for each in asked.counts if each[1].startswith("stop ")} == {
        ("ask-link-to-stop", "stop all connectors")
    }


def test_what_was_started_again_meanwhile_is_asked_to_stop_again() -> None:
    earth, asked = rested(), Asked()

    def start(effect: str) -> None:
        if effect.startswith("commit "):
            earth.mirrors["north", "south"].idle.discard("checkpoint")

    earth.effects.watchers.append(start)
    assert moved(counted(earth, earth.ports(), asked), asked) is RunState.DONE
    assert ("stop-link", "stop all connectors") in asked.counts
    assert earth.ports().links["north", "south"].replication.status().halted


def test_where_the_worker_does_not_tell_whether_they_are_stopped_all_are_asked_to() -> None:
    earth, asked = rested(), Asked()
    earth.mirrors["north", "south"].config["exactly.once.support"] = "disabled"  # so that stop-link is the first to ask
    assert moved(counted(earth, earth.ports(), asked, TellsOnce), asked) is RunState.DONE
    assert ("stop-link", "stop all connectors") in asked.counts


def test_where_no_transaction_is_open_nobody_asks_for_the_rules_about_them() -> None:
    earth, asked = rested(), Asked()
    world = earth.ports()
    fence = CountedFence(earth.north, earth.effects)
    fence.asked = asked
    world = replace(world, sites={**world.sites, "north": replace(world.sites["north"], fence=fence)})

    assert moved(world, asked) is RunState.DONE
    # What stands there is a condition of the step behind it; of this one it is no question.
    assert ("await-open-transactions", "standing") not in asked.counts


def test_a_link_that_was_drained_within_the_window_is_not_read_again_behind_it() -> None:
    earth, asked = rested(), Asked()
    world = earth.ports()
    records = CountedRecords(earth.north)
    records.asked = asked
    world = replace(world, sites={**world.sites, "north": replace(world.sites["north"], records=records)})
    assert moved(world, asked) is RunState.DONE
    assert asked.counts["fence-transactions", "records"] > 0
    assert asked.counts["drain-link", "records"] == 0
    assert asked.counts["drain-link", "bounds"] == 1


def test_both_scopes_of_the_fence_are_judged_by_one_look_at_the_rules() -> None:
    earth, asked = rested(), Asked()
    world = earth.ports()
    fence = CountedFence(earth.north, earth.effects)
    fence.asked = asked
    world = replace(world, sites={**world.sites, "north": replace(world.sites["north"], fence=fence)})
    assert moved(world, asked) is RunState.DONE
    for step in ("close-client-routing", "hand-over-positions", "record-handover-point", "unfence-target"):
        assert asked.counts[step, "standing"] == 1, step


def test_the_window_of_the_fence_lies_between_the_looks_and_is_no_longer_for_what_they_take() -> None:
    earth, asked = rested(), Asked()
    world = earth.ports()
    records = SlowRecords(earth, asked)
    world = replace(world, sites={**world.sites, "north": replace(world.sites["north"], records=records)})
    assert moved(world, asked) is RunState.DONE
    first, _, _, *samples = records.looks[:8]
    window = world.plan.guards.fence_window.total_seconds()
    assert samples[-1][0] - first[1] == pytest.approx(window)
    assert len(samples) == 5
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(samples))
