"""An operator that looked before Connect had done what was asked is woken, not waited for until its next round."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from drctl.drivers.strimzi.operator import PATIENCE, WOKEN
from drctl.drivers.strimzi.schedule import FIRST, MOST
from drctl.errors import DeadlinePassed, Forbidden, Locked, Unreachable
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from tests.unit.drivers.strimzi import SOURCE, StrimziSite
from tests.unit.drivers.strimzi_connect import SOURCE as CONNECTOR
from tests.unit.drivers.strimzi_connect import ConnectSite

type Harness = StrimziSite | ConnectSite

STAGES: dict[str, Callable[[], Harness]] = {
    "v1": lambda: StrimziSite("v1"),
    "v1beta2": lambda: StrimziSite("v1beta2"),
    "connectors": ConnectSite,
}
LONG = 100.0
"""Seconds of looking, in which the operator has no round of its own."""


@pytest.fixture(params=STAGES)
def site(request: pytest.FixtureRequest) -> Harness:
    return STAGES[request.param]()


def seconds_until(site: Harness, seen: Callable[[], bool]) -> float:
    """How long a step looks, every fifth of a second, past an operator that has not acted yet."""
    began = site.clock.monotonic()
    while not _once_told(seen):
        assert site.clock.monotonic() - began < LONG, "it was never seen"
        site.clock.sleep(0.2)
    return site.clock.monotonic() - began


def _once_told(seen: Callable[[], bool]) -> bool:
    try:
        return seen()
    except Unreachable:
        return False


def writes(site: Harness) -> int:
    """How often a resource was written, by anybody."""
    return len(site.api.log)


def test_a_link_that_stops_after_the_operator_has_looked_is_seen_long_before_its_next_round(site: Harness) -> None:
    site.naps(takes=1.5)
    site.replication.stop()
    waited = seconds_until(site, lambda: site.replication.status().halted)
    assert FIRST <= waited < 2 * FIRST
    assert site.replication.status().woken >= 1


def test_a_link_that_starts_after_the_operator_has_looked_is_seen_as_well(site: Harness) -> None:
    site.replication.stop()
    site.naps(takes=1.5)
    site.replication.resume()
    assert seconds_until(site, lambda: site.replication.status().working) < 2 * FIRST


def test_only_the_checkpoints_that_were_to_stop_are_waited_for(site: Harness) -> None:
    site.naps(takes=1.5)
    site.replication.stop_checkpoints()
    waited = seconds_until(site, lambda: site.replication.status().checkpoint.halted)
    assert waited < 2 * FIRST
    before = writes(site)
    for _ in range(int(LONG)):
        assert site.replication.status().source.working
        site.clock.sleep(1)
    assert writes(site) == before


def test_an_operator_that_looks_in_time_is_not_woken(site: Harness) -> None:
    site.naps(takes=0.0)
    site.replication.stop()
    seconds_until(site, lambda: site.replication.status().halted)
    site.clock.sleep(LONG)
    assert site.replication.status().woken == 0
    assert WOKEN not in (site.stored()["metadata"].get("annotations") or {})


def test_an_operator_that_is_away_is_woken_a_few_times_and_no_more(site: Harness) -> None:
    site.naps(takes=0.0).away = True
    site.replication.stop()
    before = writes(site)
    with pytest.raises(AssertionError, match="never seen"):
        seconds_until(site, lambda: site.replication.status().halted)
    resources = 3 if isinstance(site, ConnectSite) else 1
    assert before < writes(site) <= before + MOST * resources


def test_who_only_looks_wakes_nobody() -> None:
    """Another process stopped the link: the status page is no reason to write."""
    site = StrimziSite()
    site.naps(takes=1.5)
    site.replication.stop()
    other = site.as_another_process()
    before = writes(site)
    site.clock.sleep(0.5)
    for _ in range(int(LONG)):
        other.status()
        site.clock.sleep(1)
    assert writes(site) - before <= 2
    assert WOKEN not in site.stored()["metadata"].get("annotations", {})


def test_a_process_that_goes_on_with_a_stop_of_another_one_wakes_the_operator() -> None:
    """What is to be written stands there already; that the operator has looked too early does, too."""
    site = StrimziSite()
    site.naps(takes=1.5)
    site.replication.stop()
    site.clock.sleep(10)
    next_one = site.as_another_process()
    assert not next_one.status().halted
    generation = site.stored()["metadata"]["generation"]
    next_one.stop()
    assert seconds_until(site, lambda: next_one.status().halted) < 2 * FIRST
    assert site.stored()["metadata"]["generation"] == generation


def test_asked_again_for_the_same_it_goes_on_counting(site: Harness) -> None:
    """A step that asks twice, each five seconds long, wakes the operator as if it had asked once."""
    site.naps(takes=4.0)
    site.replication.stop()
    for _ in range(10):
        site.replication.stop()
        site.clock.sleep(0.5)
        if _once_told(lambda: site.replication.status().halted):
            break
    assert site.replication.status().woken >= 1
    site.replication.resume()
    site.clock.sleep(0.2)
    assert site.replication.status().woken == 0


def test_who_may_not_act_any_more_wakes_nobody_and_still_reads(site: Harness) -> None:
    site.naps(takes=1.5)
    lost: list[int] = []

    def permit() -> None:
        if lost:
            raise Locked("the lease was lost")

    site.replication.stop(permit)
    site.clock.sleep(1)
    lost.append(1)
    before = writes(site)
    for _ in range(int(LONG)):
        assert site.replication.status().source.state is ConnectorState.RUNNING
        site.clock.sleep(1)
    assert writes(site) == before
    assert site.replication.status().woken == 0


def test_a_wake_that_is_refused_fails_no_reading_and_is_not_counted(site: Harness) -> None:
    site.naps(takes=1.5)
    site.replication.stop()
    site.clock.sleep(1)
    site.api.forbidden.add(("patch", site.kind.plural))
    before = len([each for each in site.api.asked if each[0] == "patch"])
    for _ in range(int(LONG)):
        status = site.replication.status()
        site.clock.sleep(1)
    assert status.woken == 0
    tried = len([each for each in site.api.asked if each[0] == "patch"]) - before
    assert 0 < tried <= 3 * MOST
    with pytest.raises(Forbidden, match="patch"):
        site.replication.resume()


def test_a_paused_resource_wakes_nobody(site: Harness) -> None:
    site.naps(takes=1.5)
    site.replication.stop()
    paused = {"metadata": {"annotations": {"strimzi.io/pause-reconciliation": "true"}}}
    for name in [each for plural, _, each in site.api.objects if plural == site.kind.plural]:
        site.resources.patch(site.kind, name, paused)
    before = writes(site)
    for _ in range(20):
        with pytest.raises(Exception, match="paused"):
            site.replication.status()
        site.clock.sleep(1)
    assert all(WOKEN not in str(change.item) for _, _, change in site.api.log[before:])


def test_a_restart_that_the_operator_did_not_see_take_effect_is_looked_at_again(site: Harness) -> None:
    name = quote(SOURCE if isinstance(site, StrimziSite) else CONNECTOR, safe="")
    site.connect.failing[name] = "ConnectException: no"
    site.operator.reconcile()
    site.naps(takes=0.0)
    restarted: list[str] = []

    def mended() -> None:
        site.connect.failing.pop(name, None)

    def later(key: str, *_: object) -> None:
        restarted.append(key)
        site.clock.actors.append(mended)

    site.connect._post_tasks = later  # type: ignore[method-assign, assignment]
    site.replication.restart_failed()
    assert site.replication.status().failed
    assert seconds_until(site, lambda: site.replication.status().working) < 2 * FIRST
    assert restarted == [name]


@pytest.mark.parametrize("seconds", [1.0, 5.0, 30.0])
def test_offsets_that_connect_did_not_tell_at_first_are_asked_for_again(site: Harness, seconds: float) -> None:
    site.naps(takes=0.0)
    site.connect.down = True
    up = site.clock.monotonic() + seconds

    def back() -> None:
        site.connect.down = site.clock.monotonic() < up

    site.clock.actors.append(back)
    site.replication.frontier()
    assert site.clock.monotonic() < up + PATIENCE / 2
    assert site.questions() == {}


def test_a_question_that_nobody_answers_is_withdrawn_at_its_deadline_and_not_woken_for_later(site: Harness) -> None:
    site.naps(takes=0.0).away = True
    began = site.clock.monotonic()
    with pytest.raises(DeadlinePassed, match="offsets are listed"):
        site.replication.frontier()
    assert PATIENCE <= site.clock.monotonic() - began < PATIENCE + 1
    assert site.questions() == {}
    before = writes(site)
    site.clock.sleep(LONG)
    assert writes(site) == before


def test_offsets_are_set_though_the_operator_saw_the_stop_late(site: Harness) -> None:
    """As a step does: it stops, waits until that is seen, and sets."""
    orders = TopicPartition("orders", 0)
    site.naps(takes=1.5)
    site.replication.stop()
    seconds_until(site, lambda: site.replication.status().halted)
    site.replication.restart_from({orders: 100})
    assert site.replication.frontier() == {orders: 100}
