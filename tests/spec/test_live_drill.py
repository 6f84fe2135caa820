"""A drill with the real work: two ordinary runs, a stay that is watched, and an end that nobody has to remember."""

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from drctl.decide.staying import NOT_ARRIVED
from drctl.drills.live.gates import require_may_begin
from drctl.drills.live.judging import judged
from drctl.errors import (
    ApprovalMissing,
    Blocked,
    ConfigInvalid,
)
from drctl.model.calendar import Calendar
from drctl.model.capacity import Shift
from drctl.model.sync_report import SyncReport
from drctl.model.terms import Terms
from drctl.model.verdict import Verdict
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.plans.approvals import Digests, approve
from drctl.plans.awaiting import awaited
from drctl.plans.digests import plan_digest
from drctl.plans.live import LivePhase, end_live_drill
from drctl.plans.pausing import begin_pause
from drctl.ports.commands import Ended
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import (
    require_served_by,
    watch_for_two_open_sites,
)
from tests.spec.staying import (
    ANNA,
    BEN,
    ERRORS,
    HOME,
    STAY,
    THERE,
    after,
    allowing,
    approved,
    ended_by,
    moves,
    perform,
    ready,
    require_each_read_once,
)

FINE, BROKEN = Ended(0), Ended(1, errors="502 from the shop")


@pytest.mark.parametrize("prefixed", [False, True], ids=["same names", "prefixed"])
def test_there_a_stay_and_home_again_is_proved_and_nothing_is_lost_or_repeated(*, prefixed: bool) -> None:
    earth = approved(allowing(fake_world(prefixed=prefixed)))
    both = watch_for_two_open_sites(earth)
    done = perform(earth.new_process())
    assert judged(done.state).reasons == ()
    assert (done.state.phase, judged(done.state).verdict) == (LivePhase.HOME, Verdict.PROVED)
    assert (ended_by(done), moves(earth)[1:]) == ("time", [THERE, HOME])
    assert done.state.ended is not None
    assert done.state.since is not None
    assert done.state.ended.at - done.state.since >= STAY
    assert len(done.state.looks) > 4
    assert both == []
    assert earth.routing.site() == "north"
    if not prefixed:
        require_each_read_once(earth, "north")
        require_served_by(earth, "north")


def test_an_approval_is_required_although_the_plan_file_requires_none_and_no_glass_is_broken() -> None:
    earth = allowing(fake_world())
    assert earth.plan.guards.approval == "none"
    for terms in (ANNA, replace(ANNA, break_glass="alone here")):
        world = earth.new_process()
        drilling = perform(world, terms=terms)
        assert isinstance(drilling.drill.failed, ApprovalMissing)
        assert "break-glass" not in drilling.drill.failed.remedy
        end_live_drill(world, drilling.state.run, good=False, told={})
    assert earth.routing.site() == "north"
    assert earth.epochs.current() == 0


def test_an_approval_of_a_switchover_is_none_of_a_drill() -> None:
    earth = allowing(fake_world())
    world = earth.new_process()
    first = perform(world)
    assert first.state.there is not None
    end_live_drill(world, first.state.run, good=False, told={})
    wanted = awaited(world, first.state.there.run.id)
    plain = plan_digest(switchover.plan(world, "north", "south", observe=observe), world)
    assert plain != wanted.seen.plan
    approve(world, BEN, Digests(plain, wanted.seen.facts), "a switchover is fine")
    assert isinstance(perform(earth.new_process()).drill.failed, ApprovalMissing)


def test_the_approval_covers_the_way_home_also_where_the_plan_file_requires_one() -> None:
    earth = allowing(fake_world())
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, approval="required"))
    done = perform(approved(earth).new_process())
    assert done.state.phase is LivePhase.HOME
    assert done.state.home is not None
    gates = next(each.body for each in done.state.home.entries if each.step == "check-gates" and each.body)
    assert gates["approved with drill"] == done.state.run.id


def closing(earth: FakeWorld, begins: int, ends: int) -> None:
    """Its only window is that part of every day, in minutes."""
    calendar = Calendar(ZoneInfo("UTC"), "UTC", (Shift("", tuple(range(7)), begins, ends),), ())
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, calendar=calendar))


