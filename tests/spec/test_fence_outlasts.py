"""A proven fence stays proven over a rollback that could not open the site, and is pending once it may be open."""

from collections.abc import Callable

import pytest

from drctl.errors import NotProven, RolledBack, StepFailed
from drctl.model.fence import FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence, RunResult, RunState
from drctl.monitors import observe
from drctl.plans import failover, runner, unfence
from drctl.plans.plan import Plan, StepContext
from drctl.plans.standing_proof import proof_left
from drctl.plans.steps.record_failover_point import RecordFailoverPoint
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import fail_over, lose, require_served_by_target, synced, watch_two_writers
from tests.spec.harness import RecordingObserver, go_on, killed_at, switch

ANY = AcceptedLoss(unknown=True)


class Unrecorded(RecordFailoverPoint):
    """Cannot be done, and says nothing of the source."""

    def do(self, ctx: StepContext) -> Evidence:
        raise NotProven("it was kept from that on purpose")


def fail_before_opening(earth: FakeWorld) -> None:
    """A failover that comes as far as to know how surely the source is closed, and is rolled back."""
    world = earth.new_process()
    whole = failover.plan(world, "north", "south", observe=observe, accepted=ANY)
    steps = tuple(Unrecorded() if step.name == RecordFailoverPoint.name else step for step in whole.steps)
    plan = Plan(whole.kind, whole.source, whole.target, steps, whole.point_of_no_return, whole.rollback)
    with pytest.raises(RolledBack):
        runner.run(plan, world, RecordingObserver())


def fence_of(result: RunResult) -> tuple[str, bool]:
    told = result.evidence["fence-what-answers"]
    return told["fence"], told["answered"]


def drained_then_lost() -> FakeWorld:
    """A switchover has fenced and drained north, and was cut off; then north died."""
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    lose(earth)
    return earth


def dying_in(step: str) -> FakeWorld:
    """North dies under a switchover right after that step, and the rollback cannot open it."""
    earth = synced(fake_world())

    said = [f"journal says step-{how} {step}" for how in ("observed", "found-done")]

    def die(effect: str) -> None:
        if effect in said and not earth.north.down:
            lose(earth)

    earth.effects.watchers.append(die)
    with pytest.raises(StepFailed, match="on the rollback not everything succeeded"):
        switch(earth.ports())
    earth.effects.watchers.remove(die)
    return earth


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("fence-writes", FenceState.PENDING),
        ("prove-fence", FenceState.PROVEN),
        ("drain-link", FenceState.PROVEN),
        ("hand-over-positions", FenceState.PROVEN),
    ],
)
def test_a_rollback_that_could_not_open_the_source_leaves_its_proof_to_the_failover(
    step: str, state: FenceState
) -> None:
    earth = dying_in(step)
    both_open = watch_two_writers(earth)
    result = fail_over(earth.new_process(), accepted=ANY)
    assert fence_of(result) == (state, False)
    if step in ("drain-link", "hand-over-positions"):
        assert (result.evidence["measure-loss"]["total"], result.evidence["measure-loss"]["exact"]) == (0, True)
        require_served_by_target(earth, {})
    assert both_open == []


@pytest.mark.parametrize("effect", ["journal says step-intended unfence-source", "lift at north"])
def test_once_a_rollback_may_have_opened_the_source_the_fence_is_pending(effect: str) -> None:
    earth = synced(fake_world())
    earth.consumers["billing"].stubborn = True
    before: list[str] = []

    def cut(name: str) -> None:
        if name == effect:
            before.append(name)
            if len(before) > 1:  # it is in the journal, or done
                raise Killed

    earth.effects.watchers.append(cut)
    with pytest.raises(Killed):
        switch(earth.ports())
    earth.effects.watchers.remove(cut)
    earth.consumers["billing"].stubborn = False
    lose(earth, sighted=True)
    assert fence_of(fail_over(earth.new_process(), accepted=ANY)) == (FenceState.PENDING, False)


def test_where_something_contradicted_the_proof_it_is_taken_over_by_nobody() -> None:
    earth = synced(fake_world())

    earth.north.super_users.add("User:root")

    def write(effect: str) -> None:
        if effect == "journal says step-observed prove-fence":
            earth.north.write(TopicPartition("turbines.readings", 0), b"strange", "User:root")
        if effect == "journal says rollback-started":
            lose(earth)

    earth.effects.watchers.append(write)
    with pytest.raises(StepFailed, match="records appeared behind the fence"):
        switch(earth.ports())
    earth.effects.watchers.remove(write)
    assert earth.north.down
    assert fence_of(fail_over(earth.new_process(), accepted=ANY)) == (FenceState.PENDING, False)


def test_a_failover_after_one_that_was_rolled_back_is_told_what_that_one_had_taken_over() -> None:
    earth = drained_then_lost()
    fail_before_opening(earth)
    assert [(run.kind, state) for run, state in earth.journal.runs()][-2:] == [
        ("switchover", RunState.SUPERSEDED),
        ("failover", RunState.ROLLED_BACK),
    ]
    both_open = watch_two_writers(earth)
    result = fail_over(earth.new_process(), accepted=AcceptedLoss(0))
    assert fence_of(result) == (FenceState.PROVEN, False)
    assert (result.evidence["measure-loss"]["total"], result.evidence["measure-loss"]["exact"]) == (0, True)
    assert both_open == []
    require_served_by_target(earth, {})


def test_so_is_one_that_is_continued_by_a_new_process_and_one_behind_two_that_were_rolled_back() -> None:
    earth = drained_then_lost()
    fail_before_opening(earth)
    fail_before_opening(earth)
    with killed_at(earth, "journal says step-intended fence-what-answers"):
        fail_over(earth.new_process(), accepted=AcceptedLoss(0))
    assert fence_of(go_on(earth.new_process())) == (FenceState.PROVEN, False)


def test_a_fence_that_a_failover_had_proven_itself_counts_when_the_source_has_fallen_silent() -> None:
    earth = synced(fake_world())
    earth.missing_brokers = {"north": [2, 3]}

    def die(effect: str) -> None:
        if effect == "journal says step-observed fence-what-answers" and not earth.north.down:
            lose(earth)

    earth.effects.watchers.append(die)
    fail_before_opening(earth)
    earth.effects.watchers.remove(die)
    assert fence_of(fail_over(earth.new_process(), accepted=ANY)) == (FenceState.PROVEN, False)


def opened_again(earth: FakeWorld) -> None:
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False
    world = earth.new_process()
    runner.run(unfence.plan(world, "north"), world, RecordingObserver())
    lose(earth, sighted=True)


def seen_longer(earth: FakeWorld) -> None:
    """Somebody has opened it by hand, and the service saw records come."""
    earth.north.down = False
    lifted, earth.north.denials = earth.north.denials, set()
    earth.settle(2)
    earth.sight()
    earth.north.denials = lifted
    lose(earth)


def journal_behind(earth: FakeWorld) -> None:
    earth.epochs.epoch += 1


@pytest.mark.parametrize("since", [opened_again, seen_longer, journal_behind])
def test_a_proof_is_no_more_once_the_site_may_have_been_opened_since(since: Callable[[FakeWorld], None]) -> None:
    earth = drained_then_lost()
    fail_before_opening(earth)
    assert proof_left(earth.new_process(), "north", "south").keys() == {"prove-fence", "drain-link"}
    since(earth)
    assert proof_left(earth.new_process(), "north", "south") == {}
    assert fence_of(fail_over(earth.new_process(), accepted=ANY)) == (FenceState.PENDING, False)
