"""What an operator sees and types when a run was cut off, or has long ended."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import doctor, execution, failover, groups, handover, plan, sessions, status, switchover, translate
from drctl.errors import ConfigInvalid, DeadlinePassed, NotFound, Refused
from drctl.model.fence import DenyRule, Scope
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.model.terms import Terms
from drctl.model.translation import Exact, Proof
from drctl.monitors import observe
from drctl.plans.interruption import interruption
from drctl.plans.pausing import begin_pause
from drctl.plans.positions import translate_groups
from drctl.ports import World
from tests.fakes import FakeTail, FakeWorld, fake_world
from tests.fakes.clock import never_answers
from tests.fakes.world import APPLICATIONS
from tests.spec.stage import go_on, killed_at, require_served_by, switch

HANDING_OVER = "commit billing at south"
HOUR = timedelta(hours=1)


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = fake_world()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    for module in (doctor, failover, groups, handover, plan, sessions, status, switchover, translate):
        monkeypatch.setattr(module, "opened", opened)
    return earth


def typed(command: object, *words: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(command, words, obj=Path("plan.yaml"), input=answers)  # type: ignore[arg-type]


def cut_off(earth: FakeWorld, effect: str = HANDING_OVER) -> str:
    with killed_at(earth, effect):
        switch(earth.ports())
    earth.new_process()
    return earth.journal.runs()[-1][0].id


def test_the_first_line_of_the_status_is_the_run_that_was_cut_off_and_both_ways_out_of_it(earth: FakeWorld) -> None:
    run = cut_off(earth)
    lines = typed(status.command).stdout.splitlines()
    assert lines[0].startswith(f"UNFINISHED RUN {run}: switchover from north to south, interrupted at step ")
    assert "hand-over-positions" in lines[0]
    assert lines[1].endswith("no site was opened since: nobody can write")
    assert lines[2].split() == ["go", "on:", "drctl", "runs", "resume", run]
    assert lines[3].startswith(f"  give up: drctl runs abort {run} --reason ")


def test_the_status_for_programs_has_the_same_and_no_group_is_missing(earth: FakeWorld) -> None:
    run = cut_off(earth)
    told = json.loads(typed(status.command, "-o", "json").stdout)
    unfinished = told["unfinishedRun"]
    assert (unfinished["id"], unfinished["step"], unfinished["mayAbort"]) == (run, "hand-over-positions", True)
    assert 1 < unfinished["stepNumber"] < unfinished["steps"]
    assert unfinished["noWritesSince"]
    shown = typed(status.command).stdout
    assert shown.count("billing") == 2
    assert json.loads(typed(status.command, "-o", "json").stdout)["unfinishedRun"] == unfinished


def test_of_a_run_that_was_cut_off_the_link_home_has_no_lag_that_grows(earth: FakeWorld) -> None:
    cut_off(earth)
    assert earth.routing.site() is None
    links = {each["name"]: each for each in json.loads(typed(status.command, "-o", "json").stdout)["links"]}
    assert links["south-to-north"]["offOnPurpose"]
    assert links["south-to-north"]["lagRecords"]["value"] is None


def test_nobody_denied_is_an_empty_list_for_programs(earth: FakeWorld) -> None:
    sites = {each["name"]: each for each in json.loads(typed(status.command, "-o", "json").stdout)["sites"]}
    assert sites["north"]["denied"] == {"value": []}
    assert sites["south"]["denied"] == {"value": ["User:canary", "User:shop", "User:turbines"]}
    assert sites["south"]["undenied"] == {"value": []}


def test_behind_the_point_of_no_return_giving_up_is_not_offered(earth: FakeWorld) -> None:
    cut_off(earth, "routing to south")
    found = interruption(earth.new_process(), observe)
    assert found is not None
    assert not found.may_abort
    assert found.closed_since is None
    assert "abort" not in "\n".join(found.lines)


def test_without_an_unfinished_run_the_status_says_nothing_of_one(earth: FakeWorld) -> None:
    assert "UNFINISHED" not in typed(status.command).stdout
    assert json.loads(typed(status.command, "-o", "json").stdout)["unfinishedRun"] is None


def test_groups_are_translated_the_way_the_unfinished_run_goes(earth: FakeWorld) -> None:
    cut_off(earth)
    assert earth.routing.site() is None
    told = json.loads(typed(groups.command, "-o", "json").stdout)
    assert (told["source"], told["target"]) == ("north", "south")


def test_while_clients_are_sent_nowhere_the_direction_is_not_guessed(earth: FakeWorld) -> None:
    earth.routing.route_to(None)
    done = typed(groups.command)
    assert isinstance(done.exception, ConfigInvalid)
    assert "--to" in done.exception.remedy


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_move_to_where_clients_are_is_done_already(earth: FakeWorld, output: str) -> None:
    before = earth.journal.runs()
    for command in (switchover.command, failover.command, plan.switchover):
        done = typed(command, "--to", "north", "-o", output)
        assert done.exit_code == 0, done.exception
        if output == "json":
            assert json.loads(done.stdout)["state"] == "not-needed"
        else:
            assert done.stdout == "Clients are at north already: there is nothing to do.\n"
    assert earth.journal.runs() == before


def test_what_is_believed_is_still_held_against_the_world(earth: FakeWorld) -> None:
    done = typed(switchover.command, "--to", "north", "--expect", "primary=south")
    assert isinstance(done.exception, Refused)


def test_a_site_that_is_fenced_is_not_called_arrived_at(earth: FakeWorld) -> None:
    earth.north.denials = {DenyRule(p, s) for p in APPLICATIONS for s in Scope}
    done = typed(switchover.command, "--to", "north")
    assert isinstance(done.exception, Refused)
    assert "drctl unfence north" in done.exception.remedy


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (groups.command, ("handover", "--to", "north", "--group", "billing", "--yes")),
        (groups.command, ("translate", "--to", "north")),
        (doctor.command, ("--to", "north")),
    ],
)
def test_nobody_is_led_to_move_groups_to_where_clients_are(
    earth: FakeWorld, command: object, words: tuple[str, ...]
) -> None:
    """Each position there would look left over, to be deleted, and the link in use one that is to be stopped."""
    done = typed(command, *words)
    assert isinstance(done.exception, Refused)
    assert "clients are at north already" in str(done.exception)
    assert "delete" not in done.exception.remedy


@pytest.mark.parametrize("effect", [HANDING_OVER, "restart link to north"])
def test_while_a_run_is_cut_off_the_doctor_leads_back_to_it_and_to_no_link(earth: FakeWorld, effect: str) -> None:
    run = cut_off(earth, effect)
    done = typed(doctor.command, "--window", "0s", "-o", "json")
    assert f"UNFINISHED RUN {run}" in done.stderr
    blocking = [each["remedy"] for each in json.loads(done.stdout)["findings"] if each["severity"] == "blocks"]
    assert blocking, "the source is closed"
    assert all(f"'drctl runs resume {run}'" in remedy for remedy in blocking)


def test_an_unknown_site_and_an_unknown_group_exit_alike(earth: FakeWorld) -> None:
    for words in (("translate", "--to", "west"), ("translate", "--group", "west")):
        assert isinstance(typed(groups.command, *words).exception, NotFound)


def test_plan_and_command_agree_while_another_run_is_unfinished(earth: FakeWorld) -> None:
    for consumer in earth.consumers.values():
        consumer.running = False
    with killed_at(earth, HANDING_OVER):
        typed(groups.command, "handover", "--to", "south", "--group", "billing", "--yes")
        raise AssertionError("it was not cut off")
    planned, done = typed(plan.switchover, "--to", "south"), typed(switchover.command, "--to", "south", "--yes")
    assert isinstance(planned.exception, Refused)
    assert str(planned.exception) == str(done.exception)


def test_plan_says_that_an_unfinished_run_goes_on_as_the_command_does(earth: FakeWorld) -> None:
    cut_off(earth)
    done = typed(plan.switchover, "--to", "south")
    assert done.exit_code == 0, done.exception
    assert "UNFINISHED RUN" in done.stdout


def _paused(earth: FakeWorld) -> None:
    begin_pause(earth.new_process(), Terms(by="anna"), earth.clock.now() + HOUR, "a storm")


def _cooling(earth: FakeWorld) -> None:
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, cool_down=HOUR))
    switch(earth.ports())
    earth.settle(5)


def _cut_off_at_once(earth: FakeWorld) -> None:
    cut_off(earth, "raise epoch to 1")
    earth.mirrors["north", "south"].state = ConnectorState.FAILED


def _edited(earth: FakeWorld) -> None:
    cut_off(earth)
    first, *others = earth.plan.workloads
    earth.plan = replace(earth.plan, workloads=(replace(first, groups=first.groups[:-1]), *others))


@pytest.mark.parametrize(
    ("state", "target"), [(_paused, "south"), (_cooling, "north"), (_cut_off_at_once, "south"), (_edited, "south")]
)
def test_plan_ends_as_the_command_would(earth: FakeWorld, state: Callable[[FakeWorld], None], target: str) -> None:
    state(earth)
    planned = typed(plan.switchover, "--to", target)
    done = typed(switchover.command, "--to", target, "--yes")
    codes = [getattr(each.exception, "exit_code", each.exit_code) for each in (planned, done)]
    assert codes[0] == codes[1] != 0, (planned.exception, planned.stdout, done.exception)


def test_who_goes_on_is_not_told_that_writing_stops(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    run = cut_off(earth)
    monkeypatch.setattr(execution, "require_somebody", lambda: None)
    done = typed(switchover.command, "--to", "south", answers="n\n")
    assert isinstance(done.exception, Refused)
    assert f"UNFINISHED RUN {run}" in done.stderr
    assert "Go on with it?" in done.stderr
    assert "stops" not in done.stderr.replace("was stopped", "")


def test_the_seconds_of_a_continued_run_count_from_its_first_attempt(earth: FakeWorld) -> None:
    cut_off(earth)
    earth.settle(600)
    seconds = {each.name: each.seconds for each in go_on(earth.new_process()).timings}
    assert seconds["fence-writes"] < 600 <= seconds["hand-over-positions"]


def test_who_interrupts_behind_the_fence_is_told_that_nobody_can_write_and_both_ways_out(earth: FakeWorld) -> None:
    def interrupt(effect: str) -> None:
        if effect == HANDING_OVER:
            raise KeyboardInterrupt

    earth.effects.watchers.append(interrupt)
    done = typed(switchover.command, "--to", "south", "--yes")
    run = earth.journal.runs()[-1][0].id
    assert f"UNFINISHED RUN {run}" in done.stderr
    assert "nobody can write" in done.stderr
    assert f"drctl runs abort {run}" in done.stderr


@pytest.fixture
def as_in_a_new_process() -> Iterator[None]:
    """As in a process of its own: a command that ended in this one has left signals ignored."""
    numbers = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("as_in_a_new_process")
def test_behind_a_run_every_signal_does_what_it_did_before(earth: FakeWorld) -> None:
    every = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]
    before = {number: signal.getsignal(number) for number in every}
    within: list[signal.Signals] = []

    def look(effect: str) -> None:
        if effect == HANDING_OVER:
            within.extend(each for each in signal.Signals if each in every and signal.getsignal(each) != before[each])

    earth.effects.watchers.append(look)
    typed(switchover.command, "--to", "south", "--yes")
    assert {number: signal.getsignal(number) for number in every} == before
    assert {"SIGHUP", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU"} == {each.name for each in within}


@pytest.mark.parametrize("when", [HANDING_OVER, "deny at north", "routing to south"])
def test_a_run_goes_on_when_its_terminal_is_gone(earth: FakeWorld, when: str) -> None:
    sent = []

    def hang_up(effect: str) -> None:
        if effect == when:
            sent.append(effect)
            os.kill(os.getpid(), signal.SIGHUP)

    earth.effects.watchers.append(hang_up)
    before = signal.getsignal(signal.SIGHUP)
    done = typed(switchover.command, "--to", "south", "--yes")
    assert done.exit_code == 0, done.exception
    assert sent
    assert signal.getsignal(signal.SIGHUP) is before
    require_served_by(earth, "south")


def test_a_second_interrupt_takes_away_no_word_of_what_the_first_has_left_behind(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(effect: str) -> None:
        if effect == HANDING_OVER:
            raise KeyboardInterrupt

    def impatiently(*asked: Any) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return interruption(*asked)

    earth.effects.watchers.append(interrupt)
    monkeypatch.setattr("drctl.plans.interruption.interruption", impatiently)
    done = typed(switchover.command, "--to", "south", "--yes")
    assert done.stderr.count("UNFINISHED RUN") == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("words", [("list",), ("show", "billing")])
def test_a_site_that_is_silent_hides_no_group_of_the_other_and_is_named(
    earth: FakeWorld, words: tuple[str, ...]
) -> None:
    earth.south.down = True
    done = typed(groups.command, *words)
    assert done.exit_code == 6, done.exception
    assert "billing" in done.stdout
    assert "south is unknown: " in done.stderr
    told = typed(groups.command, *words, "-o", "json")
    assert told.exit_code == 6
    assert list(json.loads(told.stdout)["unknownSites"]) == ["south"]


def test_the_status_with_a_silent_site_shows_the_other_and_why_once_a_table(earth: FakeWorld) -> None:
    earth.south.down = True
    shown = typed(status.command)
    assert shown.exit_code == 0, shown.exception
    assert any(line.startswith("south  unknown  unknown") for line in shown.stdout.splitlines())
    assert "unknown (" not in shown.stdout
    assert "dispatch" in shown.stdout


def test_a_group_that_does_not_exist_is_absent_everywhere(earth: FakeWorld) -> None:
    earth.south.groups.pop("billing", None)
    shown = json.loads(typed(groups.command, "show", "billing", "-o", "json").stdout)["sites"]["south"]
    (listed,) = (
        g for g in json.loads(typed(groups.command, "list", "-o", "json").stdout)["groups"] if g["name"] == "billing"
    )
    assert shown["state"] == listed["sites"]["south"]["state"] == "absent"
    assert "Dead" not in typed(status.command, "-o", "wide").stdout


@pytest.mark.parametrize("words", [(), ("-o", "json")])
def test_the_plan_tells_of_a_silent_site_and_of_all_that_the_other_says(
    earth: FakeWorld, words: tuple[str, ...]
) -> None:
    asked = earth.new_process
    with pytest.MonkeyPatch.context() as patch:

        def hanging() -> World:
            world = asked()
            patch.setattr(world.sites["south"].brokers, "cluster", never_answers)
            patch.setattr(world.sites["south"].positions, "committed", never_answers)
            return world

        patch.setattr(earth, "new_process", hanging)
        done = typed(plan.switchover, "--to", "south", *words)
    assert done.exit_code == 30, done.exception
    assert "site south: no answer within 8 s" in done.stdout
    assert "prove-fence" in done.stdout


def test_sessions_that_were_not_read_to_the_end_are_shown_as_far_as_they_were(earth: FakeWorld) -> None:
    whole = FakeTail(earth.north).poll(0.1)

    def poll(_: FakeTail, seconds: float) -> object:
        earth.clock.sleep(seconds)
        return replace(whole, behind=7)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeTail, "poll", poll)
        done = typed(sessions.command, "--timeout", "1s", "-o", "json")
    assert isinstance(done.exception, DeadlinePassed)
    assert "7 commits were not read" in str(done.exception)
    told = json.loads(done.stdout)
    assert (told["complete"], told["unread"]) == (False, 7)
    assert isinstance(told["groups"], list)


def test_a_checkpoint_that_is_written_while_positions_are_read_does_not_make_mirrormaker_look_ahead(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    translated = translate_groups

    def slowly(*args: Any, **more: Any) -> Any:
        answers = translated(*args, **more)
        earth.settle(20)
        return answers

    monkeypatch.setattr(translate, "translate_groups", slowly)
    told = json.loads(typed(groups.command, "-o", "json").stdout)
    compared = [
        (each["mirrorMaker"], each["translated"])
        for group in told["groups"]
        for each in group["positions"]
        if each["mirrorMaker"] is not None and each["translated"] is not None
    ]
    assert compared
    assert all(theirs <= ours for theirs, ours in compared)


@pytest.mark.parametrize(("compared", "words"), [(0, "no record lies in between"), (3, "every record in between is")])
def test_what_was_not_compared_is_not_called_equal(compared: int, words: str) -> None:
    answer = Exact(TopicPartition("shop.orders", 0), 5, 7, Proof.COUNTED, compared)
    assert words in translate._told(answer)[2]
