"""What fails before the point of no return leaves the source open; what fails after it goes on forward."""

from collections.abc import Callable

import pytest

from drctl.errors import DrctlError, RolledBack, StepFailed, Unreachable
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence, RunState
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.plan import Plan, Step, StepContext
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import (
    RecordingObserver,
    make_up,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)

STEPS = [step.name for step in switchover.ordered("north", "south", observe=observe).steps]
POINT_OF_NO_RETURN = STEPS.index("unfence-target")
READINGS = TopicPartition("turbines.readings", 0)


class Broken(Step):
    """A step that fails when it is to prove itself, after it has acted."""

    lasting = False

    def __init__(self, step: Step) -> None:
        self.step, self.at, self.inspect = step, step.at, step.inspect
        self.name, self.title = step.name, step.title

    def check(self, ctx: StepContext) -> bool:
        return False

    def snapshot(self, ctx: StepContext) -> Evidence:
        return self.step.snapshot(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        return self.step.do(ctx)

    def verify(self, ctx: StepContext) -> Evidence:
        raise StepFailed("it was broken on purpose")


def switch_with_a_broken(name: str, earth: FakeWorld) -> None:
    world = earth.ports()
    whole = switchover.plan(world, "north", "south", observe=observe)
    steps = tuple(Broken(step) if step.name == name else step for step in whole.steps)
    plan = Plan(whole.kind, whole.source, whole.target, steps, whole.point_of_no_return, whole.rollback)
    runner.run(plan, world, RecordingObserver())


@pytest.mark.parametrize("name", STEPS[:POINT_OF_NO_RETURN])
def test_a_step_that_fails_before_the_point_of_no_return_leaves_the_source_open(name: str) -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    with pytest.raises(RolledBack, match=f"failed at {name}: it was broken on purpose") as caught:
        switch_with_a_broken(name, earth)
    assert both_open == []
    require_rolled_back(earth, caught.value)
    require_nothing_lost_or_repeated(earth, "north")


@pytest.mark.parametrize("name", STEPS[POINT_OF_NO_RETURN:])
def test_a_step_that_fails_later_says_how_to_go_on_and_the_same_command_does(name: str) -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    with pytest.raises(StepFailed, match=f"stopped at {name}") as caught:
        switch_with_a_broken(name, earth)
    assert not isinstance(caught.value, RolledBack)
    assert "run the same command again" in caught.value.remedy
    assert switch(earth.new_process()).state is RunState.DONE
    assert both_open == []
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_after_a_rollback_the_next_switchover_succeeds() -> None:
    earth = fake_world()
    with pytest.raises(RolledBack):
        switch_with_a_broken("record-handover-point", earth)
    earth.settle()
    result = switch(earth.new_process())
    assert (result.state, result.run.epoch) == (RunState.DONE, 2)
    require_nothing_lost_or_repeated(earth, "south")


def _super_user_writes(earth: FakeWorld) -> None:
    earth.north.super_users.add("User:turbines")


def _canary_is_a_super_user(earth: FakeWorld) -> None:
    earth.north.super_users.add("User:canary")


def _link_copies_nothing(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].holds = True


def _group_never_leaves(earth: FakeWorld) -> None:
    earth.consumers["billing"].stubborn = True


def _group_is_at_the_target(earth: FakeWorld) -> None:
    earth.south.group("billing").members = earth.north.group("billing").members


def _everyone_may_write(earth: FakeWorld) -> None:
    earth.north.everyone = True


def _position_is_beyond_the_log(earth: FakeWorld) -> None:
    earth.consumers["billing"].topics = ()
    earth.north.group("billing").committed[READINGS] = Committed(10_000)


@pytest.mark.parametrize(
    ("harm", "names"),
    [
        (_super_user_writes, "records appeared behind the fence: turbines.readings-0 by"),
        (_canary_is_a_super_user, "the canary was not refused"),
        (_link_copies_nothing, "waiting until the link has copied everything: .*turbines.readings-0"),
        (_group_never_leaves, "group billing is Stable with billing at /127.0.0.1"),
        (_group_is_at_the_target, "group billing has members"),
        (_everyone_may_write, "User:\\* is allowed to write"),
        (
            _position_is_beyond_the_log,
            "prove-ahead: .*billing: .* beyond .*: turbines.readings-0 at 10000",
        ),
    ],
)
def test_harm_before_the_point_of_no_return_is_named_and_rolled_back(
    harm: Callable[[FakeWorld], None], names: str
) -> None:
    earth = fake_world()
    harm(earth)
    with pytest.raises(DrctlError) as caught:
        _switch_past_the_gates(earth)
    assert isinstance(caught.value, RolledBack)
    assert caught.value.remedy or harm is _group_is_at_the_target
    _require_match(names, str(caught.value))
    require_rolled_back(earth, caught.value)


def _switch_past_the_gates(earth: FakeWorld) -> None:
    """Some harm is seen by a gate already; here it comes right after the gates."""
    world = earth.ports()
    whole = switchover.plan(world, "north", "south", observe=observe)
    plan = Plan(whole.kind, whole.source, whole.target, whole.steps[1:], whole.point_of_no_return, whole.rollback)
    runner.run(plan, world, RecordingObserver())


def _require_match(pattern: str, text: str) -> None:
    with pytest.raises(ValueError, match=pattern):
        raise ValueError(text)


def test_a_super_user_who_writes_after_the_proof_disproves_it() -> None:
    earth = fake_world()

    def write(effect: str) -> None:
        if effect == "journal says step-observed prove-fence" and READINGS not in strange:
            strange[READINGS] = earth.north.write(READINGS, b"strange", "User:root")

    strange: dict[TopicPartition, int] = {}
    earth.north.super_users.add("User:root")
    earth.effects.watchers.append(write)
    with pytest.raises(RolledBack, match=r"behind the fence: turbines\.readings-0 by 1") as caught:
        switch(earth.ports())
    require_rolled_back(earth, caught.value)


def test_a_fence_that_somebody_lifts_is_noticed_before_the_next_step() -> None:
    earth = fake_world()

    def lift(effect: str) -> None:
        if effect.startswith("commit"):
            earth.north.denials.clear()

    earth.effects.watchers.append(lift)
    with pytest.raises(RolledBack, match="what fence-writes had brought about no longer stands"):
        switch(earth.ports())


def test_a_transaction_that_hangs_is_waited_for_and_not_committed() -> None:
    earth = fake_world()
    transaction = earth.north.begin("User:shop", timeout=12)
    transaction.write(TopicPartition("shop.orders", 0), b"never to be seen")
    began = earth.clock.monotonic()
    switch(earth.ports())
    assert earth.clock.monotonic() - began >= 12
    assert b"never to be seen" not in earth.south.payloads(TopicPartition("shop.orders", 0))
    require_nothing_lost_or_repeated(earth, "south")


def test_a_transaction_that_outlives_the_deadline_is_named_and_rolled_back() -> None:
    earth = fake_world()
    earth.north.begin("User:shop", timeout=900).write(TopicPartition("shop.orders", 0), b"open")
    with pytest.raises(RolledBack, match=r"open at the source: shop\.orders-0") as caught:
        switch(earth.ports())
    assert "transaction.timeout.ms" in caught.value.remedy
    require_rolled_back(earth, caught.value)


def test_an_aborted_marker_behind_the_fence_is_no_write() -> None:
    earth = fake_world()
    transaction = earth.north.begin("User:shop", timeout=900)
    transaction.write(READINGS, b"open")
    transaction.abort()
    earth.north.logs[READINGS].entries[-1].payload = None
    switch(earth.ports())
    require_nothing_lost_or_repeated(earth, "south")


def test_what_the_target_held_before_is_restored() -> None:
    earth = fake_world()
    earth.south.group("billing").committed[READINGS] = Committed(3, "older")
    with pytest.raises(RolledBack):
        switch_with_a_broken("stop-link", earth)
    assert earth.south.group("billing").committed[READINGS] == Committed(3, "older")


def test_a_rollback_that_is_blocked_is_walked_to_its_end_by_the_same_command() -> None:
    earth = fake_world()
    mirror = earth.mirrors["north", "south"]

    def worker_dies(effect: str) -> None:
        mirror.worker_down |= effect.startswith("stop link")

    earth.effects.watchers.append(worker_dies)
    with pytest.raises(StepFailed, match="on the rollback not everything succeeded: resume-link") as failed:
        switch(earth.ports())
    assert not isinstance(failed.value, RolledBack)
    assert earth.writable() == {"north"}
    assert earth.routing.site() == "north"
    earth.effects.watchers.clear()
    mirror.worker_down = False
    with pytest.raises(RolledBack) as caught:
        switch(earth.new_process())
    require_rolled_back(earth, caught.value)


def test_replication_is_not_reversed_while_the_source_can_write() -> None:
    earth = fake_world()

    def lift(effect: str) -> None:
        if effect == "routing to south":
            earth.north.denials.clear()
            earth.north.write(READINGS, b"into the old source", "User:turbines")

    earth.effects.watchers.append(lift)
    (told,) = switch(earth.ports()).exceptions
    assert "what fence-writes had brought about no longer stands" in told
    earth.effects.watchers.clear()
    with pytest.raises(StepFailed, match=r"behind the fence: .*turbines\.readings-0 by \d+"):
        make_up(earth.new_process())
    assert earth.writable() == {"south"}
    assert earth.mirrors["south", "north"].state is ConnectorState.ABSENT


def test_no_link_turns_around_while_the_other_direction_runs() -> None:
    earth = fake_world()

    def start_again(effect: str) -> None:
        if effect == "routing to south":
            earth.mirrors["north", "south"].start()

    earth.effects.watchers.append(start_again)
    (told,) = switch(earth.ports()).exceptions
    assert "stop-link" in told
    assert earth.mirrors["south", "north"].state is ConnectorState.ABSENT


def test_a_target_that_was_open_all_along_does_not_keep_the_rollback_open() -> None:
    earth = fake_world()
    earth.south.denials.clear()
    with pytest.raises(StepFailed, match="stopped at reverse-replication") as caught:
        switch_with_a_broken("reverse-replication", earth)
    assert not isinstance(caught.value, RolledBack)
    assert earth.writable() == {"south"}
    assert switch(earth.new_process()).state is RunState.DONE
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_a_source_that_dies_is_an_unfinished_run_and_no_rollback() -> None:
    earth = fake_world()

    def die(effect: str) -> None:
        earth.north.down |= effect == "routing to None"

    earth.effects.watchers.append(die)
    with pytest.raises(StepFailed, match="unfence-source") as caught:
        switch(earth.ports())
    assert not isinstance(caught.value, RolledBack)
    assert isinstance(caught.value.__cause__, Unreachable)
    assert earth.journal.runs()[-1][1] is RunState.RUNNING
