"""A task of the link that failed by itself is restarted while a run waits for the link, a few times, and told."""

from dataclasses import replace
from datetime import timedelta

from drctl.model.link import ConnectorState
from drctl.model.run import Event, RunResult
from tests.fakes import FakeWorld, fake_world
from tests.fakes.mirror import RACED
from tests.spec.harness import require_nothing_lost_or_repeated, switch

TASK = "source-connector, task 0"
EFFECT = "restart what has failed of the link to north"


def _restarts(earth: FakeWorld) -> list[str]:
    return [effect for effect in earth.effects.names if effect.startswith("restart what has failed")]


def _failing(times: int) -> tuple[FakeWorld, RunResult]:
    """A switchover whose link home fails that often."""
    earth = fake_world()
    earth.mirrors["south", "north"].failures = times
    return earth, switch(earth.ports())


def test_a_link_home_that_fails_by_itself_is_restarted_and_nothing_is_lost() -> None:
    earth, result = _failing(2)
    assert result.exceptions == ()
    assert _restarts(earth) == [EFFECT, EFFECT]
    assert result.evidence["reverse-replication"]["restarted"] == [{TASK: RACED}] * 2
    intents = [e for e in earth.journal.entries(result.run.id) if e.event is Event.STEP_INTENDED]
    assert [e.body["restarting"] for e in intents if "restarting" in e.body] == [{TASK: RACED}] * 2
    require_nothing_lost_or_repeated(earth, "south")


def test_where_nothing_fails_nothing_is_told_of_restarts() -> None:
    earth, result = _failing(0)
    assert _restarts(earth) == []
    assert "restarted" not in result.evidence["reverse-replication"]


def test_what_fails_again_and_again_ends_the_wait_with_its_trace() -> None:
    earth = fake_world()
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, step_timeout=timedelta(minutes=2)))
    earth.mirrors["south", "north"].failures = 1000
    (told,) = switch(earth.ports()).exceptions
    assert "reverse-replication is pending" in told
    assert f"{RACED} (restarted 4 times)" in told
    assert _restarts(earth) == [EFFECT] * 4


def test_what_somebody_stopped_meanwhile_is_not_started() -> None:
    earth = fake_world()
    home = earth.mirrors["south", "north"]
    home.failures = 1

    def stop(effect: str) -> None:
        if effect == "resume heartbeat connector to north":
            home.state = ConnectorState.STOPPED

    earth.effects.watchers.append(stop)
    (told,) = switch(earth.ports()).exceptions
    assert "source-connector is STOPPED" in told
    assert _restarts(earth) == []
