"""A campaign: green only if every run was proved, on no lab left broken, and continued where it stopped."""

import fcntl
import json
from pathlib import Path

import pytest

from drctl.chaos.admission import Experiment
from drctl.chaos.campaign import Schedule
from drctl.errors import BundleDamaged, ConfigInvalid, Conflict, Locked
from tests.unit.chaos.campaigning import Campaigns, three
from tests.unit.chaos.test_admission import CONTROL, ON_PODS

__all__ = ["three"]

NAMES = ["control", "one", "two", "three"]


def test_all_that_are_proved_share_one_lab(three: Campaigns) -> None:
    done = three.run("--rounds", "2")
    assert done.exit_code == 0, done.output
    assert three.calls == NAMES * 2
    # The control's loss is left to nobody: its lab goes down, whoever shared it before.
    assert [each["since"] for each in three.results] == [1, 2, 2, 2, 2, 6, 6, 6]
    assert three.labs == ["up", "down"] * 3
    assert "6 of 8 proved as stated, 2 refuted as stated; 6 faults without a loss" in done.output


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("refuted", 20),
        ("inconclusive", 21),
        ("vacuous", 21),
        ("proved:1", 21),
        ("proved misses", 21),
        ("proved lacks", 21),
        ("inconclusive:0", 21),
        ("nothing:0", 21),
        ("refuted:0", 20),
    ],
)
def test_one_that_is_not_proved_fails_all_and_costs_the_lab(three: Campaigns, end: str, code: int) -> None:
    three.end(two=end)
    done = three.run()
    assert done.exit_code == code
    assert three.calls == NAMES
    assert three.labs == ["up", "down"] * 3
    assert [each["since"] for each in three.results] == [1, 2, 2, 4]
    assert "2 of 4 proved as stated" in done.output


@pytest.mark.parametrize("end", ["proved misses", "proved lacks"])
def test_a_proof_whose_negative_control_was_not_caught_counts_as_none_and_says_why(three: Campaigns, end: str) -> None:
    three.end(two=end)
    three.run()
    assert three.results[2]["reason"].startswith("its negative control was not caught")


def test_without_a_lab_nothing_was_run(three: Campaigns) -> None:
    three.has_lab = False
    assert three.run().exit_code == 21
    assert not three.calls
    assert [(each["verdict"], each["reason"]) for each in three.results] == [
        ("not run", "the lab did not start: no Java")
    ] * 4


def test_what_each_experiment_has_shown_is_told_with_who_saw_the_fault(three: Campaigns) -> None:
    three.end(two="inconclusive", three="nothing:1")
    three.run("--rounds", "2")
    rows = (three.report / "summary.md").read_text().splitlines()
    untimed = [row.rsplit("|", 2)[0].rstrip() for row in rows]  # the last column is seconds, by the machine's load
    seen = "kill of north-broker-1: the other brokers"
    assert f"| one | 2 | 2 | – | {seen} | 9422 | always" in untimed
    assert f"| two | 2 | 0 | 2 inconclusive | {seen} | 9422 | always" in untimed
    assert "| three | 2 | 0 | 2 not run | nobody saw one | 0 | 0 of 2" in untimed
    assert f"| control | 2 | 2 | – | {seen} | 9422 | always" in untimed
    assert "| 3 | two | inconclusive | because / of |" in rows
    told = {each["name"]: each for each in three.summary["experiments"]}
    assert (told["one"]["proved"], told["two"]["verdicts"]) == (2, {"inconclusive": 2})
    assert [each["number"] for each in three.summary["not_proved"]] == [3, 4, 7, 8]


def test_only_faults_of_proved_runs_count_towards_the_bound_and_their_ends_do_not(three: Campaigns) -> None:
    three.end(three="inconclusive")
    assert "2 faults without a loss" in three.run().output
    assert three.summary["faults"] == 2
    assert round(three.summary["loss_per_fault_below"], 3) == 0.776


def test_once_a_loss_was_found_nothing_is_bounded(three: Campaigns) -> None:
    three.end(three="refuted")
    assert "nothing is bounded" in three.run().output
    assert three.summary["loss_per_fault_below"] is None


