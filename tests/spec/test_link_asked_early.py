"""The link is asked to stop while consumers leave, once it has nothing left to write; and waited for in any case."""

from collections.abc import Callable
from dataclasses import replace
from typing import override

import pytest

from drctl.errors import RolledBack, Unreachable
from drctl.model.link import LinkStatus
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, Evidence, RunState
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.runner import Progress
from drctl.ports import World
from drctl.ports.permit import Permit, always
from tests.fakes import FakeReplication, FakeWorld, Killed, fake_world
from tests.spec.harness import (
    killed_at,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.test_position_gate import NEVER, compacted, order

ASK, WAIT, STOP = "ask-link-to-stop", "stop-link", "stop link to south"
ORDERS = TopicPartition("shop.orders", 0)


def rested() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def told(earth: FakeWorld, step: str) -> Evidence:
    """What the newest run's journal holds of that step in the end."""
    entries = earth.journal.entries(earth.journal.runs()[-1][0].id)
    return next(e.body for e in reversed(entries) if e.step == step and e.event is not Event.STEP_INTENDED)


def asked_before_handover(earth: FakeWorld) -> bool:
    """Whether the link was asked to stop before any position was committed at the target."""
    names = earth.effects.names
    return names.index(STOP) < next(number for number, name in enumerate(names) if name.startswith("commit "))


def require_moved(earth: FakeWorld) -> None:
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def at(effect: str, act: Callable[[], object], earth: FakeWorld) -> None:
    """Let that happen once, when that effect is there."""
    seen: list[str] = []

    def watch(name: str) -> None:
        seen.append(name)
        # Effects are told before they are made and behind it.
        if name == effect and seen.count(name) == 2:
            act()

    earth.effects.watchers.append(watch)


class Deaf(FakeReplication):
    """A link whose state is not told for ``silent`` seconds after it was asked to stop, as an operator that works."""

    silent = 12.0
    _until = 0.0

    @override
    def status(self) -> LinkStatus:
        if self.mirror.target.clock.monotonic() < self._until:
            raise Unreachable("its operator has not seen the newest generation")
        return super().status()

    @override
    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:
        super().stop(permit, copying_only=copying_only)
        self._until = self.mirror.target.clock.monotonic() + self.silent


class TellsNothing(FakeReplication):
    """A link whose worker does not tell what it does while everything is copied and nothing is handed over."""

    earth: FakeWorld

    @override
    def status(self) -> LinkStatus:
        names = self.earth.effects.names
        if "routing to None" in names and not any(name.startswith("commit ") for name in names):
            raise Unreachable("the worker's group rebalances")
        return super().status()


def with_link(earth: FakeWorld, replication: FakeReplication) -> World:
    world = earth.ports()
    forward = replace(world.links["north", "south"], replication=replication)
    return replace(world, links={**world.links, ("north", "south"): forward})


def test_a_link_with_nothing_left_to_write_is_asked_to_stop_before_positions_are_handed_over() -> None:
    earth = rested()
    assert switch(earth.ports()).state is RunState.DONE
    assert asked_before_handover(earth)
    assert earth.effects.names.count(STOP) == 1
    assert told(earth, ASK) == {"asked": True}
    assert told(earth, "drain-link")["unpaired"] == []
    require_moved(earth)


def test_a_link_that_has_stopped_meanwhile_is_not_waited_for() -> None:
    earth = rested()
    earth.consumers["billing"].stubborn = True
    mirror = earth.mirrors["north", "south"]

    def leave() -> None:
        if mirror.state.value == "STOPPED":
            earth.consumers["billing"].stubborn = False

    earth.clock.actors.append(leave)
    steps = {timing.name: timing for timing in switch(earth.ports()).timings}
    assert steps["drain-consumers"].seconds > 0
    assert steps[WAIT].found_done
    require_moved(earth)


def test_a_link_that_has_still_to_write_an_offset_sync_is_left_to_write_it() -> None:
    earth = compacted(held_back=NEVER)
    mirror = earth.mirrors["north", "south"]
    mirror.spacing = 10**6
    earth.producers[1].running = True
    earth.settle(1)

    def write_it() -> None:
        mirror.held_back = 3
        mirror.late = {p: (earth.clock.monotonic() + 3, sync) for p, (_, sync) in mirror.late.items()}

    at("routing to None", write_it, earth)
    assert switch(earth.ports()).state is RunState.DONE
    assert not asked_before_handover(earth)
    assert "behind the newest offset sync of shop.orders-0" in told(earth, ASK)["left to stop-link"]
    require_moved(earth)


def test_a_sync_that_a_stopped_link_would_keep_to_itself_is_missed_by_the_handover() -> None:
    """Why it is looked for: the same world, with the link stopped by somebody at the moment at which drctl would."""
    earth = compacted(held_back=2)
    earth.mirrors["north", "south"].spacing = 10**6
    order(earth)
    earth.mirrors["north", "south"].held_back = NEVER
    earth.producers[1].running = True
    earth.settle(1)
    at("routing to None", earth.mirrors["north", "south"].halt, earth)
    with pytest.raises(RolledBack, match="could not be proven"):
        switch(earth.ports())


def test_a_sync_that_arrives_right_behind_the_last_copy_is_seen() -> None:
    earth = compacted(held_back=NEVER)
    mirror = earth.mirrors["north", "south"]
    mirror.spacing = 10**6
    earth.producers[1].running = True
    earth.settle(1)
    world = earth.ports()
    plan = switchover.plan(world, "north", "south", observe=observe)

    def announced(progress: Progress) -> None:
        if progress.step == ASK and mirror.late:
            for partition, (_, sync) in sorted(mirror.late.items()):
                mirror._note(partition, sync)
            mirror.late.clear()

    assert runner.run(plan, world, announced).state is RunState.DONE
    assert told(earth, "drain-link")["unpaired"]
    assert asked_before_handover(earth)
    require_moved(earth)


def test_a_link_that_is_not_exactly_once_is_asked_to_stop_behind_the_handover() -> None:
    earth = rested()
    earth.mirrors["north", "south"].config["exactly.once.support"] = "disabled"
    assert switch(earth.ports()).state is RunState.DONE
    assert not asked_before_handover(earth)
    assert told(earth, ASK)["left to stop-link"] == "source-connector is not exactly-once"
    require_moved(earth)


def test_a_worker_that_does_not_tell_is_asked_behind_the_handover() -> None:
    earth = rested()
    replication = TellsNothing(earth.mirrors["north", "south"], earth.effects)
    replication.earth = earth
    assert switch(with_link(earth, replication)).state is RunState.DONE
    assert not asked_before_handover(earth)
    assert "rebalances" in told(earth, ASK)["left to stop-link"]
    require_moved(earth)


def test_an_operator_that_takes_longer_than_a_question_is_asked_again_is_waited_for() -> None:
    earth = rested()
    assert switch(with_link(earth, Deaf(earth.mirrors["north", "south"], earth.effects))).state is RunState.DONE
    assert asked_before_handover(earth)
    require_moved(earth)


def test_a_link_that_takes_long_to_stop_is_asked_again_and_the_target_stays_closed_until_it_has() -> None:
    earth = rested()
    mirror = earth.mirrors["north", "south"]
    mirror.slow_to_stop = 80  # ticks of a tenth of a second
    running_at_opening: list[bool] = []
    at("lift at south", lambda: running_at_opening.append(bool(mirror._stopping)), earth)
    assert switch(earth.ports()).state is RunState.DONE
    assert earth.effects.names.count(STOP) == 2
    assert running_at_opening == [False]
    require_moved(earth)


def test_a_link_that_somebody_starts_again_meanwhile_is_stopped_before_the_target_is_opened() -> None:
    earth = rested()
    mirror = earth.mirrors["north", "south"]
    first = next(f"commit {group} at south" for group in earth.consumers)
    at(first, mirror.start, earth)
    assert switch(earth.ports()).state is RunState.DONE
    assert earth.effects.names.count(STOP) == 2
    require_moved(earth)


@pytest.mark.parametrize("slow", [2, 350], ids=["stopped by then", "still told as running"])
def test_a_rollback_lets_a_link_run_on_that_was_only_asked_to_stop(slow: int) -> None:
    earth = rested()
    earth.consumers["billing"].stubborn = True
    mirror = earth.mirrors["north", "south"]
    mirror.slow_to_stop = slow  # ticks of a tenth of a second; the group is waited for 300 of them
    # Somebody has started what stop-checkpoints stopped, so that nothing but the request tells that it will stop.
    at(STOP, mirror.idle.clear, earth)
    with pytest.raises(RolledBack) as caught:
        switch(earth.ports())
    earth.settle(10)
    require_rolled_back(earth, caught.value)
    require_nothing_lost_or_repeated(earth, "north")


def test_a_record_behind_the_fence_once_the_link_was_asked_rolls_back_and_is_copied_after_all() -> None:
    earth = rested()

    def write() -> None:
        # As a super user would, whom no deny rule binds.
        earth.north.denials.clear()
        earth.producers[1].acknowledged[ORDERS].append(b"late")
        earth.north.write(ORDERS, b"late", "User:shop")

    at(STOP, write, earth)
    with pytest.raises(RolledBack, match=r"no longer stands|behind the fence"):
        switch(earth.ports())
    earth.settle()
    assert earth.mirrors["north", "south"].stored[ORDERS] == len(earth.north.logs[ORDERS].entries) - 1
    require_nothing_lost_or_repeated(earth, "north")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_process_that_dies_around_the_request_is_gone_on_from(before: bool) -> None:
    earth = rested()
    both_open = watch_for_two_open_sites(earth)
    if before:
        with killed_at(earth, STOP):
            switch(earth.ports())
    else:

        def die() -> None:
            raise Killed

        at(STOP, die, earth)
        with pytest.raises(Killed):
            switch(earth.ports())
        earth.effects.watchers.pop()
    assert switch(earth.new_process()).state is RunState.DONE
    assert both_open == []
    assert asked_before_handover(earth)
    require_moved(earth)


def test_a_process_that_goes_on_with_a_link_that_stands_waits_for_no_sync_of_it() -> None:
    earth = rested()
    with killed_at(earth, "commit billing at south"):
        switch(earth.ports())
    earth.settle(1)
    assert earth.mirrors["north", "south"].state.value == "STOPPED"
    assert switch(earth.new_process()).state is RunState.DONE
    assert earth.effects.names.count(STOP) == 1
    require_moved(earth)


def test_under_the_default_policy_the_link_is_never_asked() -> None:
    earth = fake_world(prefixed=True)
    assert switch(earth.ports()).state is RunState.DONE
    assert STOP not in earth.effects.names
