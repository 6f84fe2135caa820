"""A live drill on the command line: its bundle, its exit codes, and the commands that end or resume one."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import drill, live, runs, verify
from drctl.cli.dropping import writers
from drctl.drills.bundle.manifest import RunKind, parsed
from drctl.drills.bundle.write import seal
from drctl.errors import (
    ApprovalMissing,
    BundleDamaged,
    Refused,
    ReportContradicted,
    RolledBack,
)
from drctl.model import former
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.plans.live import DrillWord, LivePhase, begin_live_drill, end_live_drill, standing_drill
from drctl.plans.selection import SWITCHOVER
from drctl.ports import World
from tests.fakes import FakeWorld, Killed
from tests.spec.staying import (
    ANNA,
    after,
    die_in_the_stay,
    ended_by,
    perform,
    ready,
)

PROVED, INCONCLUSIVE, ROLLED_BACK, APPROVAL_MISSING = 0, 21, 5, 18


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    made = ready()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield made.new_process()

    for module in (live, runs):
        monkeypatch.setattr(module, "opened", opened)
    return made


def drilled(report: Path, *words: str) -> Result:
    arguments = ["--level", "live", "--yes", "--by", "anna", "--report", str(report), *words]
    return CliRunner().invoke(drill.command, arguments, obj=Path("plan.yaml"))


def checked(report: Path) -> Result:
    return CliRunner().invoke(verify.command, [str(report), "-o", "json"])


def body(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report / "live.json").read_text())
    return found


def test_its_bundle_is_judged_again_from_its_journal(earth: FakeWorld, tmp_path: Path) -> None:
    done = drilled(tmp_path)
    assert done.exit_code == PROVED, done.output
    told = body(tmp_path)
    assert [each["approvedBy"] for each in told["moves"]] == ["ben", None]
    assert all(each["pause"]["withinObjective"] for each in told["moves"])
    assert parsed((tmp_path / "manifest.json").read_bytes()).run_kind is RunKind.LIVE
    again = checked(tmp_path)
    assert again.exit_code == PROVED, again.output
    assert json.loads(again.stdout)["runKind"] == "live-drill"
    forged = told | {"reasons": ["all was well"]}
    (tmp_path / "live.json").write_text(json.dumps(forged))
    assert isinstance(checked(tmp_path).exception, BundleDamaged)
    seal(tmp_path, str(told["id"]), RunKind.LIVE, None)
    assert isinstance(checked(tmp_path).exception, ReportContradicted)
    assert standing_drill(earth.ports()) is None


def test_one_that_was_refused_leaves_no_report_and_stands_in_nobodys_way(earth: FakeWorld, tmp_path: Path) -> None:
    earth.plan = replace(earth.plan, digest="1" * 64)
    done = drilled(tmp_path)
    assert isinstance(done.exception, ApprovalMissing)
    assert done.exception.exit_code == APPROVAL_MISSING
    assert not (tmp_path / "live.json").exists()
    assert standing_drill(earth.ports()) is None


def test_one_that_was_rolled_back_leaves_a_report_and_exits_as_its_move_did(earth: FakeWorld, tmp_path: Path) -> None:
    earth.consumers["billing"].stubborn = True
    done = drilled(tmp_path)
    assert isinstance(done.exception, RolledBack)
    assert done.exception.exit_code == ROLLED_BACK
    assert body(tmp_path)["verdict"] == "inconclusive"
    page = next(tmp_path.rglob("live.html")).read_text("utf-8")
    assert "north to south, epoch 1: rolled back" in page
    assert not any(untrue in page for untrue in ("The real work moved", "rolled-back", "Lag at handover"))
    assert checked(tmp_path).exit_code == INCONCLUSIVE
    assert standing_drill(earth.ports()) is None
    # With the word of 0.2.0, which is no contradiction.
    (old,) = (each for each, now in former.STATES.items() if now == "rolled-back")
    written = (tmp_path / "live.json").read_text("utf-8")
    (tmp_path / "live.json").write_text(written.replace('"rolled-back"', f'"{old}"'))
    assert written.count('"rolled-back"') == 1
    seal(tmp_path, str(body(tmp_path)["id"]), RunKind.LIVE, None)
    assert checked(tmp_path).exit_code == INCONCLUSIVE


def test_runs_abort_brings_it_home_and_runs_resume_goes_on(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    die_in_the_stay(earth)
    earth.settle(100)
    asked: list[str] = []

    def go_on_with_it(_: Path, said: Terms) -> int:
        asked.append(said.by)
        return INCONCLUSIVE

    monkeypatch.setattr(live, "go_on", go_on_with_it)
    found = CliRunner().invoke(runs.abort, ["--reason", "slow", "--by", "ben"], obj=Path("plan.yaml"))
    assert found.exit_code == INCONCLUSIVE, found.output
    standing = standing_drill(earth.ports())
    assert standing is not None
    assert standing.word is not None
    assert (standing.word.word, standing.word.reason) == (DrillWord.GO_HOME, "slow")
    assert CliRunner().invoke(runs.resume, ["--by", "ben"], obj=Path("plan.yaml")).exit_code == INCONCLUSIVE
    assert asked == ["ben", "ben"]
    monkeypatch.undo()
    done = perform(earth.new_process(), standing.run.id)
    assert (done.state.phase, ended_by(done)) == (LivePhase.HOME, "word")


def test_the_words_are_options_of_the_drill(earth: FakeWorld) -> None:
    done = CliRunner().invoke(drill.command, ["--promote", "stay", "--by", "ben"], obj=Path("plan.yaml"))
    assert isinstance(done.exception, Refused)
    assert "no live drill is under way" in str(done.exception)
    both = CliRunner().invoke(drill.command, ["--promote", "stay", "--go-home", "go"], obj=Path("plan.yaml"))
    assert both.exit_code == 2
    assert earth.routing.site() == "north"


def test_one_cut_off_before_it_moved_is_ended_and_another_begins(earth: FakeWorld, tmp_path: Path) -> None:
    unmoved = begin_live_drill(earth.ports(), "north", "south", ANNA)
    done = drilled(tmp_path)
    assert done.exit_code == PROVED, done.output
    assert dict(earth.journal.runs())[unmoved] is RunState.STOPPED
    assert body(tmp_path)["id"] != unmoved.id


def test_runs_resume_begins_no_drill(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # the report of one that goes on would be put there
    begin_live_drill(earth.ports(), "north", "south", ANNA)
    done = CliRunner().invoke(runs.resume, ["--by", "ben"], obj=Path("plan.yaml"))
    assert isinstance(done.exception, Refused)
    assert "has ended meanwhile" in str(done.exception)
    assert [run for run, _ in earth.journal.runs() if run.kind == SWITCHOVER][1:] == []
    assert standing_drill(earth.ports()) is None


@pytest.mark.parametrize(("effect", "before"), [(0, True), (0, False), (1, True)])
def test_cut_off_while_it_ends_the_same_command_ends_it(
    earth: FakeWorld, tmp_path: Path, effect: int, *, before: bool
) -> None:
    world = earth.new_process()
    done = perform(world)
    earth.effects.cut_off(len(earth.effects.names) + effect, before=before)
    with pytest.raises(Killed):
        end_live_drill(world, done.state.run, good=True, told={})
    assert drilled(tmp_path).exit_code == PROVED
    assert standing_drill(earth.ports()) is None


def test_neither_ctrl_z_nor_a_terminal_that_does_not_read_holds_up_a_stay_that_goes_on(
    earth: FakeWorld, tmp_path: Path
) -> None:
    die_in_the_stay(earth)
    seen: list[tuple[bool, int]] = []
    after(earth, 5, lambda: seen.append((signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL, len(writers()))))
    assert drilled(tmp_path).exit_code == PROVED
    assert seen == [(False, 2)]