def test_without_a_control_in_which_records_are_lost_a_campaign_proves_nothing(three: Campaigns) -> None:
    (three.folder / "control.yaml").unlink()
    done = three.run()
    assert done.exit_code == 21
    assert three.calls == NAMES[1:]
    assert done.output.count("no experiment in which brokers lose records was refuted as stated") == 2
    assert three.summary["verdict"] == "inconclusive"


def test_a_control_that_is_not_sound_is_named_with_what_it_lacks(three: Campaigns) -> None:
    three.write("control", extensions=[{**CONTROL, "topics": []}])
    done = three.run(names=("one",))
    assert three.calls == ["one"]
    assert "control.yaml: is to be refuted, and does not state in which topics" in done.output
    assert "add topics" in done.output


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("refuted", 20),
        ("proved", 21),
        ("inconclusive", 21),
        ("vacuous", 21),
        ("nothing:0", 21),
        ("refuted:0", 20),
        ("inconclusive as stated", 21),
    ],
)
def test_a_control_that_is_not_refuted_as_stated_makes_all_of_it_worthless(
    three: Campaigns, end: str, code: int
) -> None:
    three.end(control=end)
    assert three.run().exit_code == code
    assert three.calls == NAMES
    assert three.summary["refuted_as_stated"] == 0


@pytest.mark.parametrize("more", [(), ("--rounds", "2")])
def test_controls_alone_prove_nothing(three: Campaigns, more: tuple[str, ...]) -> None:
    done = three.run(*more, names=("control",))
    assert done.exit_code == 22, done.output
    assert three.summary["verdict"] == "vacuous"
    assert "0 of " in done.output


def test_a_control_that_is_named_runs_where_it_is_named_and_no_other_is_added(three: Campaigns) -> None:
    three.write("control-other", extensions=[CONTROL])
    assert three.run(names=("one", "control-other", "two")).exit_code == 0
    assert three.calls == ["one", "control-other", "two"]


@pytest.mark.parametrize(("seed", "chosen"), [("0", "control"), ("1", "control-other"), ("2", "control")])
def test_which_control_is_added_goes_by_the_seed(three: Campaigns, seed: str, chosen: str) -> None:
    three.write("control-other", extensions=[CONTROL])
    assert three.run("--seed", seed).exit_code == 0
    assert sorted(three.calls) == sorted([chosen, *NAMES[1:]])


def test_neither_an_experiment_on_pods_nor_a_control_on_pods_runs_and_a_named_one_is_replaced(three: Campaigns) -> None:
    killing = {"method": [ON_PODS], "extensions": [CONTROL]}
    three.write("control-named", **killing)
    three.write("control-aside", **killing)
    done = three.run("--seed", "1", names=("control-named", "one"))
    assert done.exit_code == 0, done.output
    assert sorted(three.calls) == ["control", "one"]
    assert "left out: control-named" in done.output


def test_a_campaign_of_an_earlier_version_is_compared_as_it_was(three: Campaigns) -> None:
    three.run()
    told = [{key: each[key] for key in each if key != "refuted_as_stated"} for each in three.results]
    (three.report / "results.jsonl").write_text(json.dumps({**told[1], "number": 1}) + "\n")
    done = three.call("trend", str(three.folder))
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].split()[-4:] == ["1", "1", "1", "95.00%"]


def test_a_seed_gives_an_order_that_comes_again_and_that_differs_from_round_to_round() -> None:
    experiments = tuple(Experiment(Path(f"{n}.yaml"), "t", (), repeats=False) for n in range(6))
    shuffled, named = Schedule(experiments, 7), Schedule(experiments, 0)
    rounds = [[shuffled.at(6 * turn + n) for n in range(1, 7)] for turn in range(4)]
    assert all(sorted(each, key=str) == sorted(experiments, key=str) for each in rounds)
    assert rounds == [[Schedule(experiments, 7).at(6 * turn + n) for n in range(1, 7)] for turn in range(4)]
    assert len({tuple(each) for each in rounds}) == 4
    assert [named.at(n) for n in range(1, 13)] == [*experiments, *experiments]


def test_one_that_was_interrupted_puts_away_what_it_has_begun_and_goes_on_where_it_stopped(three: Campaigns) -> None:
    three.end(two="interrupts")
    assert three.run().exit_code == 1  # Click's word for a command that was interrupted
    assert (three.folder / "put away").exists()
    assert three.labs == ["up", "down"] * 2
    assert three.summary["runs"] == 2
    three.end()
    done = three.run()
    assert done.exit_code == 0, done.output
    assert "goes on behind run 2" in done.output
    assert three.calls == ["control", "one", "two", "two", "three"]
    assert [each["number"] for each in three.results] == [1, 2, 3, 4]
    assert three.run().exit_code == 0
    assert len(three.calls) == 5


