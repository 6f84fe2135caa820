"""Which experiments may be run at all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.chaos.campaign import checked, read_faults, read_journal
from drctl.errors import ConfigInvalid
from tests.unit.chaos.experiments import ACTIVITIES, action, experiment

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
