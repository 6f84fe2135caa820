"""Sinks in a failover: one that can go on without delivering everything again is started, every other is named."""

from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import ANY, fail_over, lose, synced

SINK = "orders-to-lake"
CONFIG = {"connector.class": "JdbcSink", "topics": "turbines.readings,shop.orders"}


def _with_a_sink(*, placed: bool, group_sync: bool = True) -> FakeWorld:
    earth = fake_world(SINK)
    if group_sync:
        synced(earth)
    if placed:
        earth.workers["south"].put(SINK, CONFIG)
    lose(earth, sighted=True)
    return earth


def test_a_sink_that_is_placed_at_the_target_goes_on_there_and_skips_nothing() -> None:
    earth = _with_a_sink(placed=True)
    told = fail_over(earth.ports(), accepted=ANY).evidence["start-sinks"]
    assert told["not working"] == {}
    earth.come_to_rest()
    for partition, delivered in earth.database.items():
        assert set(earth.south.payloads(partition)) <= set(delivered), partition


def test_a_sink_that_was_never_placed_is_named() -> None:
    earth = _with_a_sink(placed=False)
    told = fail_over(earth.ports(), accepted=ANY).evidence["start-sinks"]
    assert told["not working"] == {SINK: "it was never placed at the target"}


def test_a_sink_whose_group_has_no_position_is_not_started_for_it_would_deliver_everything_again() -> None:
    earth = _with_a_sink(placed=True, group_sync=False)
    earth.workers["north"].worker_down = False  # it outlives its brokers, and tells the group
    told = fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True)).evidence["start-sinks"]
    assert "its group has no position" in told["not working"][SINK]
    assert earth.workers["south"].state(SINK).state is ConnectorState.STOPPED
