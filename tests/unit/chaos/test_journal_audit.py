"""Every way in which the Chaos Toolkit passes without having tested anything is a gap. The real toolkit runs here."""

import copy
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drctl.chaos import child
from drctl.drills.experiments.journal_audit import gaps, hypothesis_strategy, overruled
from drctl.drills.experiments.judging import read_journal
from drctl.model.verdict import Verdict, exit_code
from tests.unit.chaos.experiments import action, experiment, probe, ran_as_written

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", __name__])  # the toolkit takes a second to load, and once is enough


def _unheard(file: str, journal: str) -> None:
    with Path(os.devnull).open("w") as nowhere:
        for number in (1, 2):
            os.dup2(nowhere.fileno(), number)
    child.main(file, journal)


def run(folder: Path, text: dict[str, Any]) -> dict[str, Any]:
    """Run it by a process of its own, and return the toolkit's journal."""
    file, journal = folder / "experiment.json", folder / "journal.json"
    file.write_text(json.dumps(text))
    process = FORKS.Process(target=_unheard, args=(str(file), str(journal)))
    process.start()
    process.join()
    process.close()
    document: dict[str, Any] = json.loads(journal.read_text())
    return document


def hypothesis(*probes: dict[str, Any]) -> dict[str, Any]:
    return {"steady-state-hypothesis": {"title": "h", "probes": list(probes)}}