def test_neither_cool_down_nor_a_pause_nor_a_closed_window_keeps_it_from_coming_home() -> None:
    earth = allowing(fake_world())
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, cool_down=timedelta(hours=4)))
    closing(earth, 0, 1)  # it is some seconds past midnight, and the stay lasts longer than a minute
    approved(earth)

    def close() -> None:
        begin_pause(earth.ports(), Terms(by="ops"), earth.clock.now() + timedelta(hours=1), "a storm")

    after(earth, 30, close)
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.HOME
    assert done.state.home is not None
    told = done.state.home.entries[0].body["overridden"]
    assert set(told) == {"cooling-down", "outside-window", "paused"}


def test_a_service_that_keeps_nothing_any_more_does_not_keep_it_from_coming_home() -> None:
    earth = ready()

    def told_long_ago() -> None:
        at = earth.clock.now() - timedelta(minutes=5)
        earth.sync_reports.note(SyncReport("south", "north", earth.epochs.current(), at))

    after(earth, 30, told_long_ago)
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.HOME
    assert done.state.home is not None
    gates = [each.body for each in done.state.home.entries if each.step == "check-gates" and each.body]
    assert gates[0]["overridden"].keys() == {"positions-stale"}


def test_the_whole_stay_lies_in_a_window() -> None:
    earth = allowing(fake_world())
    now = earth.clock.now()
    minute = now.hour * 60 + now.minute
    closing(earth, minute, minute + 1)
    with pytest.raises(Blocked) as caught:
        require_may_begin(earth.ports())
    assert caught.value.exit_code == 40
    assert "is in no window" in caught.value.reasons[0]
    require_may_begin(allowing(earth).ports())


@pytest.mark.parametrize("lacking", ["live_drills", "calendar"])
def test_a_plan_file_that_does_not_say_so_allows_none(lacking: str) -> None:
    earth = allowing(fake_world())
    earth.plan = (
        replace(earth.plan, live_drills=None)
        if lacking == "live_drills"
        else replace(earth.plan, guards=replace(earth.plan.guards, calendar=None))
    )
    with pytest.raises(ConfigInvalid):
        require_may_begin(earth.ports())


def test_clients_errors_that_go_on_send_it_home_and_it_is_not_proved() -> None:
    earth = allowing(fake_world(), ERRORS)
    earth.commands.known["errors"] = lambda _words, _text: BROKEN
    done = perform(approved(earth).new_process())
    assert (done.state.phase, ended_by(done)) == (LivePhase.HOME, "signal")
    assert done.state.ended is not None
    assert done.state.ended.body["detail"] == "watch-client-errors: client-errors ended with 1: 502 from the shop"
    assert len(done.state.looks) == 3
    assert judged(done.state).verdict is Verdict.INCONCLUSIVE
    told = json.loads(earth.commands.calls[0][1])
    assert (told["site"], told["home"], told["drill"]) == ("south", "north", done.state.run.id)
    require_each_read_once(earth, "north")


def test_what_two_looks_saw_and_the_third_did_not_is_only_noted() -> None:
    earth = allowing(fake_world(), ERRORS)
    answers = iter([BROKEN, BROKEN])
    earth.commands.known["errors"] = lambda _words, _text: next(answers, FINE)
    done = perform(approved(earth).new_process())
    assert (ended_by(done), judged(done.state).verdict) == ("time", Verdict.PROVED)
    seen = [each["name"] for look in done.state.looks for each in look.body["signals"] if each["blocking"]]
    assert seen == ["watch-client-errors"] * 2


def test_a_command_that_cannot_be_asked_counts_as_a_signal() -> None:
    done = perform(approved(allowing(fake_world(), ERRORS)).new_process())
    assert ended_by(done) == "signal"


def test_a_group_that_does_not_arrive_sends_it_home() -> None:
    earth = ready()
    earth.consumers["billing"].never_returns = True
    done = perform(earth.new_process())
    assert (done.state.phase, ended_by(done)) == (LivePhase.HOME, "signal")
    assert done.state.ended is not None
    assert done.state.ended.body["detail"].startswith(NOT_ARRIVED)
    assert judged(done.state).verdict is Verdict.INCONCLUSIVE
    require_served_by(earth, "north")
