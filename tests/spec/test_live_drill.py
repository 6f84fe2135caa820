"""A drill with the real work: two ordinary runs, a stay that holds nothing, and an end that nobody has to remember."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from drctl.cli import drill, live, runs, verify
from drctl.cli.live_lines import is_watched, live_document, live_lines
from drctl.decide.staying import NOT_ARRIVED
from drctl.drills.bundle.manifest import RunKind, parsed
from drctl.drills.bundle.write import seal
from drctl.drills.live.gates import require_may_begin
from drctl.drills.live.judging import judged
from drctl.errors import (
    ApprovalMissing,
    Blocked,
    BundleDamaged,
    ConfigInvalid,
    Refused,
    ReportContradicted,
    RolledBack,
)
from drctl.model.calendar import Calendar
from drctl.model.capacity import Shift
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.model.verdict import Verdict
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.plans.approvals import Digests, approve
from drctl.plans.awaiting import awaited
from drctl.plans.digests import plan_digest
from drctl.plans.interruption import interruption
from drctl.plans.live import DrillWord, LivePhase, end_live_drill, say_word, standing_drill
from drctl.plans.pausing import begin_pause
from drctl.plans.record import unfinished
from drctl.plans.selection import SWITCHOVER
from drctl.ports import World
from drctl.ports.commands import Ended
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.stage import (
    go_on,
    killed_at,
    require_nothing_lost_or_repeated,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.staying import ANNA, BEN, ERRORS, STAY, Performed, after, allowing, approved, perform, ready

PROVED, INCONCLUSIVE, ROLLED_BACK, APPROVAL_MISSING = 0, 21, 5, 18
FINE, BROKEN = Ended(0), Ended(1, errors="502 from the shop")


def ended_by(done: Performed) -> str:
    assert done.state.ended is not None
    return str(done.state.ended.body["why"])


def moves(earth: FakeWorld) -> list[tuple[str, str, RunState]]:
    return [(run.source, run.target, state) for run, state in earth.journal.runs() if run.kind == SWITCHOVER]


THERE, HOME = ("north", "south", RunState.DONE), ("south", "north", RunState.DONE)


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
    assert earth.door.site() == "north"
    if not prefixed:
        require_nothing_lost_or_repeated(earth, "north")
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
    assert earth.door.site() == "north"
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
    closing(earth, 0, 2)  # it is some seconds past midnight, and the stay lasts two minutes
    approved(earth)

    def close() -> None:
        begin_pause(earth.ports(), Terms(by="ops"), earth.clock.now() + timedelta(hours=1), "a storm")

    after(earth, 30, close)
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.HOME
    assert done.state.home is not None
    told = done.state.home.entries[0].body["overridden"]
    assert set(told) == {"cooling-down", "outside-window", "paused"}


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
    require_nothing_lost_or_repeated(earth, "north")


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


def test_a_person_sends_it_home_at_once() -> None:
    earth = ready()
    after(earth, 60, lambda: say_word(earth.ports(), DrillWord.GO_HOME, BEN, "the shop is slow"))
    done = perform(earth.new_process())
    assert (done.state.phase, ended_by(done)) == (LivePhase.HOME, "word")
    assert done.state.ended is not None
    assert done.state.since is not None
    assert done.state.ended.at - done.state.since < STAY
    reasons = judged(done.state).reasons
    assert any("ben said go-home: the shop is slow" in each for each in reasons)
    require_nothing_lost_or_repeated(earth, "north")


def test_promoted_it_stays_and_says_so() -> None:
    earth = ready()
    after(earth, 60, lambda: say_word(earth.ports(), DrillWord.STAY, BEN, "north is being rebuilt"))
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.PROMOTED
    assert moves(earth)[1:] == [THERE]
    verdict = judged(done.state)
    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert "the drill was promoted" in verdict.reasons[0]
    require_nothing_lost_or_repeated(earth, "south")
    require_served_by(earth, "south")


def test_a_word_to_stay_that_comes_right_before_the_way_home_begins_is_kept() -> None:
    earth = ready()

    def promote(line: str) -> None:
        if line.startswith("moving home"):
            say_word(earth.ports(), DrillWord.STAY, BEN, "wait")

    done = perform(earth.new_process(), heard=promote)
    assert done.state.phase is LivePhase.PROMOTED
    assert moves(earth)[1:] == [THERE]
    require_served_by(earth, "south")


def test_once_the_way_home_is_begun_a_word_to_stay_comes_too_late() -> None:
    earth = ready()
    with killed_at(earth, "lift at north"):
        perform(earth.new_process())
    with pytest.raises(Refused, match="is moving home"):
        say_word(earth.new_process(), DrillWord.STAY, BEN, "stay")


def test_a_second_word_is_refused() -> None:
    earth = staying()
    say_word(earth.new_process(), DrillWord.GO_HOME, BEN, "slow")
    with pytest.raises(Refused, match="ben has said already: go-home"):
        say_word(earth.new_process(), DrillWord.STAY, ANNA, "no")


def staying() -> FakeWorld:
    """A drill whose drctl was killed in the middle of its stay."""
    earth = ready()
    die_in_the_stay(earth)
    return earth


def die_in_the_stay(earth: FakeWorld) -> None:
    def die() -> None:
        raise Killed

    after(earth, 60, die)
    with pytest.raises(Killed):
        perform(earth.new_process())


def test_the_stay_holds_no_lease_and_no_run_is_unfinished() -> None:
    earth = ready()
    seen: list[tuple[str, int]] = []
    after(earth, 60, lambda: seen.append((earth.seat.holder, len(unfinished(earth.ports())))))
    perform(earth.new_process())
    assert seen == [("", 0)]


def test_what_somebody_else_moved_is_not_led_home() -> None:
    earth = ready()
    after(earth, 60, lambda: switch(earth.ports(), "south", "north"))
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.OVERTAKEN
    assert moves(earth)[1:] == [THERE, HOME]
    assert judged(done.state).verdict is Verdict.INCONCLUSIVE
    require_nothing_lost_or_repeated(earth, "north")


def test_one_whose_drctl_has_died_is_told_with_what_to_type_and_goes_on() -> None:
    earth = staying()
    world = earth.new_process()
    assert interruption(world, observe) is None
    standing = standing_drill(world)
    assert standing is not None
    assert standing.phase is LivePhase.STAYING
    assert is_watched(standing, world.clock.now())
    earth.settle(100)
    assert not is_watched(standing, world.clock.now())
    text = "\n".join(live_lines(standing, world.clock.now()))
    assert "NOBODY WATCHES IT" in text
    for command in ("drctl drill --level live", "drctl drill --go-home", "drctl drill --promote"):
        assert command in text
    told = live_document(standing, world.clock.now())
    assert told is not None
    assert (told["phase"], told["watched"]) == ("staying", False)
    done = perform(world, standing.run.id)
    assert (done.state.phase, judged(done.state).verdict) == (LivePhase.HOME, Verdict.PROVED)
    assert standing_drill(world) is not None, "it is ended once its report is written"


def test_a_move_there_that_is_rolled_back_ends_the_drill() -> None:
    earth = ready()
    earth.consumers["billing"].stubborn = True
    done = perform(earth.new_process())
    assert isinstance(done.drill.failed, RolledBack)
    assert (done.state.phase, judged(done.state).verdict) == (LivePhase.BEGUN, Verdict.INCONCLUSIVE)
    require_served_by(earth, "north")


def test_killed_at_any_effect_it_goes_on_as_if_undisturbed() -> None:
    whole = ready()
    perform(whole.new_process())
    count = len(whole.effects.names)
    assert count > 100
    for number in range(2, count, 23):
        earth = ready()
        earth.effects.cut_off(number, before=bool(number % 2))
        both = watch_for_two_open_sites(earth)
        with pytest.raises(Killed):
            perform(earth.new_process())
        world = earth.new_process()
        if unfinished(world):
            go_on(world)
        standing = standing_drill(world)
        assert standing is not None
        done = perform(earth.new_process(), standing.run.id)
        assert done.state.phase is LivePhase.HOME, (number, whole.effects.names[number])
        assert judged(done.state).verdict is not Verdict.REFUTED
        assert [each for each in moves(earth) if each[2] is RunState.DONE] == [THERE, HOME]
        assert both == []
        require_nothing_lost_or_repeated(earth, "north")


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    made = ready()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield made.new_process()

    for module in (live, runs):
        monkeypatch.setattr(module, "opened", opened)
    return made


def drilled(report: Path, *words: str) -> Result:
    arguments = ["--level", "live", "--yes", "--by", "anna", "--report", str(report), *words]
    return CliRunner().invoke(drill.command, arguments, obj=Path("plan.yaml"))


def checked(report: Path) -> Result:
    return CliRunner().invoke(verify.command, [str(report), "-o", "json"])


def body(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report / "live.json").read_text())
    return found


def test_its_bundle_is_judged_again_from_its_journal(earth: FakeWorld, tmp_path: Path) -> None:
    done = drilled(tmp_path)
    assert done.exit_code == PROVED, done.output
    told = body(tmp_path)
    assert [each["approvedBy"] for each in told["moves"]] == ["ben", None]
    assert all(each["pause"]["withinObjective"] for each in told["moves"])
    assert parsed((tmp_path / "manifest.json").read_bytes()).run_kind is RunKind.LIVE
    again = checked(tmp_path)
    assert again.exit_code == PROVED, again.output
    assert json.loads(again.stdout)["runKind"] == "live-drill"
    forged = told | {"reasons": ["all was well"]}
    (tmp_path / "live.json").write_text(json.dumps(forged))
    assert isinstance(checked(tmp_path).exception, BundleDamaged)
    seal(tmp_path, str(told["id"]), RunKind.LIVE, None)
    assert isinstance(checked(tmp_path).exception, ReportContradicted)
    assert standing_drill(earth.ports()) is None


def test_one_that_was_refused_leaves_no_report_and_stands_in_nobodys_way(earth: FakeWorld, tmp_path: Path) -> None:
    earth.plan = replace(earth.plan, digest="1" * 64)
    done = drilled(tmp_path)
    assert isinstance(done.exception, ApprovalMissing)
    assert done.exception.exit_code == APPROVAL_MISSING
    assert not (tmp_path / "live.json").exists()
    assert standing_drill(earth.ports()) is None


def test_one_that_was_rolled_back_leaves_a_report_and_exits_as_its_move_did(earth: FakeWorld, tmp_path: Path) -> None:
    earth.consumers["billing"].stubborn = True
    done = drilled(tmp_path)
    assert isinstance(done.exception, RolledBack)
    assert done.exception.exit_code == ROLLED_BACK
    assert body(tmp_path)["verdict"] == "inconclusive"
    assert checked(tmp_path).exit_code == INCONCLUSIVE
    assert standing_drill(earth.ports()) is None


def test_runs_abort_brings_it_home_and_runs_resume_goes_on(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    die_in_the_stay(earth)
    earth.settle(100)
    asked: list[str] = []

    def go_on_with_it(_: Path, said: Terms) -> int:
        asked.append(said.by)
        return INCONCLUSIVE

    monkeypatch.setattr(live, "go_on", go_on_with_it)
    found = CliRunner().invoke(runs.abort, ["--reason", "slow", "--by", "ben"], obj=Path("plan.yaml"))
    assert found.exit_code == INCONCLUSIVE, found.output
    standing = standing_drill(earth.ports())
    assert standing is not None
    assert standing.word is not None
    assert (standing.word.word, standing.word.reason) == (DrillWord.GO_HOME, "slow")
    assert CliRunner().invoke(runs.resume, ["--by", "ben"], obj=Path("plan.yaml")).exit_code == INCONCLUSIVE
    assert asked == ["ben", "ben"]
    monkeypatch.undo()
    done = perform(earth.new_process(), standing.run.id)
    assert (done.state.phase, ended_by(done)) == (LivePhase.HOME, "word")


def test_the_words_are_options_of_the_drill(earth: FakeWorld) -> None:
    done = CliRunner().invoke(drill.command, ["--promote", "stay", "--by", "ben"], obj=Path("plan.yaml"))
    assert isinstance(done.exception, Refused)
    assert "no live drill is under way" in str(done.exception)
    both = CliRunner().invoke(drill.command, ["--promote", "stay", "--go-home", "go"], obj=Path("plan.yaml"))
    assert both.exit_code == 2
    assert earth.door.site() == "north"
