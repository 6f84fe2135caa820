"""What a failover loses: what is stated of it beforehand, and who accepts it."""

import pytest

from drctl.errors import Blocked, LossNotAccepted
from drctl.model.fence import FenceState
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss, EndsFrom
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import failover, runner
from drctl.plans.losing import measure
from tests.fakes import fake_world
from tests.spec.failing import (
    ANY,
    beyond_the_frontier,
    distrusted,
    fail_over,
    lose,
    require_as_before,
    require_served_by_target,
    some_lag,
    synced,
    watch_two_writers,
)
from tests.spec.harness import RecordingObserver


def test_what_a_sighting_tells_is_never_less_than_what_is_lost() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    loss = measure(earth.ports(), "north", "south")
    assert loss.ends_from is EndsFrom.SIGHTING
    assert loss.total is not None
    assert loss.total >= sum(map(len, beyond_the_frontier(earth).values())) > 0


def test_records_written_after_the_last_sighting_are_part_of_the_uncertainty() -> None:
    earth = synced(fake_world())
    earth.sight()
    earth.settle(1)
    earth.sight()
    earth.mirrors["north", "south"].holds = True
    earth.settle(2)
    lose(earth)
    earth.settle(1)
    earth.sightings.note_silence("north", earth.clock.now())
    earth.settle(60)
    loss = measure(earth.ports(), "north", "south")
    real = sum(map(len, beyond_the_frontier(earth).values()))
    assert loss.seen is not None
    assert loss.unseen is not None
    assert loss.seen < real <= loss.seen + loss.unseen < 3 * real


def test_a_source_that_answers_is_fenced_and_the_stated_loss_is_the_real_one() -> None:
    earth = distrusted(synced(fake_world()))
    some_lag(earth)
    both_open = watch_two_writers(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    lost = beyond_the_frontier(earth)
    assert result.evidence["fence-what-answers"]["fence"] == FenceState.PROVEN
    assert result.evidence["fence-what-answers"]["canary"] == "TOPIC_AUTHORIZATION_FAILED"
    told = result.evidence["measure-loss"]
    assert told["exact"]
    assert told["total"] == sum(map(len, lost.values())) > 0
    assert told["records"] == {
        topic: sum(len(gone) for p, gone in lost.items() if p.topic == topic) for topic in told["records"]
    }
    assert both_open == []
    require_served_by_target(earth, lost)


def test_a_source_that_only_looks_well_is_left_with_a_reason_behind_a_proven_fence_and_with_its_loss_accepted() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    both_open = watch_two_writers(earth)
    terms = Terms(by="anna", overrides={"source-healthy": "clients cannot reach it, and its link has failed"})

    def attempt(accepted: AcceptedLoss) -> RunResult:
        plan = failover.plan(earth.new_process(), "north", "south", observe=observe, accepted=accepted)
        return runner.run(plan, earth.ports(), RecordingObserver(), terms)

    with pytest.raises(Blocked) as refused:
        attempt(AcceptedLoss(0))
    assert refused.value.exit_code == 17
    result = attempt(ANY)
    told, lost = result.evidence, beyond_the_frontier(earth)
    assert told["check-gates"]["overridden"]["source-healthy"]["why"] == terms.overrides["source-healthy"]
    assert told["fence-what-answers"]["fence"] == FenceState.PROVEN
    assert told["measure-loss"]["exact"]
    assert told["measure-loss"]["total"] == sum(map(len, lost.values())) > 0
    assert both_open == []
    require_served_by_target(earth, lost)


def test_more_loss_than_was_accepted_is_refused_before_anything_is_changed() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    with pytest.raises(Blocked) as caught:
        fail_over(earth.ports(), accepted=AcceptedLoss(1))
    assert caught.value.exit_code == 17
    assert [name for name in earth.effects.names if not name.startswith("journal")] == []
    assert earth.mirrors["north", "south"].state is ConnectorState.RUNNING


def test_an_unknown_loss_is_refused_unless_it_was_accepted_as_unknown() -> None:
    earth = synced(fake_world(), sighted=False)
    lose(earth)
    with pytest.raises(Blocked, match=r"reasons? to wait") as caught:
        fail_over(earth.ports(), accepted=ANY)
    assert caught.value.exit_code == 17
    assert any("--accept-loss unknown" in reason for reason in caught.value.reasons)
    result = fail_over(earth.new_process(), accepted=AcceptedLoss(unknown=True))
    assert result.evidence["measure-loss"]["source"] == "unknown"
    assert result.evidence["measure-loss"]["total"] is None


def test_loss_that_grew_after_the_gate_turns_the_run_back() -> None:
    earth = distrusted(synced(fake_world()))
    earth.come_to_rest()

    def write(effect: str) -> None:
        if effect.startswith("raise epoch"):
            earth.north.write(TopicPartition("turbines.readings", 0), b"late", "User:turbines")

    earth.effects.watchers.append(write)
    with pytest.raises(LossNotAccepted) as caught:
        fail_over(earth.ports(), accepted=AcceptedLoss(0))
    assert caught.value.exit_code == 17
    require_as_before(earth)
