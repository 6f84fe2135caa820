"""A run that an earlier version of drctl began is continued by today's, or refused with a remedy."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from drctl import __version__
from drctl.errors import Unsupported
from drctl.model.chain import GENESIS, Change, Line, chained, require_whole
from drctl.model.run import Event, RunState
from drctl.plans.continuation import FORMER_STEPS
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import go_on, require_nothing_lost_or_repeated, require_served_by, switch
from tests.spec.saved import CUTS, FOLDER, SUMS, Ended, Saved, continued, save, sums

JOURNALS = sorted(FOLDER.glob("*/*.jsonl"))
RENAMED = "0.2.0 calls some of its steps otherwise, so that the version that began it has to end it"
REFUSED: dict[str, str] = dict.fromkeys(
    (
        "0.1.0/failover-after-door-to-south.jsonl",
        "0.1.0/failover-after-lift-at-south.jsonl",
        "0.1.0/failover-before-lift-at-south.jsonl",
        "0.1.0/rollback-after-door-to-north.jsonl",
        "0.1.0/rollback-after-lift-at-north.jsonl",
        "0.1.0/switchover-after-door-to-None.jsonl",
        "0.1.0/switchover-after-door-to-south.jsonl",
        "0.1.0/switchover-after-lift-at-south.jsonl",
        "0.1.0/switchover-after-restart-link-to-north.jsonl",
        "0.1.0/switchover-after-stop-link-to-south.jsonl",
        "0.1.0/switchover-before-commit-dispatch-at-south.jsonl",
        "0.1.0/switchover-before-deny-at-north-2.jsonl",
        "0.1.0/switchover-before-journal-ends-run-as-done.jsonl",
        "0.1.0/switchover-before-lift-at-south.jsonl",
    ),
    RENAMED,
)
"""Journals of earlier versions that today's code refuses, each with why: by folder and file."""


def _name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


@pytest.fixture(params=JOURNALS, ids=_name)
def journal(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def _require_well(saved: Saved, ended: Ended) -> None:
    """The site that the run's end means serves, and nothing is lost where nothing may be."""
    assert ended.both_open == []
    served = "north" if ended.word == RunState.ROLLED_BACK else "south"
    if saved.cut.situation == "failover":
        assert ended.earth.routing.site() == served
        return
    ended.earth.settle()
    require_served_by(ended.earth, served)
    require_nothing_lost_or_repeated(ended.earth, served)


def test_todays_code_continues_it_or_refuses_it_with_a_remedy(journal: Path) -> None:
    saved = Saved.read(journal)
    ended = continued(saved)
    if _name(journal) in REFUSED:
        assert ended.word == "refused"
        assert ended.error is not None
        assert ended.error.remedy
        assert ended.both_open == []
    else:
        assert ended.word == saved.ended
        _require_well(saved, ended)


def test_it_is_whole_as_its_version_wrote_it(journal: Path) -> None:
    saved = Saved.read(journal)
    assert require_whole(journal.name, saved.lines) == saved.lines[-1]
    assert saved.version == journal.parent.name


def test_none_that_was_saved_is_changed_or_gone() -> None:
    found = {_name(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in JOURNALS}
    assert found == sums(SUMS.read_text(encoding="utf-8")), "new ones: python -m tests.spec.saved"


def test_every_cut_of_this_version_is_saved() -> None:
    assert {path.name for path in (FOLDER / __version__).glob("*.jsonl")} == {cut.file for cut in CUTS}
    assert {Saved.read(path).ended for path in JOURNALS} >= {RunState.DONE.value, RunState.ROLLED_BACK.value}


def test_one_that_is_there_is_never_written_again(tmp_path: Path) -> None:
    saved = save(CUTS[0])
    path = tmp_path / "new" / saved.cut.file
    saved.write(path)
    assert Saved.read(path) == saved
    with pytest.raises(FileExistsError):
        saved.write(path)


def _require_refused(earth: FakeWorld) -> None:
    world = earth.new_process()
    before = list(earth.effects.names)
    with pytest.raises(Unsupported) as refused:
        go_on(world)
    assert refused.value.remedy
    assert [
        name for name in earth.effects.names[len(before) :] if not name.startswith("journal says run-resumed")
    ] == [], "nothing was changed"


def test_a_journal_of_a_kind_that_is_not_known_is_refused() -> None:
    saved = Saved.read(FOLDER / __version__ / CUTS[0].file)
    before, lines = GENESIS, list[Line]()
    for line in saved.lines:
        newer = line.content.replace('"switchover"', '"teleport"') if line.change is Change.RUN_BEGUN else line.content
        lines.append(chained(before, replace(line, content=newer)))
        before = lines[-1].digest
    earth = continued(saved).earth
    earth.journal.set_back(0)
    earth.journal.complete(tuple(lines))
    _require_refused(earth)


@pytest.mark.parametrize("step", sorted(FORMER_STEPS))
def test_a_journal_with_a_step_that_is_called_otherwise_by_now_is_refused(step: str) -> None:
    earth = fake_world()
    earth.effects.cut_off(3, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    run, _ = earth.journal.runs()[0]
    earth.journal.append(run.id, Event.STEP_FOUND_DONE, step)
    _require_refused(earth)
