"""What is left of an experiment, judged."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from drctl.chaos.admission import Experiment
from drctl.chaos.experiment import PRIMARY, conduct
from drctl.drills.experiments.document import document
from drctl.drills.experiments.fault_window import SLACK
from drctl.drills.experiments.judging import ENDING, ExperimentOutcome, Remains, judged, read_faults, read_journal
from drctl.drills.timeline import Histories
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import LabError
from drctl.lab.faults import UNDOING
from drctl.ledger.history import HistoryLine
from drctl.model.verdict import Verdict
from tests.unit.chaos.experiments import ran_as_written, trial
from tests.unit.lab.stand_ins import sleeping_lab
from tests.unit.lab.work import FAULT, everything, seen, without


def test_the_digest_is_that_of_the_journals_file() -> None:
    raw = b'{"status": "completed"}\n'
    assert read_journal(raw) == ({"status": "completed"}, hashlib.sha256(raw).hexdigest())


def test_a_journal_nested_too_deep_is_no_journal() -> None:
    assert read_journal(b'{"a":' + b"[" * 200_000) == (None, None)


SEEN = {"fault": "kill", "target": "north-broker-1", "observer": "the other brokers", "observation": "it is not listed"}
TIMED = {**SEEN, "injected_at": FAULT[0] + 10, "observed_at": FAULT[0] + 19}


def test_only_a_line_that_says_who_saw_what_of_whom_is_evidence_of_a_fault() -> None:
    assert list(read_faults(b"")) == []
    odd = [*({**SEEN, key: value} for key in SEEN for value in (None, "", 7)), [1], None, 7]
    raw = "\n".join(map(json.dumps, [SEEN, *odd])) + '\n{"fault": "ki'
    assert list(read_faults(raw.encode())) == [SEEN]


def result(
    histories: Histories,
    *,
    faults: tuple[str, ...] = ("kill",),
    stated: tuple[str, ...] = ("kill",),
    repeats: bool = True,
    journal: bytes | None = b"as stated",
    **sighting: Any,
) -> ExperimentOutcome:
    """What becomes of an experiment that states this, and of which that is left; each sighting tells this besides."""
    told = "".join(json.dumps({**TIMED, "fault": fault, **sighting}) + "\n" for fault in faults).encode()
    if journal == b"as stated":
        journal = json.dumps(ran_as_written(stated=stated, repeats=repeats)).encode()
    return judged(trial(stated, repeats=repeats), Remains(histories, seen(), journal, told))


def outcome(histories: Histories, *, fault: str = "kill") -> Verdict:
    """The verdict on an experiment of which this is left."""
    return result(histories, faults=(fault,)).verdict


def test_an_experiment_that_ran_as_written_under_work_that_nothing_was_lost_of_is_proved() -> None:
    assert outcome(everything()) is Verdict.PROVED


@pytest.mark.parametrize("client", sorted(everything().lines))
def test_without_a_client_an_experiment_proves_nothing(client: str) -> None:
    assert outcome(without(client)) is not Verdict.PROVED


def test_a_group_that_stopped_during_the_fault_is_named() -> None:
    lines = everything().lines
    stopped = Histories({**lines, "consumer-billing": lines["consumer-billing"][:2]})
    assert outcome(stopped) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("fault", UNDOING)
def test_a_rollback_alone_is_no_fault(fault: str) -> None:
    assert outcome(everything(), fault=fault) is Verdict.INCONCLUSIVE


def test_what_ends_a_fault_is_the_same_to_the_lab_and_to_the_judge() -> None:
    assert ENDING == UNDOING


def test_without_a_journal_an_experiment_proves_nothing() -> None:
    assert result(everything(), journal=None).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("ran", [{"stated": ("pause",)}, {"stated": ("kill", "kill")}, {"repeats": True}])
def test_a_journal_of_an_experiment_that_states_something_else_proves_nothing(ran: dict[str, Any]) -> None:
    journal = json.dumps(ran_as_written(**{"stated": ("kill",), "repeats": False, **ran})).encode()
    found = result(everything(), repeats=False, journal=journal)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "states other faults" in found.reasons[0]


@pytest.mark.parametrize(
    ("faults", "stated", "said"),
    [
        ((), ("kill",), "fault injected: kill, 1 time"),
        (("pause",), ("kill",), "fault injected: kill, 1 time"),
        (("kill",), ("kill", "kill"), "fault injected: kill, 2 times"),
        (("kill",), ("kill", "cut-link"), "fault injected: cut-link, 1 time"),
    ],
)
def test_a_fault_that_is_stated_and_was_not_seen_is_named(
    faults: tuple[str, ...], stated: tuple[str, ...], said: str
) -> None:
    found = result(everything(), faults=faults, stated=stated)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert f"not witnessed: {said}" in found.reasons


BEGAN, ENDED = FAULT


@pytest.mark.parametrize(
    ("injected", "observed"),
    [
        (BEGAN, BEGAN), (BEGAN, ENDED), (ENDED, ENDED), (BEGAN + 10, BEGAN + 10 - SLACK), (BEGAN - SLACK, BEGAN),
        (ENDED, ENDED + SLACK), (int(BEGAN), int(ENDED)),
    ],
)  # fmt: skip
def test_what_was_seen_within_the_faults_window_is_evidence(injected: float, observed: float) -> None:
    found = result(everything(), injected_at=injected, observed_at=observed)
    assert found.verdict is Verdict.PROVED
    assert len(found.faults) == 1


@pytest.mark.parametrize(
    ("injected", "observed"),
    [
        (BEGAN - 1.1 * SLACK, BEGAN + 5), (BEGAN - 60, BEGAN - 50), (BEGAN + 10, BEGAN + 10 - 1.1 * SLACK),
        (BEGAN + 10, ENDED + 1.1 * SLACK), (ENDED + 60, ENDED + 61), (BEGAN + 10, 1e300), (-1e300, BEGAN + 10),
    ],
    ids=["before", "long before", "seen first", "seen after", "long after", "seen never", "injected never"],
)  # fmt: skip
def test_what_was_seen_outside_of_the_faults_window_is_no_evidence(injected: float, observed: float) -> None:
    found = result(everything(), injected_at=injected, observed_at=observed)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "not witnessed: fault injected: kill, 1 time; 1 seen outside of the fault's window" in found.reasons
    assert "not witnessed: a fault, by another observer than its injector" in found.reasons
    assert found.faults == ()


@pytest.mark.parametrize("key", ["injected_at", "observed_at"])
@pytest.mark.parametrize("value", [None, "150", True, [150]], ids=str)
def test_what_does_not_tell_when_it_was_seen_is_no_evidence(key: str, value: Any) -> None:
    found = result(everything(), **{key: value})
    assert found.verdict is Verdict.INCONCLUSIVE
    told = "not witnessed: fault injected: kill, 1 time; 1 without the times of injection and observation"
    assert told in found.reasons


def test_a_sighting_of_another_time_takes_nothing_from_those_that_count() -> None:
    lines = (TIMED, {**TIMED, "observed_at": ENDED + 60}, SEEN)
    raw = "".join(json.dumps(each) + "\n" for each in lines).encode()
    journal = json.dumps(ran_as_written()).encode()
    found = judged(trial(), Remains(everything(), seen(), journal, raw))
    assert (found.verdict, found.faults) == (Verdict.PROVED, (TIMED,))


def repeated() -> Histories:
    """Everything, and a record that a group processed once more."""
    lines = dict(everything().lines)
    first = lines["consumer-dispatch"][0]
    again = HistoryLine("processed", 260.0, "north", first.records[:1], {"group": "dispatch"})
    return Histories({**lines, "consumer-dispatch": [*lines["consumer-dispatch"], again]})


def test_a_group_may_read_again_only_what_the_experiment_says_it_may() -> None:
    assert result(repeated(), repeats=True).verdict is Verdict.PROVED
    found = result(repeated(), repeats=False)
    assert found.verdict is Verdict.REFUTED
    assert found.reasons[0].startswith("group dispatch repeated 1")
    assert result(everything(), repeats=False).verdict is Verdict.PROVED


def test_the_verdict_is_told_with_what_was_stated() -> None:
    told = document(result(everything(), repeats=False))
    assert told["stated"] == {"faults": ["kill"], "repeated": "none"}


def test_nothing_begins_on_a_lab_that_another_experiment_left_broken(tmp_path: Path) -> None:
    with sleeping_lab(tmp_path / "lab") as lab:
        FileClientRouting(lab.folder / "client-routing.json").route_to(PRIMARY)
        lab.processes.signal("north-broker-2", "SIGKILL")
        lab.processes.wait_gone("north-broker-2")
        processes = {process.name for process in lab.status()}
        experiment = Experiment(tmp_path / "e.yaml", "t", ("kill",), repeats=True)
        with pytest.raises(LabError, match="not whole within 0 s: north-broker-2 is gone"):
            conduct(lab, experiment, tmp_path, say=lambda _: None, patience=0)
        assert {process.name for process in lab.status()} == processes
