"""A site that a failover could not close comes back: it is closed late, wherever that is cut off."""

from datetime import datetime
from itertools import count

import pytest
from structlog.testing import capture_logs

from drctl.errors import Locked, Refused
from drctl.model.fence import FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, RunResult, RunState
from drctl.monitors import observe
from drctl.plans import failover, fence, runner
from drctl.plans.aftermath import aftermath
from drctl.plans.failovers import standing
from drctl.plans.kinds import rebuilt
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.failing import SOMEBODY, fail_over, lose, synced
from tests.spec.harness import RecordingObserver, killed_at
from tests.spec.returning import returned, salve
from tests.spec.serving import Service

ANY = AcceptedLoss(10_000)
READINGS = TopicPartition("turbines.readings", 0)


def _failed_over() -> FakeWorld:
    """North is lost, its fence is pending, and clients work at south."""
    earth = synced(fake_world())
    lose(earth)
    fail_over(earth.ports(), accepted=ANY)
    earth.effects.names.clear()
    return earth


def _come_back(earth: FakeWorld) -> None:
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False


def _back() -> FakeWorld:
    earth = _failed_over()
    _come_back(earth)
    return earth


def _close(world: World) -> RunResult:
    """What 'drctl fence' does."""
    left = standing(world)
    assert left is not None
    return runner.run(fence.ordered(left.left, left.run.target, left.run.id), world, RecordingObserver())


def _fences(earth: FakeWorld) -> list[RunState]:
    return [state for run, state in earth.journal.runs() if run.kind == "fence"]


def _fence_of(earth: FakeWorld) -> FenceState:
    left = standing(earth.ports())
    assert left is not None
    return left.fence


def _require_closed(earth: FakeWorld) -> None:
    assert earth.writable() == {"south"}
    assert _fence_of(earth) is FenceState.PROVEN
    assert _fences(earth) == [RunState.DONE]


def _effects() -> tuple[str, ...]:
    earth = _back()
    Service(earth).look()
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


EFFECTS = _effects()


def test_the_service_closes_a_site_that_is_back_and_was_left_with_its_fence_pending() -> None:
    earth = _failed_over()
    service = Service(earth)
    service.look()
    assert _fences(earth) == []
    _come_back(earth)
    assert earth.writable() == {"north", "south"}
    service.look()
    _require_closed(earth)


def test_intent_comes_before_and_observation_after_every_effect_and_the_run_says_who_acted() -> None:
    earth = _back()
    Service(earth).look()
    run = next(run for run, _ in earth.journal.runs() if run.kind == "fence")
    entries = earth.journal.entries(run.id)
    assert entries[0].body["by"] == "drctl service"
    steps = ("see-open-site", "raise-epoch", "fence-writes", "fence-transactions", "prove-fence")
    for step in steps:
        events = [entry.event for entry in entries if entry.step == step]
        assert events == [Event.STEP_INTENDED, Event.STEP_OBSERVED], step
    proof = next(e.body for e in entries if e.step == "prove-fence" and e.event is Event.STEP_OBSERVED)
    assert (proof["fence"], proof["canary"]) == ("proven", "TOPIC_AUTHORIZATION_FAILED")


def test_nothing_is_done_to_the_site_before_it_is_denied() -> None:
    earth = _back()
    Service(earth).look()
    touched = [name for name in earth.effects.names if "north" in name]
    assert touched[0] == "deny at north"
    assert set(touched) == {"deny at north"}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(EFFECTS)), ids=EFFECTS)
def test_a_service_killed_anywhere_while_it_closes_ends_as_if_undisturbed(effect: int, before: bool) -> None:
    earth = _back()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        Service(earth).look()
    earth.new_process()
    Service(earth).look()
    _require_closed(earth)


@pytest.mark.parametrize("asked", range(12))
def test_a_service_that_loses_its_lead_in_the_middle_stops_there_and_the_next_one_goes_on(asked: int) -> None:
    earth, answers = _back(), count()
    Service(earth, leads=lambda: next(answers) < asked).look()
    assert _fences(earth) != [RunState.DONE]
    Service(earth).look()
    _require_closed(earth)


