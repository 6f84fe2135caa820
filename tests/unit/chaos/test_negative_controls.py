"""A negative control: green only if the loss that it brings about was found, no other, and all else is in order."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drctl.chaos import experiment as conducting
from drctl.chaos.command import command
from drctl.drills.experiments.document import document
from drctl.drills.experiments.judging import ExperimentOutcome, Remains, judged
from drctl.drills.experiments.page import render
from drctl.drills.experiments.refutation import AS_STATED, Refutation
from drctl.drills.timeline import Histories
from drctl.lab import Lab
from drctl.ledger.events import Event, LogStart, Seen
from drctl.ledger.history import HistoryLine
from drctl.ledger.retention import Retention
from drctl.model.verdict import Verdict
from tests.unit.chaos.experiments import ran_as_written, trial
from tests.unit.chaos.test_admission import CONTROL, sound, written
from tests.unit.chaos.test_experiment import TIMED
from tests.unit.lab.work import EACH, everything, seen, without

KIND, TOPIC, OTHER = "elect-unclean", "turbines.readings", "shop.orders"
LOST, SKIPPED, DELETED = (Refutation((name,)) for name in ("lost", "skipped", "deleted"))
SIGHTING = {**TIMED, "fault": KIND}
AGAIN = Seen(TOPIC, 0, 9000, next(each.stream for each in seen() if isinstance(each, Seen) and each.topic == TOPIC), 7)


def without_some(first: int = 100, count: int = 10) -> list[Event]:
    """What is there once so many records of turbines are gone."""
    gone = range(first, first + count)
    return [each for each in seen() if not (isinstance(each, Seen) and each.topic == TOPIC and each.sequence in gone)]


def passed_over(group: str, part: int, *sequences: int, topic: str = TOPIC) -> Histories:
    """The histories of all, where a group has not processed these of a topic, by default those of turbines."""
    lines = dict(everything().lines)
    client = f"consumer-{group}"
    told = list(lines[client])
    left = [record for record in told[part].records if not (record[1] == topic and record[3] in sequences)]
    told[part] = HistoryLine("processed", told[part].at, "north", left, told[part].more)
    return Histories({**lines, client: told})


def with_offsets() -> Histories:
    """The histories of all, where the producer of turbines was told where each record lies."""
    lines = dict(everything().lines)
    lines["producer-turbines"] = [
        HistoryLine(line.kind, line.at, line.site, line.records, {"offsets": [record[3] for record in line.records]})
        for line in lines["producer-turbines"]
    ]
    return Histories(lines)


def outcome(
    stated: Refutation | None,
    found: Sequence[Event],
    histories: Histories | None = None,
    *,
    sighting: dict[str, Any] = SIGHTING,
    repeats: bool = True,
    **changes: Any,
) -> ExperimentOutcome:
    """What becomes of an experiment that states this, and after which that is left."""
    journal = json.dumps(ran_as_written(stated=(KIND,), repeats=repeats, refutation=stated, **changes)).encode()
    told = json.dumps(sighting).encode() + b"\n"
    whole = trial((KIND,), repeats=repeats, refutation=stated)
    return judged(whole, Remains(histories or everything(), found, journal, told))


def test_a_loss_that_is_stated_and_found_is_a_success_though_the_verdict_is_refuted() -> None:
    found = outcome(LOST, without_some())
    assert (found.verdict, found.as_stated) == (Verdict.REFUTED, True)
    assert found.reasons[0] == AS_STATED
    assert found.reasons[1].startswith("10 lost, first: ")
    assert not outcome(None, without_some()).as_stated


def test_what_a_group_did_not_reach_since_it_is_lost_takes_nothing_from_a_control() -> None:
    last = 3 * EACH
    found = outcome(LOST, without_some(last, 1), passed_over("dispatch", 2, last))
    assert (found.verdict, found.as_stated) == (Verdict.REFUTED, True)


def test_records_deleted_behind_everybodys_back_are_found_by_where_the_log_begins() -> None:
    start = LogStart("north", TOPIC, 0, 100, Retention("delete", -1, -1, 0.0))
    assert outcome(DELETED, [*without_some(1, 99), start], with_offsets()).as_stated
    assert not outcome(LOST, [*without_some(1, 99), start], with_offsets()).as_stated


def test_a_group_that_was_led_past_a_record_is_found() -> None:
    assert outcome(SKIPPED, seen(), passed_over("dispatch", 1, 100)).as_stated
    assert not outcome(LOST, seen(), passed_over("dispatch", 1, 100)).as_stated


def test_a_control_after_which_nothing_is_lost_shows_nothing() -> None:
    found = outcome(LOST, seen())
    assert (found.verdict, found.as_stated) == (Verdict.INCONCLUSIVE, False)
    assert found.reasons == ("no record was found to be lost, as the experiment states",)


@pytest.mark.parametrize(
    ("stated", "as_stated"),
    [
        (Refutation(("lost",)), False),
        (Refutation(("lost",), ("skipped",)), False),
        (Refutation(("lost",), ("duplicated",)), True),
        (Refutation(("duplicated", "lost")), True),
        (Refutation(("duplicated",), ("lost",)), True),
        (Refutation(("duplicated",)), False),
        (Refutation(("corrupt",), ("duplicated", "lost")), False),
    ],
    ids=str,
)
def test_only_what_is_stated_may_be_found_and_all_that_must_be(stated: Refutation, *, as_stated: bool) -> None:
    found = outcome(stated, [*without_some(), AGAIN])
    assert found.as_stated is as_stated


HERE = ("turbines.readings",)
ORDERS = [each for each in without_some() if not (isinstance(each, Seen) and (each.topic, each.offset) == (OTHER, 7))]


@pytest.mark.parametrize(
    ("found", "histories", "said"),
    [
        (ORDERS, None, "records of other topics are lost"),
        (without_some(), passed_over("reporting", 3, 100, topic=OTHER), "records of other topics are skipped"),
    ],
    ids=["lost", "skipped"],
)
def test_a_loss_in_a_topic_that_is_not_stated_is_not_hidden_by_one_that_is(
    found: list[Event], histories: Histories | None, said: str
) -> None:
    stated = Refutation(("lost",), ("skipped",), HERE)
    assert outcome(stated, without_some(), passed_over("reporting", 2, 130)).as_stated
    refuted = outcome(stated, found, histories)
    assert (refuted.verdict, refuted.as_stated) == (Verdict.REFUTED, False)
    assert refuted.reasons[0] == f"not stated is that {said}"
    assert outcome(replace(stated, topics=(*HERE, OTHER)), found, histories).as_stated


def test_a_loss_that_is_not_stated_refutes_a_control_and_is_named_first() -> None:
    found = outcome(LOST, [*without_some(), AGAIN])
    assert found.verdict is Verdict.REFUTED
    assert found.reasons[0] == "not stated is that records are duplicated"


def test_what_a_control_does_not_let_groups_read_again_refutes_it() -> None:
    lines = dict(everything().lines)
    first = lines["consumer-dispatch"][0]
    again = HistoryLine("processed", 260.0, "north", first.records[:1], {"group": "dispatch"})
    histories = Histories({**lines, "consumer-dispatch": [*lines["consumer-dispatch"], again]})
    assert outcome(LOST, without_some(), histories).as_stated
    assert outcome(LOST, without_some(), histories, repeats=False).verdict is Verdict.REFUTED
    assert not outcome(LOST, without_some(), histories, repeats=False).as_stated


def late() -> Histories:
    """The histories of all, where nothing was done before the fault."""
    return Histories(
        {
            name: [HistoryLine(each.kind, max(each.at, 150.0), each.site, each.records, each.more) for each in lines]
            for name, lines in everything().lines.items()
        }
    )


LACKING: list[tuple[dict[str, Any], str]] = [
    ({"sighting": {}}, f"not witnessed: fault injected: {KIND}, 1 time"),
    ({"sighting": {**SIGHTING, "fault": "kill"}}, f"not witnessed: fault injected: {KIND}, 1 time"),
    ({"histories": without("consumer-pricing")}, "not witnessed: every client at work after the fault"),
    ({"status": "failed"}, "the experiment ended as failed"),
    ({"run": []}, "activity 'act' of the method did not run"),
    ({"histories": late()}, "only 0 records were acknowledged before the fault"),
]


UNLIKE = ["unseen", "another fault", "a client", "failed", "not run", "no traffic"]


@pytest.mark.parametrize(("changes", "said"), LACKING, ids=UNLIKE)
def test_a_loss_that_was_found_shows_nothing_where_the_rest_is_not_in_order(changes: dict[str, Any], said: str) -> None:
    found = outcome(LOST, without_some(), **changes)
    assert (found.verdict, found.as_stated) == (Verdict.INCONCLUSIVE, False)
    assert any(said in reason for reason in found.reasons)


@pytest.mark.parametrize("other", [None, SKIPPED, Refutation(("lost",), ("skipped",))], ids=str)
def test_a_journal_that_states_another_refutation_shows_nothing(other: Refutation | None) -> None:
    journal = json.dumps(ran_as_written(stated=(KIND,), refutation=other)).encode()
    told = json.dumps(SIGHTING).encode()
    found = judged(trial((KIND,), refutation=LOST), Remains(everything(), without_some(), journal, told))
    assert (found.verdict, found.as_stated) == (Verdict.INCONCLUSIVE, False)


def test_the_report_of_a_control_says_what_it_is() -> None:
    told = document(outcome(Refutation(("lost",), ("skipped",), HERE), without_some()))
    assert (told["verdict"], told["as_stated"], told["bound"]) == ("refuted", True, None)
    assert (told["stated"]["verdict"], told["stated"]["topics"]) == ("refuted", list(HERE))
    page = render(told)
    assert "A negative control." in page
    assert "to be refuted by records that are lost, perhaps besides skipped, in turbines.readings alone" in page
    failed = document(outcome(LOST, seen()))
    assert "topics" not in failed["stated"]
    assert failed["as_stated"] is False
    assert "A negative control." not in render(failed)


def test_the_report_of_any_other_experiment_is_what_it_was() -> None:
    told = document(outcome(None, seen()))
    assert "as_stated" not in told
    assert set(told["stated"]) == {"faults", "repeated"}


ENDS: list[tuple[Callable[[], ExperimentOutcome], int]] = [
    (lambda: outcome(LOST, without_some()), 0),
    (lambda: outcome(LOST, seen()), 21),
    (lambda: outcome(SKIPPED, without_some()), 20),
    (lambda: outcome(LOST, without_some(), sighting={}), 21),
    (lambda: outcome(LOST, without_some(), status="aborted"), 21),
    (lambda: outcome(None, seen()), 0),
    (lambda: outcome(None, without_some()), 20),
]
IDS = ["as stated", "nothing lost", "another class", "nobody saw it", "cut off", "a proof", "a loss"]


@pytest.mark.parametrize(("ends", "code"), ENDS, ids=IDS)
def test_the_command_exits_0_only_if_the_stated_refutation_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: Callable[[], ExperimentOutcome], code: int
) -> None:
    monkeypatch.setattr(Lab, "attach", lambda _: None)
    monkeypatch.setattr(conducting, "conduct", lambda *_, **__: ends())
    path = written(tmp_path, sound(extensions=[CONTROL]))
    words = ["run", str(path), "--lab", str(tmp_path), "--report", str(tmp_path / "report")]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == code, done.output
    assert f"verdict: {ends().verdict.value}" in done.output
