"""Which commit ran a drill, and what a report takes from the plan file."""

import importlib.metadata
import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.drills.outcome import Commit, Objective
from drctl.drills.provenance import commit, plan_facts, versions
from drctl.model.guards import Objectives
from tests.fakes.world import plan_file


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("one\n")
    for words in (["init", "--quiet"], ["add", "file"], ["commit", "--quiet", "--message", "one"]):
        git(tmp_path, *words)
    return tmp_path


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=erin", "-c", "user.email=erin@ops.example", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_of_a_checkout_is_known_and_whether_files_differ_from_it(checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    (checkout / "beside").write_text("not under version control\n")
    assert commit(checkout) == Commit(head, changed=False)
    (checkout / "file").write_text("two\n")
    assert commit(checkout) == Commit(head, changed=True)


def test_variables_of_git_do_not_lead_to_another_repository(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(checkout / "elsewhere"))
    found = commit(checkout)
    monkeypatch.delenv("GIT_DIR")
    assert found == Commit(git(checkout, "rev-parse", "HEAD"), changed=False)


def test_without_git_or_a_commit_nothing_is_claimed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert commit(checkout) is None


def test_an_empty_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert commit(tmp_path) is None


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (json.dumps({"url": "https://git.example/drctl", "vcs_info": {"vcs": "git", "commit_id": "5f0c"}}), "5f0c"),
        (json.dumps({"url": "file:///drctl", "dir_info": {}}), None),
        ("no JSON", None),
        (None, None),
    ],
)
def test_outside_a_checkout_pips_record_names_the_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str | None, found: str | None
) -> None:
    class Installed(importlib.metadata.PathDistribution):
        def read_text(self, filename: object) -> str | None:
            return record

    monkeypatch.setattr("drctl.drills.provenance.distribution", lambda _: Installed(tmp_path))
    assert commit(tmp_path) == (Commit(found, changed=False) if found else None)


def test_a_report_takes_names_and_promises_from_the_plan_file_and_no_path_or_address() -> None:
    plan = replace(
        plan_file(), path=Path("/secret/place/wind-farm.yaml"), objectives=Objectives(timedelta(minutes=5), timedelta())
    )
    facts = plan_facts(plan)
    assert (facts.name, facts.file, facts.digest) == (plan.name, "wind-farm.yaml", plan.digest)
    assert facts.objective == Objective(300.0, 0.0)
    assert facts.topics == plan.topics
    assert "secret" not in str(facts)


def test_the_versions_name_what_a_drill_rests_on() -> None:
    assert set(versions()) == {"drctl", "Kafka and MirrorMaker 2", "confluent-kafka", "Python"}
    assert all(versions().values())
