"""A link that is asked to stop before Connect has begun to run it counts as stopped only once nothing can start it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from drctl.drivers.strimzi.operator import PATIENCE
from drctl.drivers.strimzi.stopping import TURNED, next_state
from drctl.errors import DeadlinePassed, Locked, Unreachable
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from tests.unit.drivers.strimzi import SOURCE, StrimziSite
from tests.unit.drivers.strimzi_connect import SOURCE as CONNECTOR
from tests.unit.drivers.test_strimzi_waking import LONG, STAGES, Harness, seconds_until

SLOW = 1.5
"""Seconds that Connect takes for what it is asked."""


@pytest.fixture(params=STAGES)
def site(request: pytest.FixtureRequest) -> Harness:
    return STAGES[request.param]()


def source(site: Harness) -> dict[str, Any]:
    """The connector that copies, as Connect has it."""
    return site.connect.connectors[quote(SOURCE if isinstance(site, StrimziSite) else CONNECTOR, safe="")]


def own_state(site: Harness) -> str:
    """What the resource asks of the connector that copies."""
    spec = site.stored()["spec"]
    part = spec["mirrors"][1]["sourceConnector"] if isinstance(site, StrimziSite) else spec
    return str(part["state"])


def stopped(site: Harness) -> None:
    """The link is stopped for sure, and Connect slow from now on."""
    site.replication.stop()
    site.clock.sleep(1)
    assert site.replication.status().halted
    site.naps(takes=SLOW)


def require_it_stays_so(site: Harness) -> None:
    """Whatever the operator and Connect still do: nothing is copied from now on."""
    for _ in range(int(2 * LONG)):
        site.clock.sleep(1)
        site.connect._settle()
        assert source(site)["state"] == "STOPPED"


@pytest.mark.parametrize("between", [0.0, 0.2, 1.0, SLOW, 2 * SLOW])
def test_one_that_was_to_run_and_then_to_stop_is_stopped_for_good_once_it_is_told_so(
    site: Harness, between: float
) -> None:
    stopped(site)
    site.replication.resume()
    site.clock.sleep(between)
    site.replication.stop()
    assert seconds_until(site, lambda: site.replication.status().halted) < LONG / 2
    assert source(site)["state"] == "STOPPED"
    assert own_state(site) == "stopped"
    require_it_stays_so(site)


def test_whoever_looks_meanwhile_is_never_told_that_it_has_stopped(site: Harness) -> None:
    stopped(site)
    site.replication.resume()
    site.clock.sleep(0.3)
    told: list[ConnectorState] = []

    def look() -> None:
        try:
            status = site.replication.status()
        except Unreachable:
            return
        if status.source.halted:
            told.append(ConnectorState(source(site)["state"]))
            assert site.connect.coming == []

    site.clock.actors.append(look)
    site.replication.stop()
    seconds_until(site, lambda: site.replication.status().halted)
    assert set(told) <= {ConnectorState.STOPPED}


@pytest.mark.parametrize("between", [0.2, 1.0, SLOW, 2.0, 2.5, 2 * SLOW])
@pytest.mark.parametrize("later", [0.0, 0.2, 1.0, SLOW, 2 * SLOW])
def test_turned_around_twice_before_connect_has_followed_it_stops_for_good(
    site: Harness, between: float, later: float
) -> None:
    """As a rollback does that starts what the run has asked to stop, and a failover that takes it over."""
    site.naps(takes=SLOW)
    site.replication.stop()
    site.clock.sleep(between)
    site.replication.resume()
    site.clock.sleep(later)
    site.replication.stop()
    seconds_until(site, lambda: site.replication.status().halted)
    assert TURNED not in (site.stored()["metadata"].get("annotations") or {})
    require_it_stays_so(site)


def test_another_process_knows_that_it_has_turned() -> None:
    site = StrimziSite()
    site.naps(takes=SLOW)
    site.replication.stop()
    site.clock.sleep(0.2)
    site.as_another_process().resume()
    assert TURNED in site.stored()["metadata"]["annotations"]
    site.clock.sleep(0.2)
    last = site.as_another_process()
    last.stop()
    seconds_until(site, lambda: last.status().halted)
    require_it_stays_so(site)


def test_who_dies_while_it_waits_for_the_pause_leaves_that_to_the_next_process() -> None:
    site = StrimziSite()
    stopped(site)
    site.replication.resume()
    site.clock.sleep(0.2)
    asked = iter(range(10))

    def permit() -> None:
        if next(asked) == 2:
            raise Locked("the lease was lost")

    with pytest.raises(Locked):
        site.replication.stop(permit)
    assert own_state(site) == "paused"
    assert not site.as_another_process().status().halted
    last = site.as_another_process()
    last.stop()
    seconds_until(site, lambda: last.status().halted)
    require_it_stays_so(site)


def test_one_that_runs_for_sure_is_asked_to_stop_at_once(site: Harness) -> None:
    site.naps(takes=SLOW)
    began = site.clock.monotonic()
    site.replication.stop()
    assert site.clock.monotonic() == began
    assert own_state(site) == "stopped"


def test_an_operator_that_never_tells_of_the_pause_is_named_and_nothing_runs(site: Harness) -> None:
    stopped(site)
    site.replication.resume()
    site.clock.sleep(0.2)
    site.operator.stalled = True
    began = site.clock.monotonic()
    with pytest.raises(DeadlinePassed, match="paused"):
        site.replication.stop()
    assert site.clock.monotonic() - began >= PATIENCE
    assert own_state(site) == "paused"


def test_one_that_failed_before_it_had_begun_is_stopped_though_it_cannot_be_paused(site: Harness) -> None:
    stopped(site)
    site.replication.resume()
    name = quote(SOURCE if isinstance(site, StrimziSite) else CONNECTOR, safe="")
    site.clock.sleep(0.3)
    site.connect.failed[name] = "ConnectException: no"
    site.replication.stop()
    seconds_until(site, lambda: site.replication.status().halted)
    require_it_stays_so(site)


def test_offsets_can_be_set_behind_it(site: Harness) -> None:
    """Connect takes them only from what it was asked to stop, whatever it tells."""
    stopped(site)
    site.replication.resume()
    site.clock.sleep(0.3)
    site.replication.stop()
    seconds_until(site, lambda: site.replication.status().halted)
    orders = TopicPartition("orders", 0)
    site.replication.restart_from({orders: 100})
    assert site.replication.frontier() == {orders: 100}


TABLE: tuple[tuple[Mapping[str, object], ConnectorState | None, bool, str], ...] = (
    ({"state": "stopped"}, None, True, "stopped"),
    ({}, ConnectorState.RUNNING, False, "stopped"),
    ({"state": "running"}, ConnectorState.FAILED, False, "stopped"),
    ({"state": "running"}, ConnectorState.STOPPED, False, "paused"),
    ({"state": "running"}, ConnectorState.UNASSIGNED, False, "paused"),
    ({"state": "running"}, None, False, "paused"),
    ({"state": "running"}, ConnectorState.RUNNING, True, "paused"),
    ({"state": "paused"}, ConnectorState.PAUSED, True, "stopped"),
    ({"pause": True}, ConnectorState.FAILED, False, "stopped"),
    ({"state": "paused"}, ConnectorState.RUNNING, False, "paused"),
    ({"state": "paused"}, ConnectorState.STOPPED, False, "paused"),
    ({"state": "paused"}, None, False, "paused"),
)


@pytest.mark.parametrize(("spec", "told", "turned", "asked"), TABLE)
def test_what_is_asked_for_on_the_way_to_stopped(
    spec: Mapping[str, object], told: ConnectorState | None, turned: bool, asked: str
) -> None:
    assert next_state(spec, told, turned=turned) == asked