@pytest.mark.parametrize("effect", range(1, len(EFFECTS) - 1), ids=EFFECTS[1:-1])
def test_what_a_killed_service_left_is_continued_from_the_journal_alone(effect: int) -> None:
    earth = _back()
    earth.effects.cut_off(effect, before=True)
    with pytest.raises(Killed):
        Service(earth).look()
    world = earth.new_process()
    (run,) = unfinished(world)
    plan, world = rebuilt(world, run, observe)
    assert runner.run(plan, world, RecordingObserver()).state is RunState.DONE
    _require_closed(earth)


def test_once_it_is_closed_there_is_nothing_more_to_do() -> None:
    earth = _back()
    service = Service(earth)
    service.look()
    earth.effects.names.clear()
    service.look()
    assert earth.effects.names == []
    with pytest.raises(Refused, match="it was proven"):
        _close(earth.ports())


def test_how_long_it_was_open_is_measured_from_the_last_look_in_vain() -> None:
    earth = _failed_over()
    service = Service(earth)
    service.look()
    sought_in_vain = earth.clock.now()
    earth.settle(15)
    _come_back(earth)
    earth.settle(7)
    earth.north.write(READINGS, b"a straggler", APPLICATIONS[0])
    met = earth.clock.now()
    service.look()
    left = standing(earth.ports())
    assert left is not None
    told = left.opened
    closed = datetime.fromisoformat(told["closed at"])
    assert told["seconds at least"] == pytest.approx((closed - met).total_seconds(), abs=0.5)
    assert told["seconds at most"] == pytest.approx((closed - sought_in_vain).total_seconds(), abs=0.5)
    assert told["seconds at most"] >= 22
    assert f'drctl_left_site_open_seconds{{site="north"}} {told["seconds at most"]}' in _after_a_look(service)


def _after_a_look(service: Service) -> str:
    service.look()
    return service.shown()


def test_a_service_that_saw_no_silence_counts_from_the_failover_on() -> None:
    earth = _back()
    failed = standing(earth.ports())
    earth.settle(30)
    Service(earth).look()
    left = standing(earth.ports())
    assert failed is not None
    assert left is not None
    assert failed.silent_at is not None
    assert left.opened["silent at"] == failed.silent_at.isoformat()
    assert left.opened["seconds at most"] > 30


def test_what_was_written_between_the_look_and_the_fence_is_counted() -> None:
    earth = _back()

    def straggle(effect: str) -> None:
        if effect.startswith("raise epoch") and b"late" not in earth.north.payloads(READINGS):
            earth.north.write(READINGS, b"late", APPLICATIONS[0])

    earth.effects.watchers.append(straggle)
    told = _close(earth.ports()).evidence
    seen = told["see-open-site"]["ends"]
    written = sum(log.bounds.high - seen[str(p)] for p, log in earth.north.logs.items() if str(p) in seen)
    assert told["prove-fence"]["open"]["offsets since it was seen"] == written >= 1


def test_the_salvage_names_the_time_in_which_the_tail_may_have_grown() -> None:
    earth = returned(fence="pending").earth
    closed = _close(earth.ports()).evidence["prove-fence"]["open"]
    salve(earth.ports())
    assert aftermath(earth.ports()).opened == closed
    (text,) = [b"".join(lines) for (_, name), lines in earth.vault.files.items() if name == "manifest.json"]
    assert closed["closed at"].encode() in text


def test_nothing_is_closed_while_a_drctl_is_at_work() -> None:
    earth = _back()
    somebody = earth.ports()
    somebody.lease.acquire("anna")
    Service(earth).look()
    assert _fences(earth) == []
    with pytest.raises(Locked, match="anna"):
        _close(earth.ports())
    somebody.lease.release()
    Service(earth).look()
    _require_closed(earth)


