"""What has failed of a link is restarted by a person's command: only of a link that is to run, told and journaled."""

from datetime import timedelta

import pytest

from drctl.errors import Blocked, Refused
from drctl.model.link import ConnectorState
from drctl.model.run import Event, RunState
from drctl.model.terms import Terms
from drctl.plans.link_restart import restart
from drctl.plans.pausing import begin_pause
from drctl.plans.unfinished import unfinished
from tests.fakes import FakeWorld, fake_world
from tests.fakes.mirror import RACED
from tests.spec.following import typed
from tests.spec.harness import killed_at, require_nothing_lost_or_repeated, switch

TASK = "source-connector, task 0"
OVER, HOME = ("north", "south"), ("south", "north")


def failed(link: tuple[str, str] = OVER, times: int = 1) -> FakeWorld:
    """The link's task has failed, and fails again until it was restarted that often."""
    earth = fake_world()
    earth.mirrors[link].failures = times
    earth.settle(1)
    return earth


def restarts(earth: FakeWorld) -> int:
    return sum(effect.startswith("restart what has failed") for effect in earth.effects.names)


def restart_of(earth: FakeWorld, link: tuple[str, str]) -> object:
    world = earth.new_process()
    return restart(world, world.links[link], "anna")


def test_a_person_restarts_what_has_failed_and_the_journal_tells_who_and_why() -> None:
    earth = failed()
    assert restart_of(earth, OVER) == {TASK: RACED}
    ((run, state),) = earth.journal.runs()
    assert (run.kind, state) == ("restart", RunState.DONE)
    entries = earth.journal.entries(run.id)
    assert entries[0].body["by"] == "anna"
    told = next(entry.body for entry in entries if entry.event is Event.STEP_OBSERVED)
    assert told == {"link": "north-to-south", "restarted": [{TASK: RACED}]}
    assert earth.seat.holder == ""


def test_a_link_home_that_fails_between_two_moves_is_restarted_by_what_the_gate_names() -> None:
    earth = fake_world()
    assert switch(earth.ports()).state is RunState.DONE
    earth.mirrors[HOME].failures = 1
    earth.settle()
    with pytest.raises(Blocked) as refused:
        switch(earth.new_process(), "south", "north")
    assert any("drctl links restart south-to-north" in reason for reason in refused.value.reasons)
    assert restarts(earth) == 0
    assert restart_of(earth, HOME) == {TASK: RACED}
    earth.settle()
    assert switch(earth.new_process(), "south", "north").state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "north")


def test_where_nothing_has_failed_nothing_is_done_or_journaled() -> None:
    earth = failed(times=0)
    assert restart_of(earth, OVER) == {}
    assert (restarts(earth), earth.journal.runs()) == (0, ())


def test_a_link_to_the_site_that_serves_is_never_restarted() -> None:
    earth = fake_world()
    home = earth.mirrors[HOME]
    home.state, home.failed = ConnectorState.RUNNING, RACED
    with pytest.raises(Refused, match="clients are sent to north"):
        restart_of(earth, HOME)
    with pytest.raises(Refused, match="south-to-north is not stopped"):
        restart_of(earth, OVER)
    assert restarts(earth) == 0


def test_a_link_home_that_somebody_else_has_begun_is_never_restarted() -> None:
    earth = fake_world()
    home = earth.mirrors[HOME]

    def start(effect: str) -> None:
        if effect == "routing to south" and home.state is ConnectorState.ABSENT:
            home.failures = 1000
            home.start()

    earth.effects.watchers.append(start)
    assert switch(earth.ports()).exceptions
    with pytest.raises(Refused, match="has not set it to the handover point"):
        restart_of(earth, HOME)
    assert restarts(earth) == 0


def test_under_the_default_policy_both_links_are_restarted() -> None:
    earth = fake_world(prefixed=True)
    for link in (OVER, HOME):
        earth.mirrors[link].failures = 1
    earth.settle(1)
    assert [restart_of(earth, link) for link in (OVER, HOME)] == [{TASK: RACED}] * 2


def test_a_pause_or_an_unfinished_run_refuses_it() -> None:
    earth = failed()
    begin_pause(earth.new_process(), Terms(by="anna"), earth.clock.now() + timedelta(hours=1), "a storm")
    with pytest.raises(Refused, match="paused"):
        restart_of(earth, OVER)
    other = fake_world()
    with killed_at(other, "routing to None"):
        switch(other.ports())
    other.mirrors[OVER].failures = 1
    other.settle(1)
    with pytest.raises(Refused, match="is unfinished"):
        restart_of(other, OVER)
    assert restarts(earth) + restarts(other) == 0


@pytest.mark.parametrize(
    "effect", ["restart what has failed of the link to south", "journal says step-observed restart-failed-tasks"]
)
def test_one_that_was_cut_off_holds_up_nobody_and_is_given_again(effect: str) -> None:
    earth = failed()
    with killed_at(earth, effect):
        restart_of(earth, OVER)
    assert unfinished(earth.new_process()) == ()
    restart_of(earth, OVER)
    assert earth.mirrors[OVER].failed == ""
    assert restarts(earth) == 1


def test_the_command_restarts_the_link_that_is_to_run_and_waits_until_it_works() -> None:
    earth = failed()
    said = typed(earth, ("links", "restart"))
    assert said.code == 0, said.text
    assert f"north-to-south: {TASK} was restarted; it had failed: {RACED}" in said.text
    assert "north-to-south works" in said.text
    assert "nothing has failed" in typed(earth, ("links", "restart", "north-to-south")).text
    assert "use one of north-to-south, south-to-north" in typed(earth, ("links", "restart", "no")).text


def test_the_command_says_why_it_fails_again() -> None:
    earth = failed(times=2)
    said = typed(earth, ("links", "restart"))
    assert said.code
    assert f"does not work: source-connector is RUNNING {RACED}" in said.text
    assert restarts(earth) == 1
