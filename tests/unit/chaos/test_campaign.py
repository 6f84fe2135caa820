"""Which experiments may be run at all."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.chaos.campaign import checked, judged, read_faults, read_journal
from drctl.drills.timeline import Histories
from drctl.errors import ConfigInvalid
from drctl.lab.faults import WAYS_BACK
from drctl.model.verdict import Verdict
from tests.unit.chaos.experiments import ACTIVITIES, action, experiment, ran_as_written
from tests.unit.lab.work import FAULT, everything, seen, without

FOREIGN = {"controls": [{"name": "c", "provider": {"type": "python", "module": ACTIVITIES}}]}


def written(folder: Path, text: dict[str, Any]) -> Path:
    path = folder / "experiment.yaml"
    with path.open("w") as file:
        YAML().dump(text, file)
    return path


def test_an_experiment_that_would_install_something_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="installs dependencies"):
        checked(written(tmp_path, experiment(runtime={"python": {"dependencies": ["x"]}})))


@pytest.mark.parametrize(
    "changes", [FOREIGN, {"method": [action("fail", **FOREIGN)]}, {"controls": ACTIVITIES}, {"controls": [ACTIVITIES]}]
)
def test_a_control_that_could_rewrite_what_happened_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match=f"the control {ACTIVITIES}"):
        checked(written(tmp_path, experiment(**changes)))


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "title: x"])
def test_what_is_no_experiment_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid):
        checked(path)


ALIASES = "title: x\nmethod: []\na: &a [1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghijkl")
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ALIASES, r":3: anchors and aliases are not supported"),
        ("method: []\na: " + "[" * 100_000, r":2: is nested deeper than 32 levels"),
        ("method: []\n<<: {controls: [other]}\n", r":2: merge keys are not supported"),
        ("method: []\n# a comment\u2028controls: [other]\n", r":2: has a line break in it that YAML 1.1 knows"),
        ("method: []\na: !!binary aGk=\n", r":2: tags are not supported"),
        ("method: []\nmethod: [other]\n", r":2: found duplicate key"),
        ("method: []\na: " + "9" * 5000, r":2: this value cannot be read"),
    ],
)
def test_an_experiment_that_others_would_read_otherwise_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigInvalid, match=said) as caught:
        checked(path)
    assert caught.value.remedy


def test_the_shipped_experiments_may_be_run() -> None:
    found = sorted(Path("experiments").glob("*.yaml"))
    assert found
    for path in found:
        checked(path)


def test_the_digest_is_that_of_the_journals_file(tmp_path: Path) -> None:
    journal = tmp_path / "journal.json"
    journal.write_text('{"status": "completed"}\n')
    assert read_journal(journal) == ({"status": "completed"}, hashlib.sha256(journal.read_bytes()).hexdigest())


def test_a_journal_nested_too_deep_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text('{"a":' + "[" * 200_000)
    assert read_journal(tmp_path / "journal.json") == (None, None)


SEEN = {"fault": "kill", "target": "north-broker-1", "observer": "the other brokers", "observation": "it is not listed"}


def test_only_a_line_that_says_who_saw_what_of_whom_is_evidence_of_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    assert list(read_faults(path)) == []
    odd = [*({**SEEN, key: value} for key in SEEN for value in (None, "", 7)), [1], None, 7]
    path.write_text("\n".join(map(json.dumps, [SEEN, *odd])) + '\n{"fault": "ki')
    assert list(read_faults(path)) == [SEEN]


def outcome(folder: Path, histories: Histories, *, fault: str = "kill", journal: bool = True) -> Verdict:
    """The verdict on an experiment of which this is left."""
    (folder / "faults.jsonl").write_text(json.dumps({**SEEN, "fault": fault}) + "\n")
    if journal:
        (folder / "journal.json").write_text(json.dumps(ran_as_written()))
    return judged(histories, seen(), FAULT, folder, complete=True).verdict


def test_an_experiment_that_ran_as_written_under_work_that_nothing_was_lost_of_is_proved(tmp_path: Path) -> None:
    assert outcome(tmp_path, everything()) is Verdict.PROVED


@pytest.mark.parametrize("client", sorted(everything().lines))
def test_without_a_client_an_experiment_proves_nothing(tmp_path: Path, client: str) -> None:
    assert outcome(tmp_path, without(client)) is not Verdict.PROVED


def test_a_group_that_stopped_during_the_fault_is_named(tmp_path: Path) -> None:
    lines = everything().lines
    stopped = Histories({**lines, "consumer-billing": lines["consumer-billing"][:2]})
    assert outcome(tmp_path, stopped) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("fault", WAYS_BACK)
def test_a_way_back_alone_is_no_fault(tmp_path: Path, fault: str) -> None:
    assert outcome(tmp_path, everything(), fault=fault) is Verdict.INCONCLUSIVE


def test_without_a_journal_an_experiment_proves_nothing(tmp_path: Path) -> None:
    assert outcome(tmp_path, everything(), journal=False) is Verdict.INCONCLUSIVE
