"""The contract of Connectors, for the fake and the real thing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drctl.errors import Conflict, NotFound
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed
from tests.contract.sink import FakeSinkHarness, RealSinkHarness, SinkHarness
from tests.contract.waiting import until


@pytest.fixture(params=["fake", "real"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SinkHarness]:
    if request.param == "fake":
        yield FakeSinkHarness()
        return
    real = RealSinkHarness(request.getfixturevalue("lab"), request.getfixturevalue("real_sites")["north"], tmp_path)
    yield real
    real.close()


def run(sink: SinkHarness) -> None:
    sink.connectors.put(sink.name, sink.config)
    sink.connectors.resume(sink.name)


def test_what_does_not_exist_is_absent_and_stopped_and_not_resumed(sink: SinkHarness) -> None:
    assert sink.connectors.state(sink.name).state is ConnectorState.ABSENT
    assert sink.connectors.definition(sink.name) is None
    sink.connectors.stop(sink.name)
    for ask in (sink.connectors.resume, sink.connectors.pause):
        with pytest.raises(NotFound):
            ask(sink.name)


def test_every_connector_is_named(sink: SinkHarness) -> None:
    assert sink.name not in sink.connectors.names()
    sink.connectors.put(sink.name, sink.config)
    assert sink.name in sink.connectors.names()


def test_a_new_one_is_stopped_and_touches_nothing(sink: SinkHarness) -> None:
    sink.write(b"a")
    for _ in range(2):
        sink.connectors.put(sink.name, sink.config)
    seen = sink.connectors.state(sink.name)
    assert seen.state is ConnectorState.STOPPED
    assert seen.halted
    assert sink.delivered() == []
    assert sink.positions.committed([f"connect-{sink.name}"])[f"connect-{sink.name}"] == {}


def test_its_definition_is_what_was_put(sink: SinkHarness) -> None:
    secret = {**sink.config, "some.password": "hunter2"}
    sink.connectors.put(sink.name, secret)
    assert sink.connectors.definition(sink.name) == secret
    assert "hunter2" not in repr(sink.connectors.state(sink.name))
    sink.connectors.put(sink.name, sink.config)
    assert sink.connectors.definition(sink.name) == sink.config


def test_a_new_configuration_does_not_start_or_stop_it(sink: SinkHarness) -> None:
    run(sink)
    until(sink.clock, "it works", lambda: sink.connectors.state(sink.name).working)
    sink.connectors.put(sink.name, {**sink.config, "errors.tolerance": "all"})
    until(sink.clock, "it works again", lambda: sink.connectors.state(sink.name).working)
    sink.connectors.stop(sink.name)
    sink.connectors.put(sink.name, sink.config)
    sink.write(b"a")
    sink.clock.sleep(2)
    # A worker that takes in a configuration shows the connector as UNASSIGNED for a moment.
    until(sink.clock, "it is stopped as before", lambda: sink.connectors.state(sink.name).halted)
    assert sink.delivered() == []


def test_a_configuration_that_is_none_is_declined_without_telling_secrets(sink: SinkHarness) -> None:
    with pytest.raises(Conflict) as told:
        sink.connectors.put(sink.name, {"topics": "t", "some.password": "hunter2", "tasks.max": "hunter2"})
    assert "hunter2" not in str(told.value)
    assert sink.connectors.definition(sink.name) is None


def test_stopped_for_certain_its_group_takes_positions_and_it_goes_on_from_these(sink: SinkHarness) -> None:
    group = f"connect-{sink.name}"
    sink.write(b"a", b"b", b"c")
    run(sink)
    until(sink.clock, "all is delivered", lambda: sink.delivered() == [b"a", b"b", b"c"])
    until(sink.clock, "the group has members", lambda: bool(sink.positions.describe([group])[group].members))
    with pytest.raises(Conflict):
        sink.positions.commit(group, {sink.partition: Committed(2)})
    for _ in range(2):
        sink.connectors.stop(sink.name)
        assert sink.connectors.state(sink.name).halted
    until(sink.clock, "the group is empty", lambda: not sink.positions.describe([group])[group].members)
    assert sink.positions.committed([group])[group][sink.partition].offset == 3
    sink.write(b"d")
    sink.positions.commit(group, {sink.partition: Committed(2)})
    for _ in range(2):
        sink.connectors.resume(sink.name)
    until(sink.clock, "it went on from there", lambda: sink.delivered() == [b"a", b"b", b"c", b"c", b"d"])


def test_paused_after_it_was_stopped_it_delivers_nothing_until_it_is_resumed(sink: SinkHarness) -> None:
    sink.write(b"a")
    run(sink)
    until(sink.clock, "the first is delivered", lambda: sink.delivered() == [b"a"])
    sink.connectors.stop(sink.name)
    for _ in range(2):
        sink.connectors.pause(sink.name)
    until(sink.clock, "it is paused", lambda: sink.connectors.state(sink.name).state is ConnectorState.PAUSED)
    sink.write(b"b")
    sink.clock.sleep(2)
    assert sink.delivered() == [b"a"]
    sink.connectors.resume(sink.name)
    until(sink.clock, "it went on", lambda: sink.delivered() == [b"a", b"b"])


def test_one_that_fails_says_why(sink: SinkHarness) -> None:
    sink.fail()
    run(sink)
    until(sink.clock, "it has failed", lambda: bool(sink.connectors.state(sink.name).reason))
    seen = sink.connectors.state(sink.name)
    assert not seen.working
    assert "Exception" in seen.reason
    sink.connectors.stop(sink.name)
    assert sink.connectors.state(sink.name).halted