def test_an_experiment_that_ran_as_written_leaves_the_ledgers_verdict_alone(tmp_path: Path) -> None:
    found = tuple(gaps(run(tmp_path, experiment())))
    assert overruled(Verdict.PROVED, ("all there",), found) == (Verdict.PROVED, ("all there",))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"method": [action("fail")]}, "activity 'fail' failed", id="an action fails"),
        pytest.param({"method": [action("crash")]}, "activity 'crash' failed", id="an action crashes"),
        pytest.param({"method": []}, "no method", id="nothing is done"),
        pytest.param({"method": [action("fail", background=True)]}, "'fail' failed", id="a background action fails"),
        pytest.param({"method": [action("interrupt"), action("act")]}, "interrupted", id="an action interrupts"),
        pytest.param(
            {"method": [action("act"), probe("say", True, value=False)]},
            "not held against its tolerance",
            id="a probe of the method is out of tolerance",
        ),
        pytest.param({"rollbacks": [action("fail")]}, "rollback activity 'fail' failed", id="a rollback fails"),
        pytest.param(hypothesis(probe("say", True, value=False)), "not met before", id="not steady before"),
        pytest.param(hypothesis(probe("fail", True)), "ended as failed", id="the gate cannot look"),
        pytest.param(hypothesis(probe("flip", True)), "not met after", id="not steady after"),
        pytest.param(hypothesis(), "has no probe", id="a hypothesis without probes"),
        pytest.param(
            hypothesis(probe("say", 1, value={"lost": 9, "status": 1})), "only its status", id="an object is misread"
        ),
        pytest.param(
            {
                **hypothesis(probe("dip", True)),
                "method": [action("act", pauses={"after": 1})],
                "runtime": {"hypothesis": {"strategy": "continuously"}},
            },
            "not met 1 times during",
            id="not steady in between and recovered",
        ),
        pytest.param(
            {"runtime": {"hypothesis": {"strategy": "after-method-only"}}},
            "not looked at before",
            id="nobody looked before",
        ),
        pytest.param({"method": [action("act", dry="actions")]}, "dry", id="it is only pretended"),
        pytest.param({"method": [action("act", dry="pause", pauses={"after": 1})]}, "dry", id="its pauses are skipped"),
        pytest.param({"dry": "activities"}, "dry", id="all of it is only pretended"),
    ],
)
def test_what_the_toolkit_lets_pass_is_never_green(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    found = tuple(gaps(run(tmp_path, experiment(**changes))))
    assert said in "; ".join(found)
    verdict, reasons = overruled(Verdict.PROVED, ("all there",), found)
    assert exit_code(verdict) != 0
    assert reasons == found


def test_an_experiment_without_hypothesis_is_a_gap(tmp_path: Path) -> None:
    without = experiment()
    del without["steady-state-hypothesis"]
    assert "no steady-state hypothesis" in "; ".join(gaps(run(tmp_path, without)))


def test_a_status_that_was_rewritten_does_not_help(tmp_path: Path) -> None:
    ran = run(tmp_path, experiment(method=[action("fail")]))
    assert list(gaps({**ran, "status": "completed", "deviated": False}))


def told(**changes: Any) -> str:
    return "; ".join(gaps(ran_as_written(**changes)))


def test_a_journal_of_what_ran_as_written_has_no_gap() -> None:
    assert told() == ""


@pytest.mark.parametrize("deviated", [True, None, 0, "no"])
def test_a_deviation_or_a_journal_that_does_not_deny_it_is_a_gap(deviated: object) -> None:
    assert "deviated" in told(deviated=deviated)


def test_one_activity_that_ran_twice_does_not_stand_for_another_that_did_not_run() -> None:
    written = experiment(method=[action("act"), {**action("act"), "name": "kill-the-leader"}])
    twice = [{"activity": action("act"), "status": "succeeded"}] * 2
    assert told(experiment=written, run=twice) == (
        "activity 'kill-the-leader' of the method did not run; activity 'act' ran in the method, which does not name it"
    )


def test_an_activity_of_the_same_name_that_does_something_else_does_not_stand_for_it() -> None:
    other = {**action("act"), "provider": action("say")["provider"]}
    assert "activity 'act' of the method did not run" in told(run=[{"activity": other, "status": "succeeded"}])


def test_a_rollback_that_did_not_run_is_named() -> None:
    assert told(rollbacks=[]) == "activity 'act' of the rollback did not run"


def test_a_reference_is_matched_by_the_name_of_what_ran() -> None:
    written = experiment(method=[action("act"), {"ref": "act"}])
    once = [{"activity": action("act"), "status": "succeeded"}]
    assert told(experiment=written, run=[*once, *once]) == ""
    assert "activity 'act' of the method did not run" in told(experiment=written, run=once)


def test_a_state_without_its_probes_was_not_looked_at_whatever_it_says() -> None:
    states = {**ran_as_written()["steady_states"], "after": {"steady_state_met": True, "probes": []}}
    assert told(steady_states=states) == "activity 'say' of the steady state after the method did not run"


@pytest.mark.parametrize("changes", [{"tolerance_met": None}, {"tolerance_met": "yes"}, {"status": "failed"}])
def test_a_probe_out_of_its_tolerance_is_named_though_the_state_is_called_met(changes: dict[str, Any]) -> None:
    state = ran_as_written()["steady_states"]["after"]
    states = {**ran_as_written()["steady_states"], "after": {**state, "probes": [{**state["probes"][0], **changes}]}}
    assert told(steady_states=states) == "probe 'say' was not within its tolerance after the method"


ODD: list[Any] = [
    None,
    7,
    "x",
    [],
    {},
    [None],
    [[]],
    [{}],
    [{"activity": None}],
    {"before": None},
    {"before": 1, "after": [None]},
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("part", ["experiment", "status", "deviated", "steady_states", "run", "rollbacks"])
def test_whatever_stands_where_a_part_should_is_a_gap_and_no_error(part: str, odd: object) -> None:
    assert told(**{part: odd})


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("part", ["method", "rollbacks", "steady-state-hypothesis"])
def test_whatever_stands_in_an_experiment_is_a_gap_and_no_error(part: str, odd: object) -> None:
    assert told(experiment=experiment(**{part: odd}))


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_runtime_of_any_shape_wants_the_usual_looks(odd: object) -> None:
    assert hypothesis_strategy({"runtime": odd}) == hypothesis_strategy({"runtime": {"hypothesis": odd}}) == "default"


def leaves(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*at, key)
        yield from leaves(each, (*at, key))


HARMLESS = {"title", "description", "output", "during", "dry", "runtime", "extensions"}
"""What a journal may lack: nothing rests on it."""


def test_a_null_anywhere_that_matters_is_a_gap_and_no_error() -> None:
    whole = json.loads(json.dumps(ran_as_written()))
    del whole["experiment"]["extensions"]  # what it states is held against the statement by drctl's own judgement
    for way in leaves(whole):
        changed = copy.deepcopy(whole)
        part = changed
        for key in way[:-1]:
            part = part[key]
        part[way[-1]] = None
        assert bool(list(gaps(changed))) == (way[-1] not in HARMLESS), way


def test_no_journal_is_a_gap_and_a_torn_one_is_none(tmp_path: Path) -> None:
    assert list(gaps(None)) == ["the experiment left no journal"]
    (tmp_path / "journal.json").write_text('{"status": "comple')
    assert read_journal((tmp_path / "journal.json").read_bytes()) == (None, None)


def test_a_fault_that_the_ledger_found_stays_a_fault_beside_gaps() -> None:
    assert overruled(Verdict.REFUTED, ("1 lost",), ("a gap",)) == (Verdict.REFUTED, ("1 lost", "a gap"))


@pytest.mark.parametrize(("func", "status"), [("act", "completed"), ("fail", "failed")])
def test_with_our_control_the_toolkit_itself_fails_where_it_would_pass(tmp_path: Path, func: str, status: str) -> None:
    control = {"name": "drctl", "provider": {"type": "python", "module": "drctl.chaos.controls"}}
    journal = run(tmp_path, experiment(method=[action(func)], controls=[control]))
    assert (journal["status"], journal["deviated"]) == (status, status == "failed")
    assert bool(journal["experiment"]["extensions"][0]["gaps"]) == (status == "failed")


def test_rollbacks_are_played_though_the_method_was_interrupted(tmp_path: Path) -> None:
    journal = run(tmp_path, experiment(method=[action("interrupt")]))
    assert [each["status"] for each in journal["rollbacks"]] == ["succeeded"]


def test_rollbacks_are_played_though_the_toolkit_was_told_to_end(tmp_path: Path) -> None:
    file, journal = tmp_path / "experiment.json", tmp_path / "journal.json"
    file.write_text(json.dumps(experiment(method=[action("announce", pauses={"after": 2})])))
    command = [sys.executable, "-m", "drctl.chaos.child", str(file), str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "under way\n"
        child.terminate()
    document = json.loads(journal.read_text())
    assert [each["status"] for each in document["rollbacks"]] == ["succeeded"]
    assert "the experiment ended as interrupted" in list(gaps(document))
