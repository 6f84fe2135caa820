"""A run that was cut off: what every command says of it, and where it leads."""

import json

import pytest

from drctl.cli import doctor, execution, groups, status, switchover
from drctl.errors import Refused
from drctl.monitors import observe
from drctl.plans.interruption import interruption
from tests.fakes import FakeWorld
from tests.spec.harness import go_on
from tests.unit.cli.terminal import HANDING_OVER, cut_off, typed


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


@pytest.mark.parametrize("effect", [HANDING_OVER, "restart link to north"])
def test_while_a_run_is_cut_off_the_doctor_leads_back_to_it_and_to_no_link(earth: FakeWorld, effect: str) -> None:
    run = cut_off(earth, effect)
    done = typed(doctor.command, "--window", "0s", "-o", "json")
    assert f"UNFINISHED RUN {run}" in done.stderr
    blocking = [each["remedy"] for each in json.loads(done.stdout)["findings"] if each["severity"] == "blocks"]
    assert blocking, "the source is closed"
    assert all(f"'drctl runs resume {run}'" in remedy for remedy in blocking)


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
