"""The sinks' groups are asked for by who needs them, at both sites at once, for a bounded time, and again later."""

from collections.abc import Mapping
from datetime import timedelta
from threading import Barrier, Event

import pytest

from drctl.monitors.readings import beside
from drctl.plans import sink_groups
from drctl.plans.sink_groups import AGAIN, ask_ahead, with_sink_groups
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world

SINK, GROUP = "orders-to-lake", "connect-orders-to-lake"


@pytest.fixture
def earth() -> FakeWorld:
    return fake_world(SINK)


def doubted(earth: FakeWorld) -> World:
    return with_sink_groups(earth.ports(), beside, doubted=True)


def test_nobody_is_asked_before_a_group_is_needed(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()
    for worker in earth.workers.values():
        monkeypatch.setattr(worker, "definition", asked.append)
    plan = earth.ports().plan
    assert (plan.own_groups, plan.sinks, asked) == (("billing", "dispatch"), (SINK,), [])
    assert plan.groups == ("billing", "dispatch")
    assert asked == [SINK, SINK]


def test_both_workers_are_asked_side_by_side(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answers only while the other is asked, too."""
    meeting = Barrier(2)
    for worker in earth.workers.values():
        answer = worker.definition

        def met(name: str, answer: object = answer) -> Mapping[str, str] | None:
            meeting.wait(10)
            return answer(name)  # type: ignore[operator, no-any-return]

        monkeypatch.setattr(worker, "definition", met)
    assert earth.ports().plan.group_of(SINK) == GROUP


def test_a_frozen_worker_is_waited_for_once_and_not_for_long(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_groups, "DOUBTED", 0.2)
    worker = earth.workers["north"]
    worker.frozen, worker.patience = Event(), 60.0
    plan = doubted(earth).plan
    assert plan.unknown_sinks[SINK].unknown == "north: no answer from its Connect worker within 0 s"
    worker.frozen.set()


def test_a_worker_that_answers_after_a_while_is_heard(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_groups, "DOUBTED", 0.2)
    monkeypatch.setattr(sink_groups, "MOMENT", 30.0)
    worker = earth.workers["north"]
    worker.frozen, worker.patience = Event(), 60.0
    world = doubted(earth)
    assert world.plan.group_of(SINK) is None
    worker.frozen.set()
    earth.clock.jump(timedelta(seconds=AGAIN))
    assert world.plan.group_of(SINK) == GROUP


def test_what_was_unknown_is_asked_for_again_and_what_was_told_is_not(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_groups, "MOMENT", 30.0)
    worker, world = earth.workers["north"], earth.ports()
    worker.worker_down = True
    assert world.plan.group_of(SINK) is None
    worker.worker_down = False
    assert world.plan.group_of(SINK) is None
    earth.clock.jump(timedelta(seconds=AGAIN))
    assert world.plan.group_of(SINK) == GROUP
    worker.worker_down = True
    earth.clock.jump(timedelta(seconds=AGAIN))
    assert world.plan.group_of(SINK) == GROUP


def test_who_asks_ahead_waits_for_nobody(earth: FakeWorld) -> None:
    worker = earth.workers["north"]
    worker.frozen, worker.patience = Event(), 60.0
    world = earth.ports()
    ask_ahead(world)
    worker.frozen.set()
    assert world.plan.group_of(SINK) == GROUP


def test_while_nobody_knows_who_serves_the_workers_have_to_agree(earth: FakeWorld) -> None:
    earth.routing.route_to(None)
    earth.workers["south"].put(SINK, {"connector.class": "JdbcSink", "consumer.override.group.id": "ledger"})
    assert "connect-orders-to-lake at north, ledger at south" in earth.ports().plan.unknown_sinks[SINK].unknown
