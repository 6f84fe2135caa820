"""If we failed over now: what is said before comes true."""

import pytest

from drctl.cli.forecast import as_document, told
from drctl.cli.status_document import left_document
from drctl.model.fence import Attestation, FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Event, Run, RunState
from drctl.plans.failovers import standing
from drctl.plans.forecasting import forecast
from drctl.plans.selection import SALVAGE
from tests.fakes import Killed, fake_world
from tests.spec.failing import beyond_the_frontier, fail_over, lose, some_lag, synced
from tests.spec.harness import switch

ANY = AcceptedLoss(10_000)


def test_the_loss_that_is_forecast_is_the_one_that_happens() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    found = forecast(earth.ports(), "north", "south")
    lose(earth)
    assert found.loss is not None
    assert found.loss.total == sum(map(len, beyond_the_frontier(earth).values()))


def test_nothing_is_changed_by_looking_ahead() -> None:
    earth = synced(fake_world())
    forecast(earth.ports(), "north", "south")
    assert earth.effects.names == []


def test_under_the_default_policy_as_many_records_are_forecast_to_be_read_again() -> None:
    """The same world but for the names of the copies; the groups stand still while records arrive behind them."""
    found = []
    for prefixed in (False, True):
        earth = synced(fake_world(prefixed=prefixed))
        earth.settle(1)
        for consumer in earth.consumers.values():
            consumer.running = False
        earth.settle(3)
        found.append({group: each.rereads for group, each in forecast(earth.ports(), "north", "south").groups.items()})
    assert found[0] == found[1]
    assert all(found[0].values())


def test_under_the_default_policy_a_loss_that_was_only_sighted_is_as_old() -> None:
    found = []
    for prefixed in (False, True):
        earth = synced(fake_world(prefixed=prefixed))
        some_lag(earth)
        lose(earth, sighted=True)
        for log in earth.south.logs.values():
            for entry in log.entries:
                entry.stamped = True  # so that the fake tells when it was written
        found.append(forecast(earth.ports(), "north", "south").loss)
    assert found[0] == found[1]
    assert found[0] is not None
    assert all(found[0].seconds.values())


@pytest.mark.parametrize("prefixed", [False, True])
def test_what_is_read_again_is_never_more_than_was_forecast(prefixed: bool) -> None:
    earth = synced(fake_world(prefixed=prefixed))
    earth.settle(1)
    found = forecast(earth.ports(), "north", "south")
    lose(earth)
    fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    earth.come_to_rest()
    for group, consumer in earth.consumers.items():
        twice = sum(len(read) - len(set(read)) for read in consumer.processed.values())
        rereads = found.groups[group].rereads
        assert rereads is not None
        assert twice <= rereads


def test_groups_that_are_not_synced_are_uncovered_and_those_that_are_bear_the_mark() -> None:
    earth = fake_world()
    assert set(forecast(earth.ports(), "north", "south").uncovered) == {"dispatch", "billing"}
    found = forecast(synced(earth).ports(), "north", "south")
    assert found.uncovered == {}
    assert all(group.synced == group.positions for group in found.groups.values())


def test_the_expected_time_is_the_slowest_measured_and_unknown_before_one_was() -> None:
    earth = synced(fake_world())
    before = forecast(earth.ports(), "north", "south")
    assert before.expected_recovery is None
    assert any("unknown: no failover" in line for line in told(before))
    lose(earth)
    fail_over(earth.ports(), accepted=ANY)
    earth.north.down = False
    after = forecast(earth.ports(), "south", "north", ask=True)
    assert after.expected_recovery is not None
    assert 0 < after.expected_recovery < 30


def test_the_document_shows_unknown_as_null() -> None:
    earth = synced(fake_world(), sighted=False)
    lose(earth)
    loss = as_document(forecast(earth.ports(), "north", "south"))["loss"]
    assert (loss["source"], loss["total"]) == ("unknown", None)


def test_no_failover_stands_before_there_was_one_and_after_the_work_moved_again() -> None:
    earth = synced(fake_world())
    assert standing(earth.ports()) is None
    switch(earth.ports())
    assert standing(earth.ports()) is None


@pytest.mark.parametrize(("word", "state"), [(None, FenceState.PENDING), (Attestation("anna", "no power"), "attested")])
def test_the_fence_of_the_left_site_is_shown_as_it_was_recorded(word: Attestation | None, state: str) -> None:
    earth = synced(fake_world())
    lose(earth)
    fail_over(earth.ports(), accepted=ANY, attestation=word)
    left = standing(earth.ports())
    assert left is not None
    assert (left_document(left)["site"], left_document(left)["fence"]) == ("north", state)


def test_a_failover_that_was_cut_off_stands_once_it_may_have_opened_the_target() -> None:
    stood = []
    for step in ("measure-loss", "unfence-target"):
        earth = synced(fake_world())
        lose(earth)

        seen = list[str]()

        def die(effect: str, last: str = f"journal says step-intended {step}", seen: list[str] = seen) -> None:
            seen.append(effect)
            if seen.count(last) == 2:  # before it was written, and after
                raise Killed

        earth.effects.watchers.append(die)
        with pytest.raises(Killed):
            fail_over(earth.ports(), accepted=ANY)
        earth.effects.watchers.clear()
        earth.new_process()
        left = standing(earth.ports())
        stood.append(left is not None and not left.finished)
    assert stood == [False, True]


def test_a_later_run_that_proved_the_fence_is_what_counts() -> None:
    earth = synced(fake_world())
    lose(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    later = Run("salvage-1", SALVAGE, "fake", "0", "north", "south", result.run.epoch)
    earth.journal.begin(later)
    earth.journal.append(later.id, Event.STEP_OBSERVED, "fence-source", {"fence": "proven", "by": "drctl", "why": "x"})
    earth.journal.end(later.id, RunState.DONE)
    left = standing(earth.ports())
    assert left is not None
    assert left.fence is FenceState.PROVEN
