"""A drill that fails on its way: it exits as what failed does, and leaves a report that proves nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import drill
from drctl.errors import RolledBack, StepFailed
from drctl.model.plan_file import PlanFile
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import switch


class StandInLab:
    """A lab of which only the folder is real."""

    folder: Path
    plan_file = Path("plan.yaml")

    @classmethod
    @contextmanager
    def start(cls, folder: Path, **_: object) -> Iterator["StandInLab"]:
        lab = cls()
        lab.folder = folder
        (folder / "logs").mkdir(parents=True)
        (folder / "logs" / "north-broker-1.log").write_text("a word\n")
        yield lab


def drilled(
    monkeypatch: pytest.MonkeyPatch, earth: FakeWorld, report: Path, *, early: bool = False, journal: bool = True
) -> Result:
    """A drill on the fakes whose switchover fails; with ``early`` its workload does not start."""

    class Rehearsal:
        def __init__(self, *_: object, **__: object) -> None:
            self.say = self.announce = lambda _: None

        def perform(self) -> Any:
            if early:
                raise StepFailed("the workload's groups did not start: billing", remedy="see the lab's logs")
            return switch(earth.ports())

    @contextmanager
    def open_world(plan: PlanFile, **_: object) -> Iterator[World]:
        if not journal:
            raise StepFailed("the state file is gone")
        assert plan is earth.plan
        yield earth.new_process()

    monkeypatch.setattr("drctl.lab.Lab", StandInLab)
    monkeypatch.setattr("drctl.drills.switchover.Rehearsal", Rehearsal)
    monkeypatch.setattr("drctl.config.load", lambda _: earth.plan)
    monkeypatch.setattr("drctl.wiring.world.open_world", open_world)
    return CliRunner().invoke(drill.command, ["--report", str(report)])


def rolled_back() -> FakeWorld:
    earth = fake_world()
    earth.consumers["dispatch"].stubborn = True
    return earth


def test_a_drill_whose_switchover_is_rolled_back_tells_what_was_done_and_that_it_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "report.json").write_text('{"verdict": "proved"}')
    (tmp_path / "report.html").write_text("an earlier drill")
    done = drilled(monkeypatch, rolled_back(), tmp_path)
    assert isinstance(done.exception, RolledBack)
    told = json.loads((tmp_path / "failed.json").read_text())
    assert (told["kind"], told["drill"], told["verdict"]) == ("FailedDrill", "planned", "inconclusive")
    assert "drain-consumers" in told["reasons"][0]
    (run,) = told["runs"]
    assert (run["run"], run["source"], run["target"], run["state"]) == ("switchover", "north", "south", "rolled-back")
    assert "stop-sinks" in [step["name"] for step in run["steps"]]
    assert "Rolled back" in (tmp_path / "failed-run-1.html").read_text()
    assert not (tmp_path / "report.json").exists(), "an earlier drill's report would be taken for this one's"
    assert not (tmp_path / "report.html").exists()
    assert (tmp_path / "logs" / "north-broker-1.log").exists()
    assert "verdict: inconclusive" in done.stderr


def test_a_drill_that_fails_before_its_first_run_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "failed-run-1.html").write_text("a drill that failed before")
    drilled(monkeypatch, fake_world(), tmp_path, early=True)
    told = json.loads((tmp_path / "failed.json").read_text())
    assert told["reasons"] == ["the drill failed: the workload's groups did not start: billing"]
    assert (told["remedy"], told["runs"]) == ("see the lab's logs", [])
    assert not (tmp_path / "failed-run-1.html").exists()


def test_where_no_report_can_be_written_the_failure_of_the_drill_is_what_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = drilled(monkeypatch, rolled_back(), tmp_path, journal=False)
    assert isinstance(done.exception, RolledBack)
    assert "no report of it can be written: the state file is gone" in done.stderr