def test_an_unfinished_run_is_left_alone_and_told_of() -> None:
    earth = _cut_off_after_the_target_was_opened()
    _come_back(earth)
    with capture_logs() as logs:
        Service(earth).look()
    assert _fences(earth) == []
    loud = [line for line in logs if line["event"] == "left-site-not-closed-now" and line["log_level"] == "error"]
    assert len(loud) == 1
    assert any("drctl runs resume" in reason for reason in loud[0]["reasons"])


def _cut_off_after_the_target_was_opened() -> FakeWorld:
    earth = synced(fake_world())
    lose(earth)
    with killed_at(earth, "journal says step-observed unfence-target"):
        fail_over(earth.ports(), accepted=ANY)
    earth.new_process()
    return earth


def test_a_failover_that_is_continued_closes_the_site_that_came_back_meanwhile() -> None:
    earth = _cut_off_after_the_target_was_opened()
    _come_back(earth)
    (run,) = unfinished(earth.ports())
    plan, world = rebuilt(earth.ports(), run, observe)
    result = runner.run(plan, world, RecordingObserver())
    assert result.evidence["fence-what-answers"]["fence"] == FenceState.PENDING
    assert result.evidence["close-if-back"]["fence"] == FenceState.PROVEN
    assert earth.writable() == {"south"}
    assert _fence_of(earth) is FenceState.PROVEN


def test_a_failover_is_not_stopped_by_a_site_that_is_back_and_cannot_be_closed() -> None:
    earth = _cut_off_after_the_target_was_opened()
    _come_back(earth)
    earth.north.everyone = True
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    assert result.evidence["close-if-back"]["fence"] == FenceState.PENDING
    assert "User:*" in result.evidence["close-if-back"]["why"]


def test_who_has_lost_the_lease_does_not_close_the_site_at_the_end_of_a_failover() -> None:
    earth = _cut_off_after_the_target_was_opened()
    _come_back(earth)

    def lose_the_lease(effect: str) -> None:
        if effect == "journal says step-intended close-if-back":
            earth.seat.owner = None

    earth.effects.watchers.append(lose_the_lease)
    with pytest.raises(Locked):
        fail_over(earth.ports(), accepted=ANY)
    assert not earth.north.denials


def test_a_site_that_cannot_be_closed_is_tried_again_after_a_while_in_the_same_run() -> None:
    earth = _back()
    earth.north.everyone = True
    service = Service(earth)
    for _ in range(2):
        service.look()
    assert "drctl_left_site_close_failures_total 1.0" in service.shown()
    assert _fence_of(earth) is FenceState.PENDING
    earth.settle(20)
    earth.north.everyone = False
    service.look()
    _require_closed(earth)


def test_an_attested_site_that_is_back_is_closed_like_a_pending_one() -> None:
    earth = synced(fake_world())
    lose(earth)
    fail_over(earth.ports(), accepted=ANY, attestation=SOMEBODY)
    _come_back(earth)
    Service(earth).look()
    _require_closed(earth)


def test_a_service_that_may_only_watch_closes_nothing() -> None:
    earth = _back()
    with capture_logs() as logs:
        Service(earth, watch_only=True).look()
    assert earth.writable() == {"north", "south"}
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["left-site-is-back-and-not-fenced"]


def test_a_site_to_which_clients_are_sent_is_never_closed() -> None:
    earth = _back()
    earth.routing.route_to("north")
    Service(earth).look()
    assert _fences(earth) == []
    with pytest.raises(Refused, match="clients are sent there"):
        _close(earth.ports())
    assert not earth.north.denials


def test_nobody_closes_a_site_that_no_failover_has_left() -> None:
    earth = fake_world()
    with pytest.raises(Refused, match="no failover that stands has left north"):
        runner.run(fence.ordered("north", "south"), earth.ports(), RecordingObserver())
    assert earth.writable() == {"north"}


def test_a_runbook_of_the_failover_names_the_late_fence_after_the_clients() -> None:
    names = [step.name for step in failover.ordered("north", "south", observe=observe).steps]
    assert names.index("watch-first-commits") < names.index("close-if-back")