@pytest.mark.parametrize("left", [0, 1, 40, -1, -2])
def test_a_run_whose_line_was_cut_off_is_run_again(three: Campaigns, left: int) -> None:
    three.run()
    whole = (three.report / "results.jsonl").read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    (three.report / "results.jsonl").write_bytes(whole[: -len(last)] + last[:left])
    done = three.run()
    assert done.exit_code == 0, done.output
    assert three.calls == [*NAMES, "three"]
    assert [each["number"] for each in three.results] == [1, 2, 3, 4]


def test_a_verdict_of_an_earlier_run_does_not_count(three: Campaigns) -> None:
    three.run()
    (three.report / "results.jsonl").unlink()
    three.end(one="nothing:0")
    assert three.run().exit_code == 21
    assert three.results[1]["verdict"] == "not run"


def test_another_campaign_is_not_mixed_with_it(three: Campaigns) -> None:
    three.run()
    assert isinstance(three.run("--seed", "1").exception, Conflict)
    assert isinstance(three.run(names=("one", "two")).exception, Conflict)
    three.write("one", title="another one")
    assert "its experiments differ" in str(three.run().exception)
    assert three.calls == NAMES


def test_two_are_not_at_work_in_one_folder(three: Campaigns) -> None:
    three.report.mkdir()
    with (three.report / "campaign.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert isinstance(three.run().exception, Locked)
    assert not three.calls


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(b"{}\n", "line 2 is not how a run ended", id="another object"),
        pytest.param(b"{\n", "line 2", id="no JSON"),
        pytest.param(None, "line 2 is about run 1", id="a line that stands there twice"),
    ],
)
def test_a_line_that_no_campaign_has_written_is_named(three: Campaigns, line: bytes | None, said: str) -> None:
    three.run()
    first, second, third, last = (three.report / "results.jsonl").read_bytes().splitlines(keepends=True)
    (three.report / "results.jsonl").write_bytes(first + (line or first) + third + last)
    done = three.run("--rounds", "2")
    assert isinstance(done.exception, BundleDamaged)
    assert said in str(done.exception)
    assert second not in (three.report / "results.jsonl").read_bytes()
    assert three.calls == NAMES


def test_bad_input_is_told_before_anything_runs(three: Campaigns, tmp_path: Path) -> None:
    assert "named twice" in str(three.run(names=("one", "one")).exception)
    assert isinstance(three.run("--for", "long").exception, ConfigInvalid)
    (tmp_path / "bad.yaml").write_text("title: t")
    assert isinstance(three.run(names=("one", "bad")).exception, ConfigInvalid)
    assert isinstance(three.run("--sign-with", str(tmp_path / "bad.yaml")).exception, ConfigInvalid)
    three.report.write_text("a file")
    assert three.run().exit_code
    assert not three.calls


def test_no_run_begins_once_its_time_is_over(three: Campaigns) -> None:
    assert three.run("--for", "0s").exit_code == 22
    assert not three.calls
    assert three.run("--for", "1h", "--rounds", "1").exit_code == 0
    assert three.calls == NAMES


def test_campaigns_are_compared_and_one_that_cannot_be_read_is_named(three: Campaigns) -> None:
    whole = three.folder / "whole"
    for name, ends in (("first", {}), ("second", {"one": "inconclusive"}), ("third", {"one": "refuted"})):
        three.report = whole / name
        three.end(**ends)
        three.run()
    (whole / "broken").mkdir()
    (whole / "broken" / "campaign.json").write_text("{}")
    done = three.call("trend", str(whole))
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[-4:] for row in rows[1:3]] == [["4", "3", "3", "63.16%"], ["4", "2", "2", "77.64%"]]
    assert rows[3][-7:] == ["4", "2", "2", "a", "loss", "was", "found"]
    assert rows[4][:2] == ["all", "3"]
    assert rows[4][-4:] == ["a", "loss", "was", "found"]
    assert "left out" in done.stderr
    assert isinstance(three.call("trend", str(three.folder / "nowhere")).exception, ConfigInvalid)
