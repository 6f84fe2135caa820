"""While drctl is paused nothing new begins, by nobody; what is under way goes on; and it ends by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.errors import Blocked, ConfigInvalid, Refused
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import failover, runner
from drctl.plans.approvals import Digests, approve
from drctl.plans.mending import mend
from drctl.plans.pausing import begin_pause, end_pause, standing_pause
from drctl.plans.standing import told_runs
from drctl.plans.unfinished import unfinished
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import RecordingObserver, go_on, killed_at, switch
from tests.spec.serving import Service

ANNA, BEN = Terms(by="anna"), Terms(by="ben")
HOUR = timedelta(hours=1)


def paused(env: FakeWorld, length: timedelta = HOUR) -> None:
    begin_pause(env.ports(), ANNA, env.clock.now() + length, "work on the line")


def moved(env: FakeWorld) -> list[str]:
    """What was done to the sites, the journal left out."""
    return [name for name in env.effects.names if not name.startswith("journal")]


def test_a_switchover_is_refused_with_who_and_why_and_nothing_is_changed() -> None:
    env = fake_world()
    paused(env)
    with pytest.raises(Blocked) as caught:
        switch(env.ports(), terms=BEN)
    assert caught.value.exit_code == 40
    assert "paused by anna until" in caught.value.reasons[0]
    assert "work on the line" in caught.value.reasons[0]
    assert moved(env) == []


def test_an_emergency_is_refused_too_and_goes_on_by_an_override_that_is_journaled() -> None:
    env = fake_world()
    env.settle(30)
    paused(env)
    env.north.down = True

    def lost(terms: Terms) -> RunState:
        accepted = AcceptedLoss(unknown=True)
        world = env.new_process()
        plan = failover.plan(world, "north", "south", observe=observe, accepted=accepted, attestation=None)
        return runner.run(plan, world, RecordingObserver(), terms).state

    with pytest.raises(Blocked, match="failover"):
        lost(BEN)
    assert lost(replace(BEN, overrides={"paused": "north is gone"})) is RunState.DONE
    assert "work on the line" in env.journal.entries(env.journal.runs()[-1][0].id)[0].body["overridden"]["paused"]


def test_a_run_that_was_cut_off_is_continued_while_it_lasts() -> None:
    env = fake_world()
    with killed_at(env, "deny at north"):
        switch(env.ports())
    env.new_process()
    paused(env)
    assert go_on(env.new_process()).state is RunState.DONE


@pytest.mark.parametrize(
    "end",
    [lambda env: env.clock.jump(timedelta(seconds=3601)), lambda env: end_pause(env.ports(), BEN, "done")],
    ids=["by itself", "by a person"],
)
def test_once_it_has_ended_everything_is_as_before(end: Callable[[FakeWorld], object]) -> None:
    env = fake_world()
    paused(env)
    end(env)
    assert standing_pause(env.ports()) is None
    assert switch(env.ports()).state is RunState.DONE


def test_the_newest_counts_and_is_no_run_among_others() -> None:
    env = fake_world()
    paused(env)
    begin_pause(env.ports(), BEN, env.clock.now() + timedelta(minutes=5), "shorter after all")
    standing = standing_pause(env.ports())
    assert standing is not None
    assert (standing.by, standing.reason) == ("ben", "shorter after all")
    assert told_runs(env.ports()) == ()
    env.clock.jump(timedelta(seconds=301))
    assert standing_pause(env.ports()) is None


@pytest.mark.parametrize("length", [timedelta(0), timedelta(minutes=-1), timedelta(days=7, seconds=1)])
def test_an_end_that_is_none_is_not_taken(length: timedelta) -> None:
    env = fake_world()
    with pytest.raises(ConfigInvalid, match="next 7 days"):
        paused(env, length)
    assert env.journal.runs() == ()


def test_a_pause_without_a_reason_or_a_name_is_not_taken_and_what_does_not_stand_cannot_end() -> None:
    env = fake_world()
    until = env.clock.now() + HOUR
    for terms, reason in ((ANNA, " "), (Terms(), "why")):
        with pytest.raises(ConfigInvalid):
            begin_pause(env.ports(), terms, until, reason)
    with pytest.raises(Refused, match="not paused"):
        end_pause(env.ports(), ANNA, "done")


@pytest.mark.parametrize("event", ["journal begins run", "journal says pause-begun", "journal ends run as done"])
def test_whoever_was_killed_while_saying_it_leaves_nothing_unfinished(event: str) -> None:
    env = fake_world()
    with killed_at(env, event):
        paused(env)
    world = env.new_process()
    assert unfinished(world) == ()
    assert (standing_pause(world) is not None) == (event == "journal ends run as done")


def test_an_approver_who_was_killed_leaves_nothing_unfinished() -> None:
    env = fake_world()
    with killed_at(env, "journal ends run as done"):
        approve(env.ports(), BEN, Digests("0" * 64, "1" * 64), "fine")
    assert unfinished(env.new_process()) == ()


def test_the_doctor_changes_nothing_while_it_lasts() -> None:
    env = fake_world()
    paused(env)
    with pytest.raises(Refused, match="paused by anna"):
        mend(env.ports(), "north", "south", [], lambda _: None)
    env.clock.jump(timedelta(seconds=3601))
    assert mend(env.new_process(), "north", "south", [], lambda _: None) == []


def returned() -> FakeWorld:
    """North was lost, south serves, and north is back with its fence pending."""
    env = fake_world()
    env.settle(30)
    env.north.down = True
    world = env.ports()
    accepted = AcceptedLoss(unknown=True)
    plan = failover.plan(world, "north", "south", observe=observe, accepted=accepted, attestation=None)
    assert runner.run(plan, world, RecordingObserver()).state is RunState.DONE
    env.new_process()
    env.north.down = False
    return env


def test_the_service_acts_on_nothing_while_it_lasts_and_does_afterwards() -> None:
    env = returned()
    paused(env)
    service = Service(env)
    before = moved(env)
    service.look()
    assert moved(env) == before
    assert "drctl_paused 1.0" in service.shown()
    env.clock.jump(timedelta(seconds=3601))
    service.look()
    assert "drctl_paused 0.0" in service.shown()
    assert moved(env) != before
    assert env.journal.runs()[-1][0].kind == "fence"


def test_while_the_journal_cannot_tell_the_service_begins_nothing() -> None:
    env = fake_world()
    paused(env)
    service = Service(env)
    env.journal.tamper(env.journal.runs()[0][0].id, 1)
    assert service.watch.pause.active()
